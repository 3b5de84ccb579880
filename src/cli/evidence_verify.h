// The work of `brume evidence verify`: from files to findings.
#pragma once

#include <optional>

#include "appraisal/ear.h"
#include "cli/evidence_input.h"

namespace brume::cli {

struct VerifyOptions {
  std::string file;
  std::string collateral;  // folder or bundle; empty: none
  std::string policy;      // file; empty: genuine, not debug, UpToDate
  std::string at;          // empty: now
  std::string challenged;  // when the nonce was drawn; empty: unknown
  std::string nonce;
  std::string report_data;
  std::string root;
  bool json = false;
};

// What came out, for JSON and for people.
struct Verification {
  evidence::NamedFile evidence;
  std::vector<evidence::FileUse> files;
  appraisal::Findings findings;
  Bytes report_data_unverified;  // of a TPM: the nonce it signed
  UnixMs now_ms = 0;
  std::optional<UnixMs> challenged_ms;
  // Of a log that was verified alone.
  std::optional<appraisal::EventLogFindings> log;
  std::optional<appraisal::ImaFindings> ima;
  std::optional<Sha256Digest> policy_hash;  // nothing: the default policy
  appraisal::Ear ear;
  bool malformed = false;  // the evidence itself does not parse
  bool accepted() const { return findings.refusals.empty(); }
};

// Errors: kUsage for what the command line says, others for what cannot be read. What was read and does not hold
// is no error but a refusal in the findings.
Result<Verification> verify_evidence(const VerifyOptions& options, const Clock& clock);

}  // namespace brume::cli
