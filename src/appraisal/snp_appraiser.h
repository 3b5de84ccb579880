// The whole of an SEV-SNP report's verification: AMD 56860 (the report), 57230 (its keys' certificates).
#pragma once

#include "appraisal/appraise.h"
#include "appraisal/policy_match.h"
#include "appraisal/snp_store.h"

namespace brume::appraisal {

class SnpAppraiser {
 public:
  void add_endorsements(const evidence::SnpEndorsements& endorsements) { store_.add(endorsements); }
  void clear_endorsements() { store_.clear(); }

  // `evidence_bytes`: one report, and zeros at most. Fills facts, what is known of them, and refusals of every rule but
  // the policy's. known.tee is left false where nothing the report says can be believed. known.tcb stays false: the
  // policy's minima speak of each component, not of a status.
  void examine(ByteView evidence_bytes, const Policy& policy, const Expected& expected, Findings& findings,
               KnownFacts& known);

 private:
  SnpStore store_;
};

}  // namespace brume::appraisal
