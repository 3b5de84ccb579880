// `brume evidence show`: what a file says, verified by nobody.
#pragma once

#include <nlohmann/json.hpp>

#include "evidence/assemble.h"

namespace brume::cli {

// Kind, wrappings and fields. Errors: what was recognised does not parse, or nothing was recognised.
Result<nlohmann::ordered_json> show_evidence(const evidence::NamedFile& file);

// JSON as indented lines "name  value", for people. Letters beyond ASCII and control characters become '?', so that
// a file cannot speak to the terminal.
std::string as_lines(const nlohmann::ordered_json& json);

}  // namespace brume::cli
