// For tests, benchmarks and fuzzers only: a platform with its own PKI, whose every part can be changed
// before it is signed. As it stands, its evidence is accepted by its own policy.
#pragma once

#include "appraisal/appraise.h"
#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "evidence/cmw.h"
#include "evidence/pck_extension.h"
#include "evidence/protections.h"
#include "evidence/quote.h"
#include "evidence/time.h"

namespace brume::appraisal {

struct TestCertificate {
  std::string name;
  UnixMs not_before;
  UnixMs not_after;
  bool ca;
};

struct TestCrl {
  UnixMs this_update;
  UnixMs next_update;
  const crypto::EcKey* signer = nullptr;  // nullptr: the right one
};

struct TestLevel {
  int svn;  // of components 1 and 2 and of the PCE; of a QE identity: isvsvn
  std::string status;
  std::string advisory;
  std::vector<int> tdx_svns = {};  // of TDX components, zeros behind them; with tcb_id "TDX" only
};

// One of tdxModuleIdentities.
struct TestModule {
  std::string id;
  std::vector<TestLevel> levels;
  evidence::TdRegister mr_signer = {};
  std::string attributes = "0000000000000000";
};

struct TestPlatform {
  static constexpr UnixMs kDay = 86'400'000;
  UnixMs now = evidence::parse_time("2026-06-15T12:00:00Z").value();

  crypto::SystemRandom random;
  crypto::EcKey root_key = crypto::EcKey::generate();
  crypto::EcKey ca_key = crypto::EcKey::generate();
  crypto::EcKey tcb_key = crypto::EcKey::generate();
  crypto::EcKey pck_key = crypto::EcKey::generate();
  crypto::EcKey attestation_key = crypto::EcKey::generate();
  crypto::EcKey stranger = crypto::EcKey::generate();

  TestCertificate root{"Test SGX Root CA", now - 100 * kDay, now + 100 * kDay, true};
  TestCertificate ca{"Test SGX PCK Platform CA", now - 100 * kDay, now + 100 * kDay, true};
  TestCertificate tcb_signing{"Test SGX TCB Signing", now - 100 * kDay, now + 100 * kDay, false};
  TestCertificate pck{"Test SGX PCK Certificate", now - 100 * kDay, now + 100 * kDay, false};
  std::string crl_url = "https://test.invalid/crl";
  const crypto::EcKey* pck_issuer = nullptr;  // nullptr: the right one
  const crypto::EcKey* ca_issuer = nullptr;
  const crypto::EcKey* tcb_issuer = nullptr;
  evidence::PckExtension platform = default_platform();
  std::optional<crypto::Extension> pck_extra;

  TestCrl root_crl{now - kDay, now + kDay};
  TestCrl pck_crl{now - kDay, now + kDay};
  bool root_revoked = false;
  bool ca_revoked = false;
  bool tcb_revoked = false;
  bool pck_revoked = false;
  std::size_t pck_revoked_others = 0;  // entries of the PCK CRL that are not this platform's

  std::string tcb_id = "SGX";
  std::string tcb_fmspc = "00606A000000";
  std::string tcb_pce_id = "0000";
  UnixMs tcb_issued = now - kDay;
  UnixMs tcb_next = now + kDay;
  std::vector<TestLevel> tcb_levels{{2, "UpToDate", ""}, {1, "OutOfDate", "TEST-SA-1"}};
  const crypto::EcKey* tcb_signer = nullptr;
  TestModule tdx_module;  // its signer and attributes count; with tcb_id "TDX" only
  std::vector<TestModule> tdx_modules;

  std::string qe_id = "QE";
  int qe_product = 1;
  UnixMs qe_issued = now - kDay;
  UnixMs qe_next = now + kDay;
  std::string qe_attributes = "11000000000000000000000000000000";
  std::string qe_attributes_mask = "FBFFFFFFFFFFFFFF0000000000000000";
  SignerId qe_signer{{0x51}};
  std::vector<TestLevel> qe_levels{{2, "UpToDate", ""}, {1, "OutOfDate", "TEST-SA-2"}};
  const crypto::EcKey* qe_identity_signer = nullptr;

  evidence::QuoteHeader header;
  evidence::ReportBody report = default_report();
  std::optional<evidence::TdReport> td;  // instead of `report`
  evidence::ReportBody qe_report = default_qe_report();
  Bytes qe_auth_data = Bytes(32, 0x41);
  const crypto::EcKey* qe_report_signer = nullptr;
  const crypto::EcKey* quote_signer = nullptr;
  bool bind_attestation_key = true;
  bool root_before_ca = false;
  std::string chain_tail;
  evidence::CertificationType certification_type = evidence::CertificationType::kPckChain;

  static evidence::PckExtension default_platform() {
    evidence::PckExtension out;
    out.ppid.fill(0x77);
    out.component_svns[0] = out.component_svns[1] = 2;
    out.pce_svn = 2;
    out.fmspc = {0x00, 0x60, 0x6a, 0, 0, 0};
    return out;
  }

  static evidence::ReportBody default_report() {
    evidence::ReportBody out;
    out.cpu_svn = evidence::protections_to_cpu_svn(evidence::kAllProtections);
    out.attribute_flags = evidence::kAttributeInit | evidence::kAttributeMode64 | evidence::kAttributeKss;
    out.attribute_xfrm = 3;
    out.mr_enclave.bytes.fill(0xe1);
    out.mr_signer.bytes.fill(0x51);
    std::fill_n(out.config_id.begin(), 32, 0x1d);
    out.isv_prod_id = 7;
    out.isv_svn = 3;
    out.report_data.bytes.fill(0xda);
    return out;
  }

  evidence::ReportBody default_qe_report() const {
    evidence::ReportBody out;
    out.attribute_flags = evidence::kAttributeInit | evidence::kAttributeMode64 | evidence::kAttributeProvisionKey;
    out.mr_signer = qe_signer;
    out.isv_prod_id = 1;
    out.isv_svn = 2;
    return out;
  }

  static const crypto::EcKey& or_own(const crypto::EcKey* key, const crypto::EcKey& own) {
    return key == nullptr ? own : *key;
  }

  crypto::Certificate make(const TestCertificate& what, const crypto::EcKey& key, const crypto::Certificate* issuer,
                           const crypto::EcKey& issuer_key, std::vector<crypto::Extension> extensions = {}) {
    crypto::CertificateRequest request;
    request.common_name = what.name;
    request.not_before = what.not_before;
    request.not_after = what.not_after;
    request.ca = what.ca;
    request.crl_url = crl_url;
    request.extensions = std::move(extensions);
    return crypto::issue_certificate(request, key.public_key(), issuer, issuer_key, random);
  }

  crypto::Certificate root_certificate = make(root, root_key, nullptr, root_key);
  crypto::Certificate ca_certificate = root_certificate;
  crypto::Certificate tcb_certificate = root_certificate;
  crypto::Certificate pck_certificate = root_certificate;

  // Issues what the fields say. To be called after changes, before anything else.
  TestPlatform& issue() {
    root_certificate = make(root, root_key, nullptr, root_key);
    ca_certificate = make(ca, ca_key, &root_certificate, or_own(ca_issuer, root_key));
    tcb_certificate = make(tcb_signing, tcb_key, &root_certificate, or_own(tcb_issuer, root_key));
    reissue_pck();
    return *this;
  }
  // Another certificate for the same platform, all others as they are.
  void reissue_pck() {
    std::vector<crypto::Extension> extensions = {
        {std::string(evidence::kPckExtensionOid), false, evidence::encode_pck_extension(platform)}};
    if (pck_extra) extensions.push_back(*pck_extra);
    pck_certificate = make(pck, pck_key, &ca_certificate, or_own(pck_issuer, ca_key), extensions);
  }

  static std::string components_text(const std::vector<int>& svns) {
    std::string out;
    for (std::size_t i = 0; i < 16; ++i) {
      out += (i == 0 ? "{\"svn\":" : ",{\"svn\":") + std::to_string(i < svns.size() ? svns[i] : 0) + "}";
    }
    return "[" + out + "]";
  }

  static std::string module_text(const TestModule& module) {
    return "\"mrsigner\":\"" + module.mr_signer.hex() + "\",\"attributes\":\"" + module.attributes +
           "\",\"attributesMask\":\"FFFFFFFFFFFFFFFF\"";
  }

  std::string tdx_text() const {
    if (tcb_id != "TDX") return {};
    std::string identities;
    for (const TestModule& module : tdx_modules) {
      identities += (identities.empty() ? "{\"id\":\"" : ",{\"id\":\"") + module.id + "\"," + module_text(module) +
                    "," + levels_text(module.levels, true) + "}";
    }
    return "\"tdxModule\":{" + module_text(tdx_module) + "},\"tdxModuleIdentities\":[" + identities + "],";
  }

  // `qe`: of an enclave or a TDX module, which have one SVN each.
  std::string level_text(const TestLevel& level, bool qe) const {
    std::string out = "{\"tcb\":{";
    if (qe) {
      out += "\"isvsvn\":" + std::to_string(level.svn) + "}";
    } else {
      out += "\"sgxtcbcomponents\":[";
      for (int i = 0; i < 16; ++i) {
        out += (i == 0 ? "{\"svn\":" : ",{\"svn\":") + std::to_string(i < 2 ? level.svn : 0) + "}";
      }
      out += "],\"pcesvn\":" + std::to_string(level.svn);
      if (tcb_id == "TDX") out += ",\"tdxtcbcomponents\":" + components_text(level.tdx_svns);
      out += "}";
    }
    out +=
        ",\"tcbDate\":\"202" + std::to_string(level.svn) + "-01-01T00:00:00Z\",\"tcbStatus\":\"" + level.status + "\"";
    if (!level.advisory.empty()) out += ",\"advisoryIDs\":[\"" + level.advisory + "\"]";
    return out + "}";
  }

  std::string levels_text(const std::vector<TestLevel>& levels, bool qe) const {
    std::string out;
    for (const TestLevel& level : levels) out += (out.empty() ? "" : ",") + level_text(level, qe);
    return "\"tcbLevels\":[" + out + "]";
  }

  static std::string dates(UnixMs issued, UnixMs next) {
    return "\"issueDate\":\"" + evidence::format_time(issued) + "\",\"nextUpdate\":\"" + evidence::format_time(next) +
           "\"";
  }

  std::string tcb_info_body() const {
    return "{\"id\":\"" + tcb_id + "\",\"version\":3," + dates(tcb_issued, tcb_next) + ",\"fmspc\":\"" + tcb_fmspc +
           "\",\"pceId\":\"" + tcb_pce_id + "\",\"tcbType\":0,\"tcbEvaluationDataNumber\":17," + tdx_text() +
           levels_text(tcb_levels, false) + "}";
  }

  std::string qe_identity_body() const {
    return "{\"id\":\"" + qe_id + "\",\"version\":2," + dates(qe_issued, qe_next) +
           ",\"tcbEvaluationDataNumber\":17,\"miscselect\":\"00000000\",\"miscselectMask\":\"FFFFFFFF\"" +
           ",\"attributes\":\"" + qe_attributes + "\",\"attributesMask\":\"" + qe_attributes_mask +
           "\",\"mrsigner\":\"" + qe_signer.hex() + "\",\"isvprodid\":" + std::to_string(qe_product) + "," +
           levels_text(qe_levels, true) + "}";
  }

  static std::string signed_document(const std::string& name, const std::string& body, const crypto::EcKey& key) {
    return "{\"" + name + "\":" + body + ",\"signature\":\"" + to_hex(key.sign_raw(as_bytes(body))) + "\"}";
  }

  std::string crl(const TestCrl& what, const crypto::Certificate& issuer, const crypto::EcKey& key,
                  const std::vector<crypto::Certificate>& revoked) const {
    auto made = crypto::issue_crl(issuer, or_own(what.signer, key), what.this_update, what.next_update, revoked);
    return std::string(as_chars(made.der()));
  }

  evidence::Collateral collateral() const {
    std::vector<crypto::Certificate> by_root;
    if (root_revoked) by_root.push_back(root_certificate);
    if (ca_revoked) by_root.push_back(ca_certificate);
    if (tcb_revoked) by_root.push_back(tcb_certificate);
    std::vector<crypto::Certificate> by_ca;
    if (pck_revoked) by_ca.push_back(pck_certificate);
    for (std::size_t i = 0; i < pck_revoked_others; ++i) by_ca.push_back(ca_certificate);
    evidence::Collateral out;
    out.root_crl = crl(root_crl, root_certificate, root_key, by_root);
    out.pck_crl = crl(pck_crl, ca_certificate, ca_key, by_ca);
    out.pck_crl_issuer_chain = ca_certificate.pem() + root_certificate.pem();
    out.tcb_info = signed_document("tcbInfo", tcb_info_body(), or_own(tcb_signer, tcb_key));
    out.tcb_info_issuer_chain = tcb_certificate.pem() + root_certificate.pem();
    out.qe_identity = signed_document("enclaveIdentity", qe_identity_body(), or_own(qe_identity_signer, tcb_key));
    out.qe_identity_issuer_chain = out.tcb_info_issuer_chain;
    return out;
  }

  std::string pck_chain() const {
    std::string first = root_before_ca ? root_certificate.pem() : ca_certificate.pem();
    std::string second = root_before_ca ? ca_certificate.pem() : root_certificate.pem();
    return pck_certificate.pem() + first + second + chain_tail;
  }

  Bytes quote() const {
    Bytes signed_bytes =
        evidence::encode_signed_quote_bytes(header, td ? evidence::QuoteBody(*td) : evidence::QuoteBody(report));
    evidence::QuoteAuth auth;
    auth.attestation_key = attestation_key.public_key().raw();
    evidence::ReportBody qe = qe_report;
    if (bind_attestation_key) {
      auto hash = evidence::attestation_key_hash(auth.attestation_key, qe_auth_data);
      std::copy(hash.bytes.begin(), hash.bytes.end(), qe.report_data.bytes.begin());
    }
    auto qe_bytes = evidence::encode_report_body(qe);
    std::string chain = pck_chain();
    auth.qe_report_bytes = qe_bytes;
    auth.qe_report_signature = or_own(qe_report_signer, pck_key).sign_raw(qe_bytes);
    auth.qe_auth_data = qe_auth_data;
    auth.certification_type = certification_type;
    auth.certification_data = as_bytes(chain);
    auto signature = or_own(quote_signer, attestation_key).sign_raw(signed_bytes);
    return evidence::encode_quote(header.version, signed_bytes, signature, auth);
  }

  Bytes evidence() const {
    return evidence::encode_cmw(td ? evidence::kTypeTdxQuote : evidence::kTypeSgxQuote, quote());
  }

  SpkiHash root_spki() const { return root_key.public_key().spki_hash(); }

  // Everything named, tee sgx-sim.
  std::string policy_text() const {
    if (td) return td_policy_text();
    return "version = 1\nepoch = 5\n[[allow]]\ntee = \"sgx-sim\"\nroot = \"" + root_spki().hex() +
           "\"\nmeasurement = [\"" + repeated("e1") + "\"]\nimage = [\"" + repeated("1d") + "\"]\nsigner = [\"" +
           repeated("51") + "\"]\nmin_isv_svn = 3\nproduct_id = 7\n";
  }
  // Everything named, tee tdx.
  std::string td_policy_text() const {
    std::string out = "version = 1\nepoch = 5\n[[allow]]\ntee = \"tdx\"\nroot = \"" + root_spki().hex() +
                      "\"\nimage = [\"" + repeated("1d") +
                      "\"]\nmin_tee_tcb_svn = \"04010600000000000000000000000000\"\n";
    const std::pair<const char*, const char*> registers[] = {
        {"measurement", "e1"}, {"rtmr0", "a0"},           {"rtmr1", "a1"},   {"rtmr2", "a2"},         {"rtmr3", "00"},
        {"mr_owner", "0b"},    {"mr_owner_config", "0c"}, {"mr_seam", "5e"}, {"mr_signer_seam", "00"}};
    for (const auto& [key, byte] : registers) {
      out += std::string(key) + " = [\"" + repeated(byte, evidence::TdRegister::kSize) + "\"]\n";
    }
    return out;
  }
  static std::string repeated(const std::string& byte, std::size_t count = 32) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += byte;
    return out;
  }

  Policy policy(const std::string& more = "") const {
    auto parsed = parse_policy_toml(policy_text() + more);
    BRUME_CHECK(parsed.has_value());
    return *parsed;
  }

  Expected expected() const {
    Expected out;
    out.report_data.bytes.fill(0xda);
    out.now_ms = now;
    out.role = "worker";
    return out;
  }
};

}  // namespace brume::appraisal
