#include "appraisal/policy.h"

#include <algorithm>

namespace brume::appraisal {

bool Policy::names_root(Tee tee, const SpkiHash& root) const {
  return std::ranges::any_of(allow, [&](const AllowEntry& entry) {
    return entry.tee == tee && std::ranges::find(entry.roots, root) != entry.roots.end();
  });
}

std::vector<SpkiHash> built_in_roots(Tee tee) {
  switch (tee) {
    case Tee::kSgx:
    case Tee::kTdx:
      return {kIntelSgxRoot};
    case Tee::kSevSnp:
      return amd_roots();
    default:
      return {};
  }
}

}  // namespace brume::appraisal
