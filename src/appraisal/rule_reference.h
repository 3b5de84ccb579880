// Where each rule stands: the document and section that an appraisal follows.
#pragma once

#include <string_view>

namespace brume::appraisal {

struct RuleReference {
  std::string_view rule;    // or what rules begin with, ending in '.'
  std::string_view source;  // document and section
};

// The longest entry that is the rule or its beginning; nullptr for a rule that nobody has.
const RuleReference* find_reference(std::string_view rule);

}  // namespace brume::appraisal
