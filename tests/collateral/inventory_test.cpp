// What is said of bundles: whole ones, and those that lack, or spoil, one part.
#include "collateral/inventory.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "collateral/collect.h"
#include "collateral/import.h"
#include "crypto/random.h"
#include "platform_service.h"

namespace brume::testing {
namespace {

using collateral::check;
using collateral::FindingKind;
using evidence::Bundle;
using evidence::PartKind;

constexpr UnixMs kNow = 1'790'000'000'000;
constexpr UnixMs kDay = 86'400'000;

// The service without sockets.
struct Direct final : collateral::HttpClient {
  PlatformService& service;
  explicit Direct(PlatformService& asked) : service(asked) {}
  Result<collateral::HttpReply> get(const collateral::HttpRequest& request) override {
    const std::string path = request.url.substr(request.url.find('/', 8));
    Answer answer = service.answer({path, {}});
    collateral::HttpReply out{answer.status, {}, answer.body};
    for (std::string name; const auto& [said, value] : answer.headers) {
      name = said;
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      out.headers[name] = value;
    }
    return out;
  }
};

struct HandClock final : Clock {
  UnixMs now_ms() const override { return kNow; }
};

struct InventoryTest : ::testing::Test {
  PlatformService service{kNow};
  Direct http{service};
  HandClock clock;
  crypto::SystemRandom random;
  Bundle bundle = fetch();

  Bundle fetch() {
    const collateral::Outside outside{http, clock, random, [](UnixMs) {}};
    collateral::Fetcher fetcher(outside, collateral::Cache::open({}).value(), {});
    collateral::Plan plan;
    plan.families = {{service.platform.platform.fmspc, true, true}};
    plan.cas = {collateral::PckCa::kPlatform};
    plan.pck_certificates = {{.encrypted_ppid = Bytes(384, 1)}};
    plan.chips = {{collateral::SnpProduct::kMilan, collateral::EndorsementKey::kVcek,
                   std::pair{service.chip_id, collateral::SnpTcb{}}}};
    auto all = collect(fetcher, {{.base_url = "https://test.invalid"}, "https://test.invalid"}, plan);
    EXPECT_TRUE(all.has_value()) << (all ? "" : all.error().what);
    return all ? collateral::newest_parts(all->bundle) : Bundle{};
  }

  evidence::Part& part(PartKind kind) { return *std::ranges::find(bundle.parts, kind, &evidence::Part::kind); }
  void remove(PartKind kind) {
    std::erase_if(bundle.parts, [&](const evidence::Part& one) { return one.kind == kind; });
  }
  // The findings of that kind, as text.
  std::vector<std::string> found(FindingKind kind, UnixMs at_ms = kNow) {
    std::vector<std::string> out;
    for (const auto& finding : check(bundle, at_ms).findings) {
      EXPECT_EQ(finding.kind, kind) << finding.what;
      out.push_back(finding.what);
    }
    return out;
  }
};
using Texts = std::vector<std::string>;

TEST_F(InventoryTest, SaysWhatEachPartIsFor) {
  Texts what;
  for (const auto& item : collateral::inventory(bundle)) {
    what.push_back(item.what);
    EXPECT_EQ(item.broken, "");
    EXPECT_LT(item.issued_ms, item.expires_ms);
  }
  std::ranges::sort(what);
  EXPECT_EQ(what, (Texts{"ARK-Milan", "PCK certificate, Test SGX PCK Platform CA, FMSPC 00606a000000",
                         "PCK revocation list, Test SGX PCK Platform CA", "SEV-Milan",
                         "SEV-VCEK of chip c0c1c2c3c4c5c6c7, Milan",
                         "TCB info, SGX, FMSPC 00606a000000, PCEID 0000, evaluation 17",
                         "TCB info, TDX, FMSPC 00606a000000, PCEID 0000, evaluation 17",
                         "identity of QE, evaluation 17", "identity of TD_QE, evaluation 17",
                         "root revocation list, ARK-Milan", "root revocation list, Test SGX Root CA"}));
}

TEST_F(InventoryTest, FindsNothingWrongWithAWholeBundle) {
  EXPECT_EQ(found(FindingKind::kMissing), Texts{});
  const auto first = check(bundle, kNow).first_expiry;
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->at_ms, kNow + kDay);
}

TEST_F(InventoryTest, FindsWhatIsStaleOrNotYetValid) {
  EXPECT_EQ(found(FindingKind::kStale, kNow + kDay).size(), 0u);  // both ends count
  EXPECT_EQ(found(FindingKind::kStale, kNow + kDay + 1000).size(), 7u);
  EXPECT_EQ(found(FindingKind::kStale, kNow + 101 * kDay).size(), bundle.parts.size());
  EXPECT_EQ(found(FindingKind::kNotYetValid, kNow - kDay - 1000).size(), 7u);
}

TEST_F(InventoryTest, FindsWhatIsMissing) {
  const Bundle whole = bundle;
  const std::string sgx = ", for TCB info, SGX, FMSPC 00606a000000, PCEID 0000, evaluation 17";
  const std::string tdx = ", for TCB info, TDX, FMSPC 00606a000000, PCEID 0000, evaluation 17";
  struct Case {
    PartKind kind;
    Texts missing;
  };
  for (const Case& one :
       {Case{PartKind::kSgxRootCrl, {"the root's revocation list" + sgx, "the root's revocation list" + tdx}},
        Case{PartKind::kPckCrl, {"a revocation list of the PCK CA" + sgx, "a revocation list of the PCK CA" + tdx}},
        Case{PartKind::kQeIdentity, {"the identity of QE" + sgx, "the identity of TD_QE" + tdx}},
        Case{PartKind::kTcbInfo, {"the TCB info of any platform family"}},
        Case{PartKind::kSnpCrl, {"the revocation list of ARK-Milan"}}}) {
    bundle = whole;
    remove(one.kind);
    Texts missing = found(FindingKind::kMissing);
    std::ranges::sort(missing);
    EXPECT_EQ(missing, one.missing);
  }
  bundle = whole;
  std::erase_if(bundle.parts, [](const evidence::Part& part) {
    auto certificates = evidence::load_snp_certificates(part.data);
    return part.kind == PartKind::kSnpCertificates && certificates->front().subject_common_name() == "SEV-Milan";
  });
  EXPECT_EQ(found(FindingKind::kMissing), Texts{"the certificate that signed SEV-VCEK"});
  bundle = {};
  EXPECT_EQ(found(FindingKind::kMissing), Texts{"everything"});
}

TEST_F(InventoryTest, FindsWhatIsNotSignedByItsSigner) {
  const Bundle whole = bundle;
  for (PartKind kind : {PartKind::kTcbInfo, PartKind::kQeIdentity, PartKind::kPckCrl, PartKind::kSgxRootCrl}) {
    bundle = whole;
    std::string& data = part(kind).data;
    // The last digit of a document's signature, the last byte of a list's.
    if (data.front() == '{') {
      char& digit = data[data.size() - 3];
      digit = digit == '0' ? '1' : '0';
    } else {
      data.back() ^= 1;
    }
    const Texts broken = found(FindingKind::kBroken);
    ASSERT_EQ(broken.size(), 1u);
    EXPECT_TRUE(broken.front().ends_with("did not sign it")) << broken.front();
  }
  bundle = whole;
  part(PartKind::kTcbInfo).issuer_chain.clear();
  EXPECT_TRUE(found(FindingKind::kBroken).front().ends_with("its issuer chain is missing"));
  bundle = whole;
  part(PartKind::kTcbInfo).data = "{";
  EXPECT_EQ(found(FindingKind::kBroken).size(), 1u);
}

TEST_F(InventoryTest, KeepsTheNewestOfWhatIsForTheSame) {
  Bundle both = bundle;
  const std::string old = part(PartKind::kPckCrl).data;
  service.platform.pck_crl.this_update += 1000;
  service.evaluation_number = 18;
  service.platform.tcb_issued += 1000;
  for (const auto& more : fetch().parts) both.parts.push_back(more);
  const Bundle newest = collateral::newest_parts(both);
  auto count = [&](PartKind kind) { return std::ranges::count(newest.parts, kind, &evidence::Part::kind); };
  EXPECT_EQ(count(PartKind::kPckCrl), 1);
  EXPECT_EQ(count(PartKind::kTcbInfo), 4);  // two evaluations live side by side
  EXPECT_NE(std::ranges::find(newest.parts, PartKind::kPckCrl, &evidence::Part::kind)->data, old);
}

TEST_F(InventoryTest, ImportsTheSameBundleFromLooseFiles) {
  std::vector<collateral::NamedBytes> files;
  for (const auto& one : bundle.parts) {
    files.push_back({"a" + std::to_string(files.size()), to_bytes(as_bytes(one.data))});
    if (!one.issuer_chain.empty()) files.push_back({"b", to_bytes(as_bytes(one.issuer_chain))});
  }
  const auto imported = collateral::import_files(files);
  for (const auto& note : imported.notes) EXPECT_FALSE(note.use.empty()) << note.name << note.why;
  EXPECT_EQ(evidence::bundle_digest(imported.bundle), evidence::bundle_digest(bundle));
}

TEST_F(InventoryTest, LeavesOutWhatIsNoCollateral) {
  const auto imported = collateral::import_files(
      {{"quote", service.platform.quote()}, {"text", to_bytes(as_bytes("hello"))}, {"empty", {}}});
  EXPECT_EQ(imported.bundle, Bundle{});
  for (const auto& note : imported.notes) EXPECT_TRUE(note.why.starts_with("not collateral: ")) << note.why;
}

}  // namespace
}  // namespace brume::testing
