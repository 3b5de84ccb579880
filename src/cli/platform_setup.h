// The simulated platform of this host as the tool sets it up: keys, collateral, daemon. All below
// $BRUME_HOME/platform; the root's key is the owner's, hosts of others get platform keys only.
#pragma once

#include "base/ids.h"
#include "master/home.h"

namespace brume::cli {

struct PlatformFiles {
  std::filesystem::path folder;
  std::filesystem::path root() const { return folder / "sim-root.json"; }  // private keys of the simulator's PKI, 0600
  std::filesystem::path keys() const { return folder / "platform-keys.json"; }  // of this host's platform, 0600
  std::filesystem::path collateral() const { return folder / "collateral.json"; }
  std::filesystem::path log() const { return folder / "platform.log"; }
  std::filesystem::path control() const { return folder / "control.sock"; }
};
PlatformFiles platform_files(const master::Home& home);

// Makes root and platform keys where they are missing, and signs the collateral afresh (it is valid
// for thirty days). Gives what a policy names: SHA-256 of the root's SubjectPublicKeyInfo.
Result<SpkiHash> init_platform(const master::Home& home);

// Starts `brume platform run` in the background where none listens yet; true where it did. Calls
// init_platform first where keys are missing. Errors say what its log says last.
Result<bool> ensure_platform_runs(const master::Home& home);

}  // namespace brume::cli
