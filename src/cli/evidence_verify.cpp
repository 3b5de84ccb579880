#include "cli/evidence_verify.h"

#include <algorithm>
#include <filesystem>

#include "cli/evidence_policy.h"
#include "evidence/bundle.h"
#include "evidence/cmw.h"
#include "evidence/quote.h"

namespace brume::cli {
namespace {

using appraisal::Findings;
using appraisal::Tee;
using evidence::FileKind;

// Rules that say that the evidence itself, not what vouches for it, has no right form.
constexpr std::string_view kMalformedRules[] = {"evidence.format", "evidence.type", "sgx.quote.format",
                                                "snp.report.format"};

constexpr std::string_view kFixCollateral = "fetch the collateral again, or take the file out of the folder";

struct Endorsements {
  evidence::Folder folder;
};

Result<Endorsements> read_endorsements(const std::string& path) {
  Endorsements out;
  if (path.empty()) return out;
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    BRUME_ASSIGN(const auto files, read_evidence_folder(path));
    out.folder = evidence::assemble(files);
    return out;
  }
  BRUME_ASSIGN(const auto file, read_evidence_file(path));
  if (file.what.kind != FileKind::kCollateralBundle)
    return malformed(path + ": neither a folder nor a bundle of collateral");
  BRUME_ASSIGN(const auto bundle, evidence::parse_bundle(as_chars(file.what.content)));
  out.folder.dcap = evidence::collateral_of(bundle);
  for (const evidence::Part& part : bundle.parts) {
    if (part.kind == evidence::PartKind::kSnpCertificates) out.folder.snp.certificates.push_back(part.data);
    if (part.kind == evidence::PartKind::kSnpCrl) out.folder.snp.crls.push_back(part.data);
  }
  out.folder.uses.push_back({file.name, file.what.kind, "collateral"});
  return out;
}

// What the command line expects the evidence to bind. Nothing is asked: what it binds.
struct Binding {
  Bytes nonce;
  Bytes report_data;
};

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

struct Task {
  const VerifyOptions& options;
  const Endorsements& endorsements;
  const Binding& binding;
  const appraisal::Policy* policy;  // nullptr: the default one
  const std::vector<SpkiHash>& roots;
};

appraisal::Policy policy_for(const Task& task, Tee tee) {
  appraisal::Policy policy = task.policy == nullptr ? genuine_policy(tee) : *task.policy;
  if (!task.roots.empty()) trust_roots(policy, task.roots, task.policy == nullptr);
  return policy;
}

appraisal::Findings examine(const Task& task, Tee tee, std::string_view type, const ReportData& bound,
                            Verification& out) {
  appraisal::Verifier verifier;
  for (const evidence::Collateral& collateral : task.endorsements.folder.dcap) verifier.add_collateral(collateral);
  verifier.add_snp_endorsements(task.endorsements.folder.snp);
  appraisal::Expected expected;
  expected.report_data = bound;
  expected.now_ms = out.now_ms;
  expected.role = kVerifyRole;
  return verifier.examine(evidence::encode_cmw(type, out.evidence.what.content), policy_for(task, tee), expected);
}

// What the evidence binds is what the appraisal is told to expect, and is then held against the command line.
void verify_bound(const Task& task, Tee tee, std::string_view type, const ReportData* bound, Verification& out) {
  out.findings = examine(task, tee, type, bound == nullptr ? ReportData{} : *bound, out);
  if (bound == nullptr) return;
  out.report_data_unverified = to_bytes(bound->view());
  check_binding(task.binding, bound->view(), out.findings);
}

void verify_quote(const Task& task, Verification& out) {
  const auto quote = evidence::parse_quote(out.evidence.what.content);
  const bool tdx = quote && quote->header.tee_type == evidence::TeeType::kTdx;
  verify_bound(task, tdx ? Tee::kTdx : Tee::kSgx, tdx ? evidence::kTypeTdxQuote : evidence::kTypeSgxQuote,
               quote ? &quote->report_data() : nullptr, out);
}

// Drivers' buffers are longer than a report.
void verify_snp_report(const Task& task, Verification& out) {
  Bytes& bytes = out.evidence.what.content;
  const std::size_t padding_size = bytes.size() - evidence::kSnpReportSize;
  bytes.resize(evidence::kSnpReportSize);
  const auto report = evidence::parse_snp_report(bytes);
  verify_bound(task, Tee::kSevSnp, evidence::kTypeSnpReport, report ? &report->report_data : nullptr, out);
  out.findings.padding_size = padding_size;
}

void refuse_unknown(Verification& out) {
  appraisal::refuse(out.findings.refusals, "evidence.format", "a quote, a report, an attestation or an event log",
                    std::string(evidence::file_kind_name(out.evidence.what.kind)),
                    "name the file of evidence; what vouches for it belongs into --collateral");
}

void verify_kind(const Task& task, Verification& out) {
  switch (out.evidence.what.kind) {
    case FileKind::kDcapQuote:
      return verify_quote(task, out);
    case FileKind::kSnpReport:
      return verify_snp_report(task, out);
    default:
      return refuse_unknown(out);
  }
}

void add_problems(Verification& out, const evidence::Folder& folder) {
  for (const evidence::FileProblem& problem : folder.problems) {
    appraisal::refuse(out.findings.refusals, problem.rule, "files that hold what they are meant to hold",
                      problem.file + ": " + problem.what, kFixCollateral);
  }
}

}  // namespace

Result<Verification> verify_evidence(const VerifyOptions& options, const Clock& clock) {
  Verification out;
  out.now_ms = clock.now_ms();
  if (!options.at.empty()) {
    BRUME_ASSIGN(out.now_ms, parse_moment(options.at));
  }
  BRUME_ASSIGN(const Binding binding, read_binding(options));
  std::optional<appraisal::Policy> policy;
  if (!options.policy.empty()) {
    BRUME_ASSIGN(policy, read_policy_file(options.policy));
    out.policy_hash = policy->hash;
  }
  std::vector<SpkiHash> roots;
  if (!options.root.empty()) {
    BRUME_ASSIGN(roots, read_roots(options.root));
  }
  BRUME_ASSIGN(out.evidence, read_evidence_file(options.file));
  BRUME_ASSIGN(const Endorsements endorsements, read_endorsements(options.collateral));
  out.files = endorsements.folder.uses;
  verify_kind({options, endorsements, binding, policy ? &*policy : nullptr, roots}, out);
  add_problems(out, endorsements.folder);
  out.malformed = std::ranges::any_of(out.findings.refusals, [](const appraisal::Refusal& refusal) {
    return std::ranges::find(kMalformedRules, refusal.rule) != std::end(kMalformedRules);
  });
  return out;
}

}  // namespace brume::cli
