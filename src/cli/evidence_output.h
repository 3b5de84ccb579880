// A verification in JSON and for people (docs/formats/evidence-verify.md).
#pragma once

#include <nlohmann/json.hpp>

#include "cli/evidence_verify.h"

namespace brume::cli {

nlohmann::ordered_json to_json(const Verification& verification);
std::string to_text(const Verification& verification);

}  // namespace brume::cli
