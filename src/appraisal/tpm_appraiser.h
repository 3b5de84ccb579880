// TPM 2.0 quotes: what must hold whatever the policy, and the facts for the rules of a policy.
#pragma once

#include <deque>

#include "appraisal/appraise.h"
#include "appraisal/policy_match.h"

namespace brume::appraisal {

class TpmAppraiser {
 public:
  void add_endorsements(const TpmEndorsements& endorsements);
  void add_activation(const SpkiHash& ek, ByteView ak_name);
  void clear();

  // Adds to findings.refusals, and sets facts and `known`.
  void examine(const evidence::TpmEvidence& evidence, const Policy& policy, const Expected& expected,
               Findings& findings, KnownFacts& known) const;

 private:
  struct Activation {
    SpkiHash ek;
    Bytes ak_name;
  };
  void check_trust(const evidence::TpmEvidence& evidence, const Policy& policy, UnixMs now_ms, PeerFacts& facts) const;

  TpmStore store_;
  Refusals unreadable_;  // of endorsements: counts where a chain is asked for
  std::deque<Activation> activations_;
};

}  // namespace brume::appraisal
