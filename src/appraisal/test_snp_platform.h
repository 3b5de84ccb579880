// An SEV-SNP platform for tests: a PKI as AMD's under an own root, and a report. Everything may be changed before
// issue(), so that a test makes evidence that differs in just one thing.
#pragma once

#include <algorithm>

#include "appraisal/appraise.h"
#include "crypto/testing/test_issuer.h"
#include "evidence/cmw.h"
#include "evidence/snp_certificate.h"
#include "evidence/snp_report.h"

namespace brume::appraisal {

struct TestSnpPlatform {
  using TestKey = crypto::testing::TestKey;
  static constexpr UnixMs kDay = 86'400'000;

  // Making RSA keys takes time: every platform has the same. Smaller than AMD's, for the same reason.
  struct Keys {
    TestKey ark = TestKey::rsa(2048);
    TestKey ask = TestKey::rsa(2048);
    TestKey ek = TestKey::ec("P-384");
    TestKey stranger = TestKey::rsa(2048);
    TestKey strange_ek = TestKey::ec("P-384");
  };
  static const Keys& keys() {
    static const Keys kKeys;
    return kKeys;
  }
  static std::string repeated(const std::string& byte, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += byte;
    return out;
  }
  template <typename Id>
  static Id filled(std::uint8_t byte) {
    Id out;
    out.bytes.fill(byte);
    return out;
  }

  UnixMs now = 1'750'000'000'000;

  // Certificates.
  crypto::testing::TestCertificate ark{"ARK-Milan", "ARK-Milan", 0x10000, now - 1000 * kDay, now + 1000 * kDay, true};
  crypto::testing::TestCertificate ask{"SEV-Milan", "ARK-Milan", 0x10001, now - 1000 * kDay, now + 1000 * kDay, true};
  crypto::testing::TestCertificate ek{"SEV-VCEK", "SEV-Milan", 0, now - 10 * kDay, now + 1000 * kDay};
  crypto::testing::TestCrl crl{"ARK-Milan", now - kDay, now + 100 * kDay, {0x77}};
  evidence::SnpKeyExtensions extensions = milan_extensions();
  const TestKey* ark_signer = &keys().ark;
  const TestKey* ask_signer = &keys().ark;
  const TestKey* ek_signer = &keys().ask;
  const TestKey* crl_signer = &keys().ark;
  const TestKey* report_signer = &keys().ek;
  const TestKey* ek_key = &keys().ek;
  const TestKey* ask_key = &keys().ask;
  const TestKey* ark_key = &keys().ark;
  std::vector<std::string> left_out;  // of "ark", "ask", "ek", "crl"
  std::vector<crypto::Extension> more_extensions;

  evidence::SnpReport report = milan_report();
  bool bound = true;  // report data are what the verifier expects

  static evidence::SnpKeyExtensions milan_extensions() {
    evidence::SnpKeyExtensions out;
    out.product_name = "Milan-B0";
    out.spl = {3, 0, 22, 0, 0, 0, 0, 209, std::nullopt};
    out.hw_id = Bytes(64, 0xc1);
    return out;
  }
  static evidence::SnpReport milan_report() {
    evidence::SnpReport out;
    out.version = 3;
    out.guest_svn = 4;
    out.policy.bits = 0x3001f;  // ABI 0.31, SMT
    out.family_id = filled<evidence::SnpGuestId>(0xfa);
    out.image_id = filled<evidence::SnpGuestId>(0x1a);
    out.current_tcb = {3, 0, 0, 0, 0, 0, 23, 210};
    out.platform_info.bits = 0x25;  // SMT, ECC, alias check
    out.key_info.author_key = true;
    out.report_data = filled<ReportData>(0xda);
    out.measurement = filled<evidence::SnpMeasurement>(0x3e);
    out.host_data = filled<evidence::SnpHostData>(0x1d);
    out.id_key_digest = filled<evidence::SnpKeyDigest>(0x1e);
    out.author_key_digest = filled<evidence::SnpKeyDigest>(0xa0);
    out.reported_tcb = {3, 0, 0, 0, 0, 0, 22, 209};
    out.cpuid = evidence::SnpCpuid{0x19, 0x01, 0x01};
    out.chip_id = filled<evidence::SnpChipId>(0xc1);
    out.committed_tcb = {3, 0, 0, 0, 0, 0, 22, 210};
    out.current_firmware = {.build = 29, .minor = 55, .major = 1};
    out.committed_firmware = {.build = 28, .minor = 55, .major = 1};
    out.launch_tcb = {3, 0, 0, 0, 0, 0, 22, 208};
    return out;
  }
  // The same platform as a Genoa and as a Turin one.
  TestSnpPlatform& become(const std::string& product) {
    ark.subject = ark.issuer = ask.issuer = crl.issuer = "ARK-" + product;
    ask.subject = ek.issuer = "SEV-" + product;
    extensions.product_name = product;
    report.cpuid = product == "Turin" ? evidence::SnpCpuid{0x1a, 0x02, 0x01} : evidence::SnpCpuid{0x19, 0x11, 0x01};
    if (product != "Turin") return *this;
    extensions.struct_version = 1;
    extensions.spl = {1, 0, 2, std::nullopt, 0, 0, 0, 71, 5};
    extensions.hw_id = Bytes(8, 0xc1);
    std::fill(report.chip_id.bytes.begin() + 8, report.chip_id.bytes.end(), std::uint8_t{0});
    report.reported_tcb = report.committed_tcb = report.current_tcb = report.launch_tcb = {5, 1, 0, 2, 0, 0, 0, 71};
    report.version = 5;
    report.mitigations = evidence::SnpMitigations{3, 7};
    return *this;
  }
  // The same, signed by a cloud's VLEK on a platform that hides its chip.
  TestSnpPlatform& become_vlek() {
    ask.subject = ek.issuer = "SEV-VLEK-Milan";
    ek.subject = "SEV-VLEK";
    extensions.hw_id.reset();
    extensions.csp_id = "cloud";
    report.key_info.signing_key = evidence::SnpSigningKey::kVlek;
    report.chip_id = {};
    return *this;
  }

  TestSnpPlatform& issue() {
    report_bytes = evidence::encode_snp_report(report);
    const Bytes pair =
        report_signer->sign_ecdsa_raw(crypto::HashAlgorithm::kSha384, evidence::snp_signed_part(report_bytes), 48);
    std::copy_n(pair.begin(), 48, report.signature_r.begin());
    std::copy_n(pair.begin() + 48, 48, report.signature_s.begin());
    report_bytes = evidence::encode_snp_report(report);
    return *this;
  }
  crypto::Certificate ark_certificate() const {
    return issue_test_certificate(ark, ark_key->public_key(), *ark_signer);
  }
  crypto::Certificate ask_certificate() const {
    return issue_test_certificate(ask, ask_key->public_key(), *ask_signer);
  }
  crypto::Certificate ek_certificate() const {
    crypto::testing::TestCertificate request = ek;
    request.extensions = encode_snp_key_extensions(extensions);
    request.extensions.insert(request.extensions.end(), more_extensions.begin(), more_extensions.end());
    return issue_test_certificate(request, ek_key->public_key(), *ek_signer);
  }
  evidence::SnpEndorsements endorsements() const {
    const auto wanted = [&](const char* name) { return std::ranges::find(left_out, name) == left_out.end(); };
    const auto text = [](const Bytes& bytes) { return std::string(as_chars(bytes)); };
    evidence::SnpEndorsements out;
    if (wanted("ark")) out.certificates.push_back(text(ark_certificate().der()));
    if (wanted("ask")) out.certificates.push_back(ask_certificate().pem());
    if (wanted("ek")) out.certificates.push_back(text(ek_certificate().der()));
    if (wanted("crl")) out.crls.push_back(text(issue_test_crl(crl, *crl_signer).der()));
    return out;
  }
  static std::string root_hex() { return keys().ark.public_key().spki_hash().hex(); }
  // `more`: further keys of the entry; `identity`: measurement and image.
  static Policy policy(const std::string& more = "", const std::string& identity = identity_keys()) {
    auto out = parse_policy_toml("version = 1\n[[allow]]\ntee = \"sev-snp\"\nroot = \"" + root_hex() + "\"\n" +
                                 identity + more);
    BRUME_CHECK(out.has_value());
    return std::move(*out);
  }
  static std::string identity_keys() {
    return "measurement = [\"" + repeated("3e", 48) + "\"]\nimage = [\"" + repeated("1d", 32) + "\"]\n";
  }
  Expected expected() const {
    Expected out;
    out.report_data = bound ? report.report_data : ReportData{};
    out.now_ms = now;
    out.role = "worker";
    return out;
  }
  Bytes evidence() const { return evidence::encode_cmw(evidence::kTypeSnpReport, report_bytes); }

  Bytes report_bytes;
};

}  // namespace brume::appraisal
