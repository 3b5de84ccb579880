// An appraisal's "no": an expected answer, not an error. One Refusal for each rule that failed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brume::appraisal {

// rule: stable kebab-case id (docs/formats/policy.md lists them). expected and got: for people and
// logs; digests as hex, never raw bytes of the peer. fix: what whoever may can do about it.
struct Refusal {
  std::string rule;
  std::string expected;
  std::string got;
  std::string fix;
};

using Refusals = std::vector<Refusal>;

inline void refuse(Refusals& refusals, std::string_view rule, std::string expected, std::string got,
                   std::string_view fix) {
  refusals.push_back({std::string(rule), std::move(expected), std::move(got), std::string(fix)});
}

}  // namespace brume::appraisal
