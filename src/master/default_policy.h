// The policy that `brume up` writes where none is given: exactly this image, this signer, this
// simulated root, nothing else.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"

namespace brume::master {

struct DefaultPolicy {
  bool simulated = true;  // false: tee none, protects nothing, for measurements only
  Measurement measurement;
  ImageDigest image;
  SignerId signer;
  std::uint16_t min_isv_svn = 0;
  SpkiHash root;
  std::uint64_t epoch = 1;
};

// TOML, with comments for the person who will edit it.
std::string default_policy_toml(const DefaultPolicy& policy);

}  // namespace brume::master
