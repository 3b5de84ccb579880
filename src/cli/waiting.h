// Waits until named nodes were admitted or refused.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "master/home.h"

namespace brume::cli {

struct Verdicts {
  std::size_t admitted = 0;
  std::size_t refused = 0;                         // by the policy
  std::size_t gone = 0;                            // ended without a verdict, or after it
  nlohmann::json nodes = nlohmann::json::array();  // the latest record of each name
};

// Comes back when each name has a verdict, or when time is over.
Result<Verdicts> wait_for_verdicts(const master::Home& home, const std::set<std::string>& names,
                                   std::chrono::seconds limit);

}  // namespace brume::cli
