// How refusals name what a policy allows.
#pragma once

#include <algorithm>

#include "appraisal/refusal.h"

namespace brume::appraisal {

inline constexpr std::string_view kFixPolicy = "add it to the policy if you trust it, else rebuild or replace the peer";
inline constexpr std::size_t kNamedLimit = 3;

// "a, b, c and 4 more"
template <typename List, typename Name>
std::string listed(const List& list, Name name) {
  std::string out;
  for (std::size_t i = 0; i < list.size() && i < kNamedLimit; ++i) {
    if (i > 0) out += ", ";
    out += name(list[i]);
  }
  if (list.size() > kNamedLimit) out += " and " + std::to_string(list.size() - kNamedLimit) + " more";
  return out.empty() ? "none" : out;
}

template <typename Digest>
void check_digest(Refusals& refusals, std::string_view rule, const std::vector<Digest>& allowed, bool any,
                  const Digest& got, std::string_view fix) {
  if (any || std::ranges::find(allowed, got) != allowed.end()) return;
  refuse(refusals, rule, listed(allowed, [](const Digest& digest) { return digest.hex(); }), got.hex(), fix);
}

}  // namespace brume::appraisal
