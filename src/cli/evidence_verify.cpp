#include "cli/evidence_verify.h"

#include <algorithm>
#include <filesystem>

#include "cli/evidence_policy.h"
#include "cli/evidence_task.h"
#include "evidence/bundle.h"
#include "evidence/cmw.h"
#include "evidence/hcl_report.h"
#include "evidence/none.h"
#include "evidence/quote.h"

namespace brume::cli {
namespace {

using appraisal::Findings;
using appraisal::Tee;
using evidence::FileKind;

constexpr std::string_view kFixCollateral = "fetch the collateral again, or take the file out of the folder";

Result<evidence::Folder> read_bundle(const std::string& path) {
  BRUME_ASSIGN(const auto file, read_evidence_file(path));
  if (file.what.kind != FileKind::kCollateralBundle) {
    return malformed(path + ": neither a folder nor a bundle of collateral");
  }
  BRUME_ASSIGN(const auto bundle, evidence::parse_bundle(as_chars(file.what.content)));
  evidence::Folder out;
  out.dcap = evidence::collateral_of(bundle);
  for (const evidence::Part& part : bundle.parts) {
    if (part.kind == evidence::PartKind::kSnpCertificates) out.snp.certificates.push_back(part.data);
    if (part.kind == evidence::PartKind::kSnpCrl) out.snp.crls.push_back(part.data);
    if (part.kind == evidence::PartKind::kTpmCertificates) out.tpm.certificates.push_back(part.data);
    if (part.kind == evidence::PartKind::kTpmCrl) out.tpm_crls.push_back(part.data);
  }
  out.uses.push_back({file.name, file.what.kind, "collateral"});
  return out;
}

Result<evidence::Folder> read_endorsements(const std::string& path, UnixMs at_ms) {
  if (path.empty()) return evidence::Folder{};
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return read_bundle(path);
  BRUME_ASSIGN(const auto files, read_evidence_folder(path));
  return evidence::assemble(files, at_ms);
}

Result<Binding> read_binding(const VerifyOptions& options) {
  Binding out;
  if (!options.nonce.empty()) {
    BRUME_ASSIGN(out.nonce, parse_hex_option("--nonce", options.nonce, ReportData::kSize));
  }
  if (!options.report_data.empty()) {
    BRUME_ASSIGN(out.report_data, parse_hex_option("--report-data", options.report_data, ReportData::kSize));
  }
  return out;
}

// Shorter ones are filled with zeros, as quoting libraries do.
void check_binding(const Binding& binding, ByteView got, Findings& findings) {
  auto refuse = [&](std::string_view rule, const Bytes& expected) {
    appraisal::refuse(findings.refusals, rule, to_hex(expected), to_hex(got),
                      "ask for evidence that binds it; this one was made for something else");
  };
  if (!binding.report_data.empty()) {
    Bytes expected = binding.report_data;
    expected.resize(ReportData::kSize);
    if (!equal_constant_time(expected, got)) refuse("evidence.report-data", expected);
  }
  const std::size_t size = binding.nonce.size();
  if (size != 0 && (size > got.size() || !equal_constant_time(binding.nonce, got.first(size)))) {
    refuse("evidence.nonce", binding.nonce);
  }
}

// What the evidence binds is what the appraisal is told to expect, and is then held against the command line.
void verify_bound(const VerifyTask& task, Tee tee, std::string_view type, ByteView value, const ReportData* bound,
                  Verification& out) {
  appraisal::Verifier verifier = task.verifier();
  appraisal::Expected expected;
  if (bound != nullptr) expected.report_data = *bound;
  expected.now_ms = out.now_ms;
  expected.challenged_ms = out.challenged_ms;
  expected.role = kVerifyRole;
  out.findings = verifier.examine(evidence::encode_cmw(type, value), task.policy_for(tee), expected);
  if (bound == nullptr) return;
  out.report_data_unverified = to_bytes(bound->view());
  check_binding(task.binding, bound->view(), out.findings);
}

void verify_quote(const VerifyTask& task, Verification& out) {
  const Bytes& bytes = out.evidence.what.content;
  const auto quote = evidence::parse_quote(bytes);
  const bool tdx = quote && quote->header.tee_type == evidence::TeeType::kTdx;
  verify_bound(task, tdx ? Tee::kTdx : Tee::kSgx, tdx ? evidence::kTypeTdxQuote : evidence::kTypeSgxQuote, bytes,
               quote ? &quote->report_data() : nullptr, out);
}

void verify_snp_report(const VerifyTask& task, ByteView bytes, Verification& out) {
  const auto report = evidence::parse_snp_report(bytes);
  verify_bound(task, Tee::kSevSnp, evidence::kTypeSnpReport, bytes, report ? &report->report_data : nullptr, out);
}

// Drivers' buffers are longer than a report.
void verify_padded_report(const VerifyTask& task, Verification& out) {
  const ByteView bytes = out.evidence.what.content;
  verify_snp_report(task, bytes.first(evidence::kSnpReportSize), out);
  out.findings.padding_size = bytes.size() - evidence::kSnpReportSize;
}

// The hardware report in it, and that it binds what stands beside it.
void verify_hcl_report(const VerifyTask& task, Verification& out) {
  auto& refusals = out.findings.refusals;
  const auto hcl = evidence::parse_hcl_report(out.evidence.what.content);
  if (!hcl) {
    appraisal::refuse(refusals, "evidence.format", "an HCL report", hcl.error().what, "read it from the vTPM again");
    return;
  }
  if (hcl->type != evidence::HclReportType::kSnp) {
    appraisal::refuse(refusals, "evidence.kind", "an SEV-SNP report in it",
                      "a TDX report, which only its own processor can check",
                      "verify the TDX quote that was made of it");
    return;
  }
  verify_snp_report(task, hcl->hardware_report, out);
  out.findings.padding_size = hcl->padding_size;
  const auto bound = ReportData::from(out.report_data_unverified);
  if (bound && !hcl->bound_by(*bound)) {
    appraisal::refuse(refusals, "tpm.hcl.binding", "report data that are the hash of the runtime data", bound->hex(),
                      "read the report from the vTPM again");
  }
}

// A record of this project whose value has no form of its own.
void verify_record(const VerifyTask& task, Verification& out) {
  const auto& what = out.evidence.what;
  if (what.cmw_type == evidence::kTypeTpmQuote) return verify_tpm_record(task, out);
  const auto claims = evidence::parse_none_evidence(what.content);
  const bool claimed = what.cmw_type == evidence::kTypeNone && claims;
  verify_bound(task, Tee::kNone, what.cmw_type, what.content, claimed ? &claims->report_data : nullptr, out);
}

// Well-formed as it may be: it vouches for evidence, and is none.
void refuse_kind(Verification& out) {
  const FileKind kind = out.evidence.what.kind;
  const bool unknown = kind == FileKind::kUnknown;
  appraisal::refuse(
      out.findings.refusals, unknown ? "evidence.format" : "evidence.kind",
      "a quote, a report, a TPM attestation or an event log", std::string(evidence::file_kind_name(kind)),
      unknown ? "name a file of evidence" : "name the file of evidence; what vouches for it belongs into --collateral");
}

void verify_kind(const VerifyTask& task, Verification& out) {
  switch (out.evidence.what.kind) {
    case FileKind::kDcapQuote:
      return verify_quote(task, out);
    case FileKind::kSnpReport:
      return verify_padded_report(task, out);
    case FileKind::kHclReport:
      return verify_hcl_report(task, out);
    case FileKind::kTpmAttest:
      return verify_tpm_quote(task, out);
    case FileKind::kEventLog:
      return verify_event_log(task, out);
    case FileKind::kImaBinary:
    case FileKind::kImaText:
      return verify_ima_list(task, out);
    case FileKind::kTypedRecord:
      return verify_record(task, out);
    default:
      return refuse_kind(out);
  }
}

// Rules that say that the evidence itself, not what vouches for it, has no right form.
bool is_malformed(FileKind kind, std::string_view rule) {
  if (rule == "log.format") return kind == FileKind::kEventLog;
  if (rule == "ima.format") return kind == FileKind::kImaBinary || kind == FileKind::kImaText;
  constexpr std::string_view kRules[] = {"evidence.format",  "evidence.type", "sgx.quote.format", "snp.report.format",
                                         "tpm.quote.format", "tpm.format",    "none.format"};
  return std::ranges::find(kRules, rule) != std::end(kRules);
}

void add_problems(Verification& out, const evidence::Folder& folder) {
  for (const evidence::FileProblem& problem : folder.problems) {
    appraisal::refuse(out.findings.refusals, problem.rule, "files that hold what they are meant to hold",
                      problem.file + ": " + problem.what, kFixCollateral);
  }
}

struct Setting {
  Binding binding;
  std::optional<appraisal::Policy> policy;
  std::vector<SpkiHash> roots;
};

Result<Setting> read_setting(const VerifyOptions& options, Verification& out) {
  Setting setting;
  if (!options.at.empty()) {
    BRUME_ASSIGN(out.now_ms, parse_moment("--at", options.at));
  }
  if (!options.challenged.empty()) {
    BRUME_ASSIGN(out.challenged_ms, parse_moment("--challenged", options.challenged));
  }
  BRUME_ASSIGN(setting.binding, read_binding(options));
  if (!options.policy.empty()) {
    BRUME_ASSIGN(setting.policy, read_policy_file(options.policy));
    out.policy_hash = setting.policy->hash;
  }
  if (!options.root.empty()) {
    BRUME_ASSIGN(setting.roots, read_roots(options.root));
  }
  return setting;
}

}  // namespace

appraisal::Policy VerifyTask::policy_for(Tee tee) const {
  appraisal::Policy out = policy == nullptr ? genuine_policy(tee) : *policy;
  if (!roots.empty()) trust_roots(out, roots, policy == nullptr);
  return out;
}

appraisal::Verifier VerifyTask::verifier() const {
  appraisal::Verifier out;
  for (const evidence::Collateral& collateral : folder.dcap) out.add_collateral(collateral);
  out.add_snp_endorsements(folder.snp);
  out.add_tpm_endorsements({folder.tpm.certificates, folder.tpm_crls});
  return out;
}

Result<Verification> verify_evidence(const VerifyOptions& options, const Clock& clock) {
  Verification out;
  out.now_ms = clock.now_ms();
  BRUME_ASSIGN(const Setting setting, read_setting(options, out));
  BRUME_ASSIGN(out.evidence, read_evidence_file(options.file));
  BRUME_ASSIGN(const evidence::Folder folder, read_endorsements(options.collateral, out.now_ms));
  out.files = folder.uses;
  const VerifyTask task{folder, setting.binding, setting.policy ? &*setting.policy : nullptr, setting.roots};
  verify_kind(task, out);
  add_problems(out, folder);
  out.ear = appraisal::make_ear(out.findings, task.policy_for(out.findings.facts_unverified.tee));
  out.malformed = std::ranges::any_of(out.findings.refusals, [&](const appraisal::Refusal& refusal) {
    return is_malformed(out.evidence.what.kind, refusal.rule);
  });
  return out;
}

}  // namespace brume::cli
