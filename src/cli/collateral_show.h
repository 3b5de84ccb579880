// `brume collateral show` and `check`: what a bundle holds, and what it lacks, for people and for programs.
#pragma once

#include "collateral/inventory.h"

namespace brume::cli {

std::string show_text(const evidence::Bundle& bundle);
std::string show_json(const evidence::Bundle& bundle);
std::string check_text(const collateral::Checkup& checkup, UnixMs at_ms);
std::string check_json(const collateral::Checkup& checkup, UnixMs at_ms);

}  // namespace brume::cli
