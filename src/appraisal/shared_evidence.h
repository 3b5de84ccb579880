// For tests only: the collection of real evidence beside the source tree, where there is one.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "appraisal/appraise.h"

namespace brume::appraisal {

inline std::string read_shared(const std::string& path) {
  std::ifstream file(std::string(BRUME_SHARED_EVIDENCE) + "/" + path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

// Empty where the case has no such file.
inline std::string shared_part(const nlohmann::json& item, const char* name) {
  const nlohmann::json& files = item["files"];
  return files.contains(name) ? read_shared(files[name]) : std::string();
}

// Rule ids in the order of the refusals, separated by spaces.
inline std::string rules_of(const Findings& findings) {
  std::string out;
  for (const Refusal& refusal : findings.refusals) out += (out.empty() ? "" : " ") + refusal.rule;
  return out;
}

}  // namespace brume::appraisal
