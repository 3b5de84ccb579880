// Roots are few and their own signatures cost as much as others': those seen to hold are remembered, by the hash of
// all their bytes. That a root is trusted is never remembered: the policy says so each time.
#pragma once

#include <algorithm>
#include <array>

#include "crypto/hash.h"

namespace brume::appraisal {

// verify(), unless it has said yes for a certificate of this fingerprint before. Of the latest four, in each thread.
template <typename Verify>
bool self_signature_holds(const Sha256Digest& fingerprint, Verify verify) {
  static thread_local std::array<Sha256Digest, 4> seen{};
  static thread_local std::size_t next = 0;
  if (std::ranges::find(seen, fingerprint) != seen.end()) return true;
  if (!verify()) return false;
  seen[next++ % seen.size()] = fingerprint;
  return true;
}

}  // namespace brume::appraisal
