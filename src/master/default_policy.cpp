#include "master/default_policy.h"

namespace brume::master {

std::string default_policy_toml(const DefaultPolicy& policy) {
  std::string text =
      "# Who may join. Whatever this file does not name is refused.\n"
      "version = 1\n"
      "# Raise it after each change: uncommitted work is discarded, keys are renewed, and nodes that no\n"
      "# longer satisfy the policy are dropped.\n"
      "epoch = " +
      std::to_string(policy.epoch) + "\n\n[[allow]]\n";
  if (!policy.simulated)
    return text +
           "# Protects nothing: there to measure against.\n"
           "tee = \"none\"\nmeasurement = \"any\"\nimage = \"any\"\nsigner = \"any\"\n";
  return text + "tee = \"sgx-sim\"\n# The simulator's own root (SHA-256 of its SubjectPublicKeyInfo).\nroot = \"" +
         policy.root.hex() + "\"\n# From the image's reference-values.json.\nmeasurement = [\"" +
         policy.measurement.hex() + "\"]\nimage = [\"" + policy.image.hex() + "\"]\nsigner = [\"" +
         policy.signer.hex() + "\"]\nmin_isv_svn = " + std::to_string(policy.min_isv_svn) +
         "\ntcb_status = [\"UpToDate\"]\ndebug = false\n";
}

}  // namespace brume::master
