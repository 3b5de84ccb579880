#include "cli/evidence_policy.h"

#include "cli/evidence_input.h"
#include "evidence/assemble.h"
#include "files/input_file.h"

namespace brume::cli {

appraisal::Policy genuine_policy(appraisal::Tee tee) {
  if (tee == appraisal::Tee::kNone) return {};  // claims, which nothing vouches for
  appraisal::AllowEntry entry;
  entry.tee = tee;
  entry.any_measurement = entry.any_image = entry.any_signer = true;
  entry.roots = appraisal::built_in_roots(tee);
  entry.tcb_statuses = {evidence::TcbStatus::kUpToDate};
  entry.roles = {kVerifyRole};
  entry.tdx = appraisal::genuine_tdx();
  // A TPM has no vendor's root: whoever lays the attestation key beside the quote vouches for it, as for a root.
  entry.tpm.any_ak = true;
  entry.tpm.sha1_allowed = true;
  appraisal::Policy policy;
  policy.allow.push_back(std::move(entry));
  return policy;
}

Result<appraisal::Policy> read_policy_file(const std::string& path) {
  BRUME_ASSIGN(const std::string text, files::read_small_file(path, appraisal::kPolicySizeLimit));
  auto policy = appraisal::parse_policy(text);
  if (!policy) return within(path, policy.error());
  for (appraisal::AllowEntry& entry : policy->allow) entry.roles = {kVerifyRole};
  return policy;
}

Result<std::vector<SpkiHash>> read_roots(const std::string& path) {
  BRUME_ASSIGN(const evidence::NamedFile file, read_evidence_file(path));
  auto certificates = evidence::load_certificates(file.what);
  if (!certificates) return within(path, certificates.error());
  std::vector<SpkiHash> roots;
  for (const auto& certificate : *certificates) {
    auto key = certificate.subject_key();
    if (!key) return within(path, key.error());
    const bool self_issued = certificate.subject_der() == certificate.issuer_der();
    if (self_issued && !certificate.signed_by(*key)) return malformed(path + ": its own signature does not verify");
    if (self_issued || certificates->size() == 1) roots.push_back(key->spki_hash());
  }
  if (roots.empty()) return malformed(path + ": no self-signed certificate");
  return roots;
}

void trust_roots(appraisal::Policy& policy, const std::vector<SpkiHash>& roots, bool instead) {
  for (appraisal::AllowEntry& entry : policy.allow) {
    if (instead) entry.roots.clear();
    entry.roots.insert(entry.roots.end(), roots.begin(), roots.end());
  }
}

}  // namespace brume::cli
