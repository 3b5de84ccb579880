// TPM quotes with all that belongs to them, and logs on their own.
#include "cli/evidence_policy.h"
#include "cli/evidence_task.h"
#include "crypto/text.h"
#include "evidence/cmw.h"
#include "evidence/hcl_report.h"
#include "evidence/quote.h"

namespace brume::cli {
namespace {

using appraisal::Tee;

constexpr std::string_view kFixHcl = "read report, quote and key from the same vTPM again";

// JWK (RFC 7517; RFC 7518, section 6.3.1): base64url without padding.
std::optional<Bytes> base64url(const nlohmann::ordered_json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  std::string text = *found;
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  auto bytes = crypto::from_base64_unpadded(text);
  if (!bytes) return std::nullopt;
  return *std::move(bytes);
}

// The key with id "HCLAkPub" of the runtime data.
std::optional<crypto::PublicKey> hcl_key(const evidence::HclReport& hcl) {
  const nlohmann::ordered_json json = parse_shallow_json(hcl.runtime_data);
  if (!json.is_object()) return std::nullopt;
  const auto keys = json.find("keys");
  if (keys == json.end() || !keys->is_array()) return std::nullopt;
  for (const auto& key : *keys) {
    if (!key.is_object() || !key.contains("kid") || key["kid"] != "HCLAkPub") continue;
    const auto modulus = base64url(key, "n");
    const auto exponent = base64url(key, "e");
    if (!modulus || !exponent || exponent->size() > 4) return std::nullopt;
    std::uint32_t e = 0;
    for (const std::uint8_t byte : *exponent) e = e << 8 | byte;
    auto out = crypto::PublicKey::from_rsa(*modulus, e);
    if (!out) return std::nullopt;
    return *std::move(out);
  }
  return std::nullopt;
}

// A TDREPORT's MAC can be checked on its own processor only (Intel TDX Module ABI, TDREPORT_STRUCT: report data at
// 128): what vouches for it is the quote that was made of it.
void check_hcl_td_report(const VerifyTask& task, const evidence::HclReport& hcl, appraisal::Refusals& refusals) {
  const auto report_data = ReportData::from(ByteView(hcl.hardware_report).subspan(128, ReportData::kSize)).value();
  if (!hcl.bound_by(report_data)) {
    appraisal::refuse(refusals, "tpm.hcl.binding", "report data that are the hash of the runtime data",
                      report_data.hex(), kFixHcl);
  }
  for (const Bytes& bytes : task.folder.quotes) {
    const auto quote = evidence::parse_quote(bytes);
    if (quote && quote->report_data() == report_data) continue;
    appraisal::refuse(refusals, "tpm.hcl.quote", "a quote of the TD report", "a quote with other report data", kFixHcl);
  }
}

// Signed by a certificate of the folder that is of a VCEK or VLEK. Its chain is another matter: verify the report
// itself.
void check_hcl_report(const VerifyTask& task, const evidence::HclReport& hcl, appraisal::Refusals& refusals) {
  if (hcl.type != evidence::HclReportType::kSnp) return check_hcl_td_report(task, hcl, refusals);
  const auto report = evidence::parse_snp_report(hcl.hardware_report);
  if (!report) {
    appraisal::refuse(refusals, "tpm.hcl.format", "an SEV-SNP report", report.error().what, kFixHcl);
    return;
  }
  if (!hcl.bound_by(report->report_data)) {
    appraisal::refuse(refusals, "tpm.hcl.binding", "report data that are the hash of the runtime data",
                      report->report_data.hex(), kFixHcl);
  }
  if (task.folder.snp.certificates.empty()) return;
  for (const std::string& text : task.folder.snp.certificates) {
    const auto certificates = evidence::load_snp_certificates(text);
    if (!certificates) continue;
    for (const auto& certificate : *certificates) {
      const auto key = certificate.subject_key();
      if (key && key->kind() == crypto::KeyKind::kP384 &&
          key->verify_ecdsa(crypto::HashAlgorithm::kSha384, evidence::snp_signed_part(hcl.hardware_report),
                            report->signature_r, report->signature_s)) {
        return;
      }
    }
  }
  appraisal::refuse(refusals, "tpm.hcl.signature", "a report signed by the VCEK or VLEK beside it",
                    "signature does not verify", kFixHcl);
}

// PCR values beside the log; of a CCEL the RTMRs of a TDX quote.
evidence::PcrValues values_for(const VerifyTask& task, evidence::EventLogKind kind) {
  evidence::PcrValues values = task.folder.tpm.pcrs;
  if (kind != evidence::EventLogKind::kCcel) return values;
  for (const Bytes& bytes : task.folder.quotes) {
    const auto quote = evidence::parse_quote(bytes);
    if (!quote || quote->td_report() == nullptr) continue;
    for (evidence::PcrValue& value : appraisal::rtmr_values(quote->td_report()->rtmr)) {
      if (evidence::find_pcr(values, value.bank, value.index) == nullptr) values.push_back(std::move(value));
    }
  }
  return values;
}

Bytes quote_data(const Result<evidence::TpmAttest>& quote) { return quote ? quote->extra_data : Bytes{}; }

// The extra data that the command line asks for, under either name; else what they are.
appraisal::Expected expect(const Binding& binding, const Bytes& bound, Verification& out) {
  out.report_data_unverified = bound;
  appraisal::Expected expected;
  expected.now_ms = out.now_ms;
  expected.challenged_ms = out.challenged_ms;
  expected.role = kVerifyRole;
  const Bytes& asked = binding.nonce.empty() ? binding.report_data : binding.nonce;
  expected.nonce = asked.empty() ? bound : asked;
  return expected;
}

void check_both_asked(const Binding& binding, appraisal::Findings& findings) {
  if (binding.nonce.empty() || binding.report_data.empty() || binding.nonce == binding.report_data) return;
  appraisal::refuse(findings.refusals, "evidence.report-data", to_hex(binding.report_data),
                    "the extra data of a TPM, of which --nonce asks for something else",
                    "a TPM signs one value: give --nonce or --report-data");
}

}  // namespace

void check_hcl_binding(const VerifyTask& task, Verification& out) {
  if (task.folder.hcl_report.empty()) return;
  auto& refusals = out.findings.refusals;
  const auto hcl = evidence::parse_hcl_report(task.folder.hcl_report);
  if (!hcl) {
    appraisal::refuse(refusals, "tpm.hcl.format", "an HCL report", hcl.error().what, kFixHcl);
    return;
  }
  check_hcl_report(task, *hcl, refusals);
  const auto key = hcl_key(*hcl);
  const auto& facts = out.findings.facts_unverified.tpm;
  if (!key || !facts || key->spki_hash() != facts->ak) {
    appraisal::refuse(refusals, "tpm.hcl.ak", "the attestation key that the HCL report names",
                      key ? "another key" : "a report that names none", kFixHcl);
  }
}

void verify_tpm_quote(const VerifyTask& task, Verification& out) {
  evidence::TpmEvidence evidence = task.folder.tpm;
  evidence.attest = out.evidence.what.content;
  const auto quote = evidence::parse_tpm_attest(evidence.attest);
  out.findings =
      task.verifier().examine_tpm(evidence, task.policy_for(Tee::kTpm), expect(task.binding, quote_data(quote), out));
  check_both_asked(task.binding, out.findings);
  if (quote) check_hcl_binding(task, out);
}

void verify_tpm_record(const VerifyTask& task, Verification& out) {
  const auto& what = out.evidence.what;
  const auto parsed = evidence::parse_tpm_evidence(what.content);
  const Bytes bound = parsed ? quote_data(evidence::parse_tpm_attest(parsed->attest)) : Bytes{};
  out.findings = task.verifier().examine(evidence::encode_cmw(what.cmw_type, what.content), task.policy_for(Tee::kTpm),
                                         expect(task.binding, bound, out));
  check_both_asked(task.binding, out.findings);
}

void verify_event_log(const VerifyTask& task, Verification& out) {
  const Bytes& bytes = out.evidence.what.content;
  const auto log = evidence::parse_event_log(bytes);
  const auto kind = log ? appraisal::event_log_kind(*log) : evidence::EventLogKind::kTpm;
  out.findings.facts_unverified.tee = kind == evidence::EventLogKind::kCcel ? Tee::kTdx : Tee::kTpm;
  out.log = appraisal::check_event_log(out.findings.refusals, bytes, kind, values_for(task, kind));
  out.findings.padding_size = out.log->padding_size;
  out.findings.facts_unverified.debug = out.log->boot.debug_mode;
  if (out.findings.facts_unverified.debug) {
    appraisal::refuse(out.findings.refusals, "policy.debug", "firmware without debug mode", "UEFI debug mode is on",
                      "start the machine without it");
  }
}

// Registers of an event log beside it are those of the same boot: its first entry speaks of them.
void verify_ima_list(const VerifyTask& task, Verification& out) {
  out.findings.facts_unverified.tee = Tee::kTpm;
  evidence::PcrValues values = task.folder.tpm.pcrs;
  const bool given =
      std::ranges::any_of(values, [](const evidence::PcrValue& value) { return value.index == evidence::kImaPcr; });
  for (evidence::PcrValue& value : appraisal::replayed_values(task.folder.tpm.event_log)) {
    const bool known = evidence::find_pcr(values, value.bank, value.index) != nullptr;
    if (!known && value.index != evidence::kImaPcr) values.push_back(std::move(value));
  }
  out.ima = appraisal::check_ima_log(out.findings.refusals, out.evidence.what.content, values);
  if (given || !out.ima->readable) return;
  appraisal::refuse(out.findings.refusals, "ima.values.missing", "a value of PCR 10 beside the list", "none",
                    "lay the PCR values of a quote beside it");
}

}  // namespace brume::cli
