#include "cli/evidence_verify.h"

#include <algorithm>
#include <filesystem>

#include "cli/evidence_policy.h"
#include "evidence/cmw.h"
#include "evidence/quote.h"

namespace brume::cli {
namespace {

using appraisal::Findings;
using appraisal::Tee;
using evidence::FileKind;

// Rules that say that the evidence itself, not what vouches for it, has no right form.
constexpr std::string_view kMalformedRules[] = {"evidence.format", "evidence.type", "sgx.quote.format"};

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
  BRUME_ASSIGN(auto collateral, evidence::parse_collateral(as_chars(file.what.content)));
  out.folder.dcap.push_back(std::move(collateral));
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

void verify_quote(const Task& task, Verification& out) {
  const Bytes& bytes = out.evidence.what.content;
  appraisal::Expected expected;
  expected.now_ms = out.now_ms;
  expected.role = kVerifyRole;
  const auto quote = evidence::parse_sgx_quote(bytes);
  if (quote) expected.report_data = quote->report.report_data;
  out.report_data_unverified = to_bytes(expected.report_data.view());
  appraisal::Verifier verifier;
  for (const evidence::Collateral& collateral : task.endorsements.folder.dcap) verifier.add_collateral(collateral);
  out.findings =
      verifier.examine(evidence::encode_cmw(evidence::kTypeSgxQuote, bytes), policy_for(task, Tee::kSgx), expected);
  if (quote) check_binding(task.binding, expected.report_data.view(), out.findings);
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
