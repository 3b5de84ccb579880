// Every SGX v3 case of the collection of real evidence beside the source tree: verdict, TCB status,
// advisories and fields. Skips where the collection is absent.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "appraisal/appraise.h"
#include "evidence/cmw.h"
#include "evidence/quote.h"
#include "evidence/time.h"

namespace brume::appraisal {
namespace {

using nlohmann::json;

std::string read(const std::string& path) {
  std::ifstream file(std::string(BRUME_SHARED_EVIDENCE) + "/" + path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

std::string part(const json& item, const char* name) {
  const json& files = item["files"];
  return files.contains(name) ? read(files[name]) : std::string();
}

bool is_sgx_v3(const json& item) {
  std::string type = item["type"];
  if (type.starts_with("sgx-quote-v3")) return true;
  if (type != "dcap-synthetic") return false;
  std::string quote = part(item, "quote");
  // Version 3, and what claims to be another version but must be refused for its format.
  return quote.size() > 2 && (quote[0] == 3 || quote[0] == 6);
}

evidence::Collateral collateral_of(const json& item) {
  return {part(item, "root_ca_crl"),
          part(item, "pck_crl"),
          part(item, "pck_crl_issuer_chain"),
          part(item, "tcb_info"),
          part(item, "tcb_info_issuer_chain"),
          part(item, "qe_identity"),
          part(item, "qe_identity_issuer_chain"),
          part(item, "pck_chain")};
}

// Genuine is all that this policy asks for: any program, any status but Revoked, debug too.
Policy genuine(const SpkiHash& root) {
  AllowEntry entry;
  entry.tee = Tee::kSgx;
  entry.roots = {root};
  entry.any_measurement = entry.any_image = entry.any_signer = true;
  entry.debug_allowed = true;
  using enum evidence::TcbStatus;
  entry.tcb_statuses = {
      kUpToDate,  kSwHardeningNeeded,           kConfigurationNeeded, kConfigurationAndSwHardeningNeeded,
      kOutOfDate, kOutOfDateConfigurationNeeded};
  entry.roles = {"worker"};
  Policy policy;
  policy.allow.push_back(entry);
  return policy;
}

Findings examine(const json& item) {
  std::string quote = part(item, "quote");
  auto parsed = evidence::parse_sgx_quote(as_bytes(quote));
  SpkiHash root = kIntelSgxRoot;
  if (std::string pem = part(item, "trusted_root"); !pem.empty()) {
    auto chain = evidence::load_chain(pem);
    EXPECT_TRUE(chain.has_value());
    root = chain->front().public_key()->spki_hash();
  }
  Expected expected;
  expected.role = "worker";
  if (parsed) expected.report_data = parsed->report.report_data;
  if (item.contains("verify_at") && item["verify_at"].is_number())
    expected.now_ms = item["verify_at"].get<UnixMs>() * 1000;
  Verifier verifier;
  auto collateral = collateral_of(item);
  if (collateral != evidence::Collateral{}) verifier.add_collateral(collateral);
  return verifier.examine(evidence::encode_cmw(evidence::kTypeSgxQuote, as_bytes(quote)), genuine(root), expected);
}

std::string rules_of(const Findings& findings) {
  std::string out;
  for (const Refusal& refusal : findings.refusals) out += (out.empty() ? "" : " ") + refusal.rule;
  return out;
}

bool is_status(const std::string& verdict) { return evidence::tcb_status_from(verdict).has_value(); }

template <typename Value>
void expect_field(const json& fields, const char* name, const Value& got) {
  if (fields.contains(name)) {
    EXPECT_EQ(json(got), fields[name]) << name;
  }
}

void expect_fields(const json& item, const Findings& findings) {
  if (!item.contains("fields")) return;
  const json& fields = item["fields"];
  const PeerFacts& facts = findings.facts_unverified;
  expect_field(fields, "mrenclave", facts.measurement.hex());
  expect_field(fields, "mrsigner", facts.signer.hex());
  expect_field(fields, "isvsvn", facts.isv_svn);
  expect_field(fields, "isvprodid", facts.product_id);
  expect_field(fields, "debug", facts.debug);
}

void expect_advisories(const json& expected, const Findings& findings) {
  if (expected.contains("advisory_ids")) {
    std::vector<std::string> want = expected["advisory_ids"];
    std::vector<std::string> got = findings.facts_unverified.platform_tcb.advisories;
    std::ranges::sort(want);
    std::ranges::sort(got);
    EXPECT_EQ(got, want);
  }
  if (expected.contains("tcb_level_date")) {
    EXPECT_EQ(evidence::format_time(findings.facts_unverified.platform_tcb.date_ms), expected["tcb_level_date"]);
  }
  if (expected.contains("tcb_evaluation_data_number")) {
    EXPECT_EQ(findings.facts_unverified.tcb_evaluation_data_number, expected["tcb_evaluation_data_number"]);
  }
}

void expect_status(const json& item, const Findings& findings, const std::string& verdict) {
  ASSERT_TRUE(findings.tcb_known) << rules_of(findings);
  EXPECT_EQ(evidence::tcb_status_name(findings.facts_unverified.tcb_status), verdict);
  EXPECT_EQ(rules_of(findings), verdict == "Revoked" ? "sgx.tcb.status" : "");
  expect_advisories(item["expected"], findings);
}

void check(const json& item) {
  SCOPED_TRACE(item["id"].get<std::string>());
  std::string verdict = item["expected"]["verdict"];
  Findings findings = examine(item);
  if (is_status(verdict)) {
    expect_status(item, findings, verdict);
  } else if (verdict == "NoCollateral") {
    EXPECT_EQ(rules_of(findings), "sgx.collateral.missing");
  } else if (verdict == "MissingPckCertificate") {
    EXPECT_EQ(rules_of(findings), "sgx.pck.missing");
  } else if (verdict == "TcbNotSupported") {
    EXPECT_EQ(rules_of(findings), "sgx.tcb.level");
  } else if (verdict.starts_with("Accept")) {
    EXPECT_EQ(rules_of(findings), "");
  } else {
    EXPECT_TRUE(verdict.starts_with("Reject")) << verdict;
    EXPECT_NE(rules_of(findings), "") << verdict;
  }
  testing::Test::RecordProperty(item["id"].get<std::string>(), rules_of(findings));
  if (!rules_of(findings).starts_with("sgx.quote.format")) expect_fields(item, findings);
}

TEST(SharedEvidence, EverySgxV3CaseGetsItsVerdict) {
  std::string text = read("MANIFEST.json");
  if (text.empty()) GTEST_SKIP() << "no collection of real evidence at " BRUME_SHARED_EVIDENCE;
  json manifest = json::parse(text);
  int count = 0;
  for (const json& item : manifest["cases"]) {
    if (!is_sgx_v3(item)) continue;
    check(item);
    ++count;
  }
  EXPECT_GT(count, 60);
  RecordProperty("cases", count);
}

}  // namespace
}  // namespace brume::appraisal
