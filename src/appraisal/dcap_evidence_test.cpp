// Every SGX and TDX case of the collection of real evidence beside the source tree: verdict, TCB status,
// advisories and fields. Skips where the collection is absent.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "appraisal/shared_evidence.h"
#include "base/hex.h"
#include "crypto/hash.h"
#include "evidence/cmw.h"
#include "evidence/quote.h"
#include "evidence/time.h"

namespace brume::appraisal {
namespace {

using nlohmann::json;

bool is_dcap(const json& item) {
  const std::string type = item["type"];
  return type.starts_with("sgx-") || type.starts_with("tdx-") || type.starts_with("dcap-") || type == "ccel+tdx-quote";
}

// By what the quote claims to be of.
std::string_view media_type(const std::string& quote) {
  return quote.size() > 4 && static_cast<std::uint8_t>(quote[4]) == 0x81 ? evidence::kTypeTdxQuote
                                                                         : evidence::kTypeSgxQuote;
}

evidence::Collateral collateral_of(const json& item) {
  return {shared_part(item, "root_ca_crl"),
          shared_part(item, "pck_crl"),
          shared_part(item, "pck_crl_issuer_chain"),
          shared_part(item, "tcb_info"),
          shared_part(item, "tcb_info_issuer_chain"),
          shared_part(item, "qe_identity"),
          shared_part(item, "qe_identity_issuer_chain"),
          shared_part(item, "pck_chain")};
}

// Genuine is all that this policy asks for: any program, any status but Revoked, debug too.
AllowEntry genuine_entry(Tee tee, const SpkiHash& root) {
  AllowEntry entry;
  entry.tee = tee;
  entry.roots = {root};
  entry.any_measurement = entry.any_image = entry.any_signer = true;
  entry.debug_allowed = true;
  using enum evidence::TcbStatus;
  entry.tcb_statuses = {kUpToDate,
                        kSwHardeningNeeded,
                        kConfigurationNeeded,
                        kConfigurationAndSwHardeningNeeded,
                        kOutOfDate,
                        kOutOfDateConfigurationNeeded,
                        kTdRelaunchAdvised,
                        kTdRelaunchAdvisedConfigurationNeeded};
  entry.roles = {"worker"};
  entry.tdx = genuine_tdx();
  return entry;
}

Policy genuine(const SpkiHash& root) {
  Policy policy;
  policy.allow = {genuine_entry(Tee::kSgx, root), genuine_entry(Tee::kTdx, root)};
  return policy;
}

SpkiHash root_of(const json& item) {
  const std::string pem = shared_part(item, "trusted_root");
  if (pem.empty()) return kIntelSgxRoot;
  auto chain = evidence::load_chain(pem);
  EXPECT_TRUE(chain.has_value());
  return chain->front().public_key()->spki_hash();
}

// Cases without a time are looked at when their PCK certificate was new.
UnixMs time_of(const json& item, const evidence::Quote& quote) {
  if (item.contains("verify_at") && item["verify_at"].is_number()) return item["verify_at"].get<UnixMs>() * 1000;
  auto chain = evidence::load_chain(as_chars(quote.auth.certification_data));
  return chain && !chain->empty() ? chain->front().not_before() : 0;
}

Findings examine(const json& item, const std::string& quote, const Policy& policy) {
  auto parsed = evidence::parse_quote(as_bytes(quote));
  Expected expected;
  expected.role = "worker";
  if (parsed) {
    expected.report_data = parsed->report_data();
    expected.now_ms = time_of(item, *parsed);
  }
  Verifier verifier;
  auto collateral = collateral_of(item);
  if (collateral != evidence::Collateral{}) verifier.add_collateral(collateral);
  return verifier.examine(evidence::encode_cmw(media_type(quote), as_bytes(quote)), policy, expected);
}

template <typename Value>
void expect_field(const json& fields, const char* name, const Value& got) {
  if (fields.contains(name)) {
    EXPECT_EQ(json(got), fields[name]) << name;
  }
}

std::string hex64le(std::uint64_t value) {
  ByteArray<8> bytes;
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
  return to_hex(bytes);
}

void expect_enclave(const json& fields, const evidence::ReportBody& report) {
  expect_field(fields, "cpusvn", to_hex(report.cpu_svn));
  expect_field(fields, "attributes", hex64le(report.attribute_flags) + hex64le(report.attribute_xfrm));
  expect_field(fields, "report_data", report.report_data.hex());
}

void expect_td(const json& fields, const evidence::TdReport& report) {
  expect_field(fields, "tee_tcb_svn", to_hex(report.tee_tcb_svn));
  expect_field(fields, "mr_seam", report.mr_seam.hex());
  expect_field(fields, "mr_signer_seam", report.mr_signer_seam.hex());
  expect_field(fields, "seam_attributes", hex64le(report.seam_attributes));
  expect_field(fields, "td_attributes", hex64le(report.td_attributes));
  expect_field(fields, "xfam", hex64le(report.xfam));
  expect_field(fields, "mr_td", report.mr_td.hex());
  expect_field(fields, "mr_config_id", report.mr_config_id.hex());
  expect_field(fields, "mr_owner", report.mr_owner.hex());
  expect_field(fields, "mr_owner_config", report.mr_owner_config.hex());
  expect_field(fields, "rt_mr0", report.rtmr[0].hex());
  expect_field(fields, "rt_mr1", report.rtmr[1].hex());
  expect_field(fields, "rt_mr2", report.rtmr[2].hex());
  expect_field(fields, "rt_mr3", report.rtmr[3].hex());
  expect_field(fields, "report_data", report.report_data.hex());
  EXPECT_EQ(fields.contains("tee_tcb_svn2"), report.v15.has_value());
  if (!report.v15) return;
  expect_field(fields, "tee_tcb_svn2", to_hex(report.v15->tee_tcb_svn2));
  expect_field(fields, "mr_service_td", report.v15->mr_service_td.hex());
}

void expect_pck(const json& fields, const evidence::PckExtension& pck) {
  expect_field(fields, "fmspc", to_hex(pck.fmspc));
  expect_field(fields, "pce_id", to_hex(pck.pce_id));
  expect_field(fields, "pck_cpusvn", to_hex(pck.cpu_svn));
  expect_field(fields, "pck_pcesvn", pck.pce_svn);
  expect_field(fields, "ppid", to_hex(pck.ppid));
  if (fields.contains("pck_ca")) {
    EXPECT_EQ(pck.platform_instance_id.has_value(), fields["pck_ca"] == "platform");
  }
}

void expect_fields(const json& item, const std::string& bytes, const Findings& findings) {
  auto quote = evidence::parse_quote(as_bytes(bytes));
  if (!item.contains("fields") || !quote) return;
  const json& fields = item["fields"];
  const PeerFacts& facts = findings.facts_unverified;
  expect_field(fields, "mrenclave", facts.measurement.hex());
  expect_field(fields, "mrsigner", facts.signer.hex());
  expect_field(fields, "isvsvn", facts.isv_svn);
  expect_field(fields, "isvprodid", facts.product_id);
  expect_field(fields, "debug", facts.debug);
  expect_field(fields, "qe_isvsvn", facts.dcap->qe_isv_svn);
  expect_field(fields, "qe_mrsigner", facts.dcap->qe_signer.hex());
  expect_field(fields, "signed_length", quote->signed_bytes.size());
  expect_field(fields, "quote_length", bytes.size() - quote->padding_size);
  if (const auto* report = quote->sgx_report()) expect_enclave(fields, *report);
  if (facts.tdx) expect_td(fields, facts.tdx->report);
  if (facts.dcap->pck) expect_pck(fields, *facts.dcap->pck);
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

// The collection tells the platform level's; those of QE and module come on top.
void expect_advisories(const json& expected, const PeerFacts& facts) {
  if (expected.contains("advisory_ids")) {
    EXPECT_EQ(sorted(facts.platform_tcb.advisories), sorted(expected["advisory_ids"]));
    for (const std::string& advisory : facts.platform_tcb.advisories) {
      EXPECT_NE(std::ranges::find(facts.advisories, advisory), facts.advisories.end()) << advisory;
    }
  }
  if (expected.contains("tcb_level_date")) {
    EXPECT_EQ(json(evidence::format_time(facts.platform_tcb.date_ms)), expected["tcb_level_date"]);
    EXPECT_LE(facts.tcb_date_ms, facts.platform_tcb.date_ms);
  }
  if (expected.contains("tcb_evaluation_data_number")) {
    EXPECT_EQ(facts.tcb_evaluation_data_number, expected["tcb_evaluation_data_number"]);
  }
}

// The statuses of the components, as the collection's reason tells them.
void expect_module(const json& expected, const PeerFacts& facts) {
  if (!expected.contains("reason") || !facts.tdx) return;
  const std::string reason = expected["reason"];
  const auto at = reason.find("; TDX module TDX_");
  if (at == std::string::npos) return;
  ASSERT_TRUE(facts.tdx->module_tcb.has_value());
  const auto status = reason.find("status ", at) + 7;
  EXPECT_EQ(evidence::tcb_status_name(facts.tdx->module_tcb->status),
            reason.substr(status, reason.find(';', status) - status));
}

void expect_status(const json& item, const Findings& findings, const std::string& verdict) {
  ASSERT_TRUE(findings.tcb_known) << rules_of(findings);
  EXPECT_EQ(evidence::tcb_status_name(findings.facts_unverified.tcb_status), verdict);
  EXPECT_EQ(rules_of(findings), verdict == "Revoked" ? "sgx.tcb.status" : "");
  expect_advisories(item["expected"], findings.facts_unverified);
  expect_module(item["expected"], findings.facts_unverified);
}

// Where the policy decides and not the quote: QVL takes it, and so do we unless the policy asks for more.
void expect_policy_case(const json& item, const Findings& findings) {
  expect_status(item, findings, "UpToDate");
  Policy strict = genuine(root_of(item));
  strict.allow[1].tdx = TdxRules{};
  strict.allow[1].tdx.any_measurement = true;
  const std::string rules = rules_of(examine(item, shared_part(item, "quote"), strict));
  const bool reserved = item["id"].get<std::string>().ends_with("reserved");
  EXPECT_EQ(rules, reserved ? "policy.td-attributes" : "policy.sept-ve-disable");
}

// Bytes after a quote: zeros are told, others are refused; without them it is the quote that it was.
void expect_trimmed(const json& item, const std::string& bytes, const Policy& policy) {
  const auto size = item["fields"]["quote_length"].get<std::size_t>();
  const std::string trimmed = bytes.substr(0, size);
  EXPECT_EQ(json(crypto::sha256(as_bytes(trimmed)).hex()), item["fields"]["trimmed_sha256"]);
  const Findings whole = examine(item, bytes, policy);
  const Findings cut = examine(item, trimmed, policy);
  // One of them is under another root than Intel's.
  EXPECT_TRUE(rules_of(cut) == "sgx.collateral.missing" || rules_of(cut) == "sgx.root.unknown sgx.collateral.missing")
      << rules_of(cut);
  const bool zeros = std::ranges::all_of(bytes.substr(size), [](char c) { return c == 0; });
  EXPECT_EQ(rules_of(whole), zeros ? rules_of(cut) : "sgx.quote.format");
  EXPECT_EQ(whole.padding_size, zeros ? bytes.size() - size : 0);
}

void expect_refusal(const std::string& verdict, const Findings& findings) {
  const std::map<std::string, std::string> exact = {{"NoCollateral", "sgx.collateral.missing"},
                                                    {"MissingPckCertificate", "sgx.pck.missing"},
                                                    {"TcbNotSupported", "sgx.tcb.level"},
                                                    {"ReplayMatches", "sgx.collateral.missing"}};
  const std::string rules = rules_of(findings);
  if (const auto found = exact.find(verdict); found != exact.end()) {
    EXPECT_EQ(rules, found->second);
  } else if (verdict == "TdxModuleMismatch") {
    EXPECT_TRUE(rules.starts_with("tdx.module.") && !rules.contains(' ')) << rules;
  } else if (verdict.starts_with("Accept")) {
    EXPECT_EQ(rules, "");
  } else {
    EXPECT_TRUE(verdict.starts_with("Reject")) << verdict;
    EXPECT_NE(rules, "") << verdict;
    EXPECT_EQ(verdict.contains("quote format"), rules == "sgx.quote.format") << rules;
  }
}

void check(const json& item) {
  SCOPED_TRACE(item["id"].get<std::string>());
  const std::string verdict = item["expected"]["verdict"];
  const std::string quote = shared_part(item, "quote");
  const Policy policy = genuine(root_of(item));
  if (verdict == "SameAsTrimmed") return expect_trimmed(item, quote, policy);
  const Findings findings = examine(item, quote, policy);
  if (evidence::tcb_verdict_from(verdict)) {
    expect_status(item, findings, verdict);
  } else if (verdict.starts_with("UpToDate in QVL")) {
    expect_policy_case(item, findings);
  } else {
    expect_refusal(verdict, findings);
  }
  expect_fields(item, quote, findings);
  testing::Test::RecordProperty(item["id"].get<std::string>(), rules_of(findings));
}

TEST(SharedEvidence, EveryDcapCaseGetsItsVerdict) {
  const std::string text = read_shared("MANIFEST.json");
  if (text.empty()) GTEST_SKIP() << "no collection of real evidence at " BRUME_SHARED_EVIDENCE;
  const json manifest = json::parse(text);
  int count = 0;
  for (const json& item : manifest["cases"]) {
    if (!is_dcap(item)) continue;
    check(item);
    ++count;
  }
  EXPECT_GT(count, 180);
  RecordProperty("cases", count);
}

}  // namespace
}  // namespace brume::appraisal
