// Inside verify_evidence(): what every kind of evidence is verified with.
#pragma once

#include "cli/evidence_verify.h"

namespace brume::cli {

// What the command line expects the evidence to bind. Nothing is asked: what it binds.
struct Binding {
  Bytes nonce;
  Bytes report_data;
};

struct VerifyTask {
  const evidence::Folder& folder;
  const Binding& binding;
  const appraisal::Policy* policy;  // nullptr: the default one
  const std::vector<SpkiHash>& roots;

  appraisal::Policy policy_for(appraisal::Tee tee) const;
  // With everything that the folder holds.
  appraisal::Verifier verifier() const;
};

void verify_tpm_quote(const VerifyTask& task, Verification& out);
// The same of a record that holds quote, key, values and logs.
void verify_tpm_record(const VerifyTask& task, Verification& out);
void verify_event_log(const VerifyTask& task, Verification& out);
void verify_ima_list(const VerifyTask& task, Verification& out);

// Azure's wrapper beside a TPM quote: the hardware report binds runtime data, and there the attestation key stands.
// Adds tpm.hcl.* refusals.
void check_hcl_binding(const VerifyTask& task, Verification& out);

}  // namespace brume::cli
