// Prints who joined and who was refused, from the master's answer to "nodes".
#pragma once

#include <nlohmann/json.hpp>
#include <ostream>

namespace brume::cli {

void print_nodes(std::ostream& out, const nlohmann::json& nodes);
void print_refusals(std::ostream& out, const nlohmann::json& node);

}  // namespace brume::cli
