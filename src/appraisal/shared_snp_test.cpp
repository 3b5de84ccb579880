// Every SEV-SNP case of the collection of real evidence beside the source tree: verdict and fields. Skips where the
// collection is absent.
#include <gtest/gtest.h>

#include "appraisal/shared_evidence.h"
#include "appraisal/snp_names.h"
#include "evidence/cmw.h"
#include "evidence/hcl_report.h"

namespace brume::appraisal {
namespace {

using evidence::SnpProduct;
using nlohmann::json;

evidence::SnpEndorsements endorsements_of(const json& item) {
  evidence::SnpEndorsements out;
  for (const char* name : {"ark", "ask", "asvk", "vcek", "vlek"}) {
    if (std::string bytes = shared_part(item, name); !bytes.empty()) out.certificates.push_back(std::move(bytes));
  }
  if (std::string bytes = shared_part(item, "ark_crl"); !bytes.empty()) out.crls.push_back(std::move(bytes));
  return out;
}

// Genuine is all that this policy asks for. Some samples have no CRL of their time beside them.
Policy genuine(bool crl_optional) {
  AllowEntry entry;
  entry.tee = Tee::kSevSnp;
  entry.roots = amd_roots();
  entry.any_measurement = entry.any_image = true;
  entry.debug_allowed = true;
  entry.roles = {"worker"};
  entry.snp.crl_optional = crl_optional;
  Policy policy;
  policy.allow.push_back(entry);
  return policy;
}

Findings examine(Verifier& verifier, const json& item, const std::string& report, bool crl_optional) {
  Expected expected;
  expected.role = "worker";
  if (auto parsed = evidence::parse_snp_report(as_bytes(report))) expected.report_data = parsed->report_data;
  if (item.contains("verify_at") && item["verify_at"].is_number()) {
    expected.now_ms = item["verify_at"].get<UnixMs>() * 1000;
  }
  return verifier.examine(evidence::encode_cmw(evidence::kTypeSnpReport, as_bytes(report)), genuine(crl_optional),
                          expected);
}

std::string hex64(std::uint64_t value) {
  std::ostringstream out;
  out << "0x" << std::hex << value;
  return out.str();
}

json tcb_json(const evidence::SnpTcbBytes& bytes, SnpProduct product) {
  const evidence::SnpTcb tcb = evidence::snp_tcb(bytes, product);
  json out = {{"boot_loader", tcb.boot_loader}, {"tee", tcb.tee}, {"snp", tcb.snp}, {"microcode", tcb.microcode}};
  if (tcb.fmc) out["fmc"] = *tcb.fmc;
  return out;
}

std::string cpuid_hex(const evidence::SnpCpuid& cpuid) {
  return to_hex(Bytes{cpuid.family, cpuid.model, cpuid.stepping});
}

// The report as the manifest writes it.
json fields_of(const PeerFacts& facts) {
  const evidence::SnpReport& is = facts.snp->report;
  json out = {{"version", is.version},
              {"guest_svn", is.guest_svn},
              {"policy", hex64(is.policy.bits)},
              {"family_id", is.family_id.hex()},
              {"image_id", is.image_id.hex()},
              {"vmpl", is.vmpl},
              {"current_tcb_raw", to_hex(is.current_tcb)},
              {"platform_info", hex64(is.platform_info.bits)},
              {"report_data", is.report_data.hex()},
              {"measurement", is.measurement.hex()},
              {"host_data", facts.image.hex()},
              {"id_key_digest", is.id_key_digest.hex()},
              {"author_key_digest", is.author_key_digest.hex()},
              {"report_id", is.report_id.hex()},
              {"report_id_ma", is.report_id_ma.hex()},
              {"reported_tcb_raw", to_hex(is.reported_tcb)},
              {"chip_id", is.chip_id.hex()},
              {"committed_tcb_raw", to_hex(is.committed_tcb)},
              {"current_version", snp_firmware_text(is.current_firmware)},
              {"committed_version", snp_firmware_text(is.committed_firmware)},
              {"launch_tcb_raw", to_hex(is.launch_tcb)},
              {"debug_allowed", facts.debug},
              {"cpuid_fms", is.cpuid ? json(cpuid_hex(*is.cpuid)) : json(nullptr)}};
  if (facts.snp->product) {
    out["current_tcb"] = tcb_json(is.current_tcb, *facts.snp->product);
    out["reported_tcb"] = tcb_json(is.reported_tcb, *facts.snp->product);
    if (!facts.snp->product_name.empty()) out["product_cert"] = evidence::snp_product_name(*facts.snp->product);
  }
  return out;
}

int expect_fields(const json& item, const Findings& findings) {
  if (!findings.facts_unverified.snp) {
    ADD_FAILURE() << "no facts";
    return 0;
  }
  const json got = fields_of(findings.facts_unverified);
  int compared = 0;
  for (const auto& [name, value] : item["fields"].items()) {
    if (!got.contains(name)) continue;
    EXPECT_EQ(got[name], value) << name;
    ++compared;
  }
  return compared;
}

void check(const json& item) {
  SCOPED_TRACE(item["id"].get<std::string>());
  const std::string verdict = item["expected"]["verdict"];
  const std::string report = shared_part(item, "report");
  Verifier verifier;
  verifier.add_snp_endorsements(endorsements_of(item));
  const Findings findings = examine(verifier, item, report, true);
  EXPECT_GE(expect_fields(item, findings), 20);
  if (verdict == "NoEndorsement") {
    EXPECT_EQ(rules_of(findings), "snp.ek.missing");
    return;
  }
  ASSERT_EQ(verdict, "Valid");
  EXPECT_EQ(rules_of(findings), "");
  ASSERT_TRUE(findings.tcb_known);
  EXPECT_EQ(findings.facts_unverified.tcb_status, evidence::TcbStatus::kUpToDate);
  // With a CRL required, those without one of their time are refused, for that and for nothing else.
  const std::string strict = rules_of(examine(verifier, item, report, false));
  const bool has_crl = item["files"].contains("ark_crl");
  const SnpRevocation revocation = findings.facts_unverified.snp->revocation;
  EXPECT_EQ(revocation == SnpRevocation::kUnchecked, !has_crl);
  EXPECT_EQ(strict, !has_crl ? "snp.crl.missing" : revocation == SnpRevocation::kStale ? "snp.crl.expired" : "");
  testing::Test::RecordProperty(item["id"].get<std::string>(), strict);
}

json manifest() {
  const std::string text = read_shared("MANIFEST.json");
  return text.empty() ? json() : json::parse(text);
}

TEST(SharedSnpEvidence, EveryCaseGetsItsVerdict) {
  const json all = manifest();
  if (all.is_null()) GTEST_SKIP() << "no collection of real evidence at " BRUME_SHARED_EVIDENCE;
  int count = 0;
  for (const json& item : all["cases"]) {
    if (!item["type"].get<std::string>().starts_with("snp-report")) continue;
    check(item);
    ++count;
  }
  EXPECT_EQ(count, 27);
  RecordProperty("cases", count);
}

// Certificates that nobody at AMD signed, in the place of the right one.
TEST(SharedSnpEvidence, FakeKeysAreRefused) {
  const json all = manifest();
  if (all.is_null()) GTEST_SKIP() << "no collection of real evidence at " BRUME_SHARED_EVIDENCE;
  json genuine_case;
  for (const json& item : all["cases"]) {
    if (item["id"] == "snp-v2-milan-vcek-377e62") genuine_case = item;
  }
  ASSERT_FALSE(genuine_case.is_null());
  int count = 0;
  for (const json& item : all["cases"]) {
    if (item["type"] != "snp-vcek-fake") continue;
    SCOPED_TRACE(item["id"].get<std::string>());
    json mixed = genuine_case;
    mixed["files"]["vcek"] = item["files"]["vcek"];
    Verifier verifier;
    verifier.add_snp_endorsements(endorsements_of(mixed));
    const std::string rules = rules_of(examine(verifier, mixed, shared_part(mixed, "report"), false));
    EXPECT_NE(rules.find("snp.ek.signature"), std::string::npos) << rules;
    EXPECT_NE(rules.find("snp.signature"), std::string::npos) << rules;
    ++count;
  }
  EXPECT_EQ(count, 2);
}

// One verifier that holds the endorsements of all platforms finds the right ones for each.
TEST(SharedSnpEvidence, OneVerifierServesAllPlatforms) {
  const json all = manifest();
  if (all.is_null()) GTEST_SKIP() << "no collection of real evidence at " BRUME_SHARED_EVIDENCE;
  Verifier verifier;
  for (const json& item : all["cases"]) verifier.add_snp_endorsements(endorsements_of(item));
  for (const json& item : all["cases"]) {
    if (!item["type"].get<std::string>().starts_with("snp-report") || item["expected"]["verdict"] != "Valid") continue;
    EXPECT_EQ(rules_of(examine(verifier, item, shared_part(item, "report"), true)), "") << item["id"];
  }
}

// Azure's wrapper: the report inside binds the runtime data that holds the vTPM's key.
TEST(SharedSnpEvidence, AzureReportsBindTheirRuntimeData) {
  const json all = manifest();
  if (all.is_null()) GTEST_SKIP() << "no collection of real evidence at " BRUME_SHARED_EVIDENCE;
  int count = 0;
  for (const json& item : all["cases"]) {
    const std::string bytes = shared_part(item, "hcl_report.bin");
    if (bytes.empty()) continue;
    auto hcl = evidence::parse_hcl_report(as_bytes(bytes));
    ASSERT_TRUE(hcl.has_value()) << item["id"] << hcl.error().what;
    EXPECT_EQ(evidence::encode_hcl_report(*hcl), to_bytes(as_bytes(bytes)));
    if (hcl->type != evidence::HclReportType::kSnp) continue;
    auto report = evidence::parse_snp_report(hcl->hardware_report);
    ASSERT_TRUE(report.has_value()) << report.error().what;
    EXPECT_TRUE(hcl->bound_by(report->report_data));
    hcl->runtime_data[0] ^= 1;
    EXPECT_FALSE(hcl->bound_by(report->report_data));
    ++count;
  }
  EXPECT_GT(count, 0);
}

}  // namespace
}  // namespace brume::appraisal
