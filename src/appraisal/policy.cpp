#include "appraisal/policy.h"

namespace brume::appraisal {

std::optional<Tee> Policy::tee_of_root(const SpkiHash& root) const {
  for (const AllowEntry& entry : allow) {
    if (entry.tee != Tee::kNone && entry.root == root) return entry.tee;
  }
  return std::nullopt;
}

}  // namespace brume::appraisal
