#include "tee/sim_pki.h"

#include "base/check.h"
#include "crypto/hash.h"
#include "crypto/text.h"
#include "evidence/json_cursor.h"
#include "tee/sim_documents.h"

namespace brume::tee {
namespace {

constexpr UnixMs kHourMs = 3'600'000;
constexpr UnixMs kDayMs = 24 * kHourMs;
constexpr UnixMs kYearMs = 365 * kDayMs;
constexpr UnixMs kRootYears = 20;
constexpr UnixMs kPckYears = 7;
constexpr UnixMs kCollateralDays = 30;
constexpr std::size_t kStoreSizeLimit = 1u << 20;
constexpr std::size_t kRevokedLimit = 4096;

// Names as the real profile has them (the verifier looks for the same words), marked as simulated.
constexpr const char* kRootName = "Brume Simulated SGX Root CA";
constexpr const char* kCaName = "Brume Simulated SGX PCK Platform CA";
constexpr const char* kTcbName = "Brume Simulated SGX TCB Signing";
constexpr const char* kPckName = "Brume Simulated SGX PCK Certificate";
// Where a list could be fetched from: nowhere, it travels with the collateral (RFC 2606).
constexpr const char* kCrlUrl = "https://simulator.invalid/root.crl";

UnixMs or_default(UnixMs value, UnixMs fallback) { return value != 0 ? value : fallback; }

crypto::CertificateRequest request_for(const char* name, UnixMs not_before, UnixMs not_after, bool ca) {
  crypto::CertificateRequest request;
  request.common_name = name;
  request.not_before = not_before;
  request.not_after = not_after;
  request.ca = ca;
  request.crl_url = kCrlUrl;
  return request;
}

std::string field(std::string_view name, std::string_view text) {
  return ",\"" + std::string(name) + "\":\"" + crypto::base64(as_bytes(text)) + "\"";
}

std::string read_field(evidence::JsonCursor& json) {
  auto bytes = crypto::from_base64(json.string());
  if (!bytes) {
    json.fault("a field is not base64");
    return {};
  }
  return std::string(as_chars(*bytes));
}

void read_version(evidence::JsonCursor& json) {
  if (json.number(1) != 1) json.fault("a version that is not 1");
}

Result<crypto::Certificate> one_certificate(std::string_view pem) {
  BRUME_ASSIGN(auto chain, crypto::Certificate::chain_from_pem(pem, 1));
  if (chain.size() != 1) return malformed("not one certificate");
  return chain.front();
}

}  // namespace

SignerId sim_qe_signer() { return {crypto::sha256(as_bytes("brume simulated quoting enclave: signer")).bytes}; }

Measurement sim_qe_measurement() { return {crypto::sha256(as_bytes("brume simulated quoting enclave: code")).bytes}; }

evidence::ReportBody sim_qe_report_body(const ReportData& report_data) {
  evidence::ReportBody body;
  body.attribute_flags = evidence::kAttributeInit | evidence::kAttributeMode64 | evidence::kAttributeProvisionKey;
  body.attribute_xfrm = 3;
  body.mr_enclave = sim_qe_measurement();
  body.mr_signer = sim_qe_signer();
  body.isv_prod_id = kSimQeProductId;
  body.isv_svn = kSimQeIsvSvn;
  body.report_data = report_data;
  return body;
}

crypto::Certificate PlatformKeys::pck_certificate() const {
  auto chain = crypto::Certificate::chain_from_pem(pck_chain_pem, 3);
  BRUME_CHECK(chain && chain->size() == 3);
  return chain->front();
}

std::string PlatformKeys::save() const {
  return "{\"version\":1" + field("pck_key", pck_key.pkcs8_pem()) + field("pck_chain", pck_chain_pem) +
         field("fuse_secret", as_chars(fuse_secret.reveal())) + "}\n";
}

Result<PlatformKeys> PlatformKeys::load(std::string_view text) {
  static constexpr std::string_view kNames[] = {"version", "pck_key", "pck_chain", "fuse_secret"};
  if (text.size() > kStoreSizeLimit) return fail(ErrorCode::kLimit, "platform keys: longer than 1 MiB");
  std::string fields[4];
  evidence::JsonCursor json(text);
  json.object(kNames, 0b1111, [&](std::size_t name) {
    if (name == 0) return read_version(json);
    fields[name] = read_field(json);
  });
  BRUME_TRY(json.done("platform keys"));
  BRUME_ASSIGN(auto key, crypto::EcKey::from_pkcs8_pem(fields[1]));
  BRUME_ASSIGN(auto chain, crypto::Certificate::chain_from_pem(fields[2], 3));
  if (chain.size() != 3) return malformed("platform keys: not a chain of three certificates");
  BRUME_ASSIGN(auto platform, evidence::pck_extension_of(chain.front()));
  BRUME_ASSIGN(auto certified, chain.front().public_key());
  if (certified.spki_hash() != key.public_key().spki_hash()) {
    return malformed("platform keys: key and certificate do not fit");
  }
  BRUME_ASSIGN(auto secret, crypto::Key32::from(as_bytes(fields[3])));
  return PlatformKeys{key, fields[2], platform, secret};
}

SimRoot SimRoot::create(Random& random, UnixMs now_ms) {
  UnixMs begin = now_ms - kHourMs;
  UnixMs end = now_ms + kRootYears * kYearMs;
  auto root_key = crypto::EcKey::generate();
  auto ca_key = crypto::EcKey::generate();
  auto tcb_key = crypto::EcKey::generate();
  auto root = crypto::issue_certificate(request_for(kRootName, begin, end, true), root_key.public_key(), nullptr,
                                        root_key, random);
  auto ca =
      crypto::issue_certificate(request_for(kCaName, begin, end, true), ca_key.public_key(), &root, root_key, random);
  auto tcb = crypto::issue_certificate(request_for(kTcbName, begin, end, false), tcb_key.public_key(), &root, root_key,
                                       random);
  return SimRoot(root_key, ca_key, tcb_key, root, ca, tcb);
}

std::string SimRoot::save() const {
  std::string revoked;
  for (const auto& certificate : revoked_) revoked += certificate.pem();
  return "{\"version\":1" + field("root_key", root_key_.pkcs8_pem()) + field("ca_key", ca_key_.pkcs8_pem()) +
         field("tcb_key", tcb_key_.pkcs8_pem()) + field("root", root_.pem()) + field("ca", ca_.pem()) +
         field("tcb", tcb_.pem()) + field("revoked", revoked) + "}\n";
}

Result<SimRoot> SimRoot::load(std::string_view text) {
  static constexpr std::string_view kNames[] = {"version", "root_key", "ca_key", "tcb_key",
                                                "root",    "ca",       "tcb",    "revoked"};
  if (text.size() > kStoreSizeLimit) return fail(ErrorCode::kLimit, "simulator root: longer than 1 MiB");
  std::string fields[8];
  evidence::JsonCursor json(text);
  json.object(kNames, 0xff, [&](std::size_t name) {
    if (name == 0) return read_version(json);
    fields[name] = read_field(json);
  });
  BRUME_TRY(json.done("simulator root"));
  BRUME_ASSIGN(auto root_key, crypto::EcKey::from_pkcs8_pem(fields[1]));
  BRUME_ASSIGN(auto ca_key, crypto::EcKey::from_pkcs8_pem(fields[2]));
  BRUME_ASSIGN(auto tcb_key, crypto::EcKey::from_pkcs8_pem(fields[3]));
  BRUME_ASSIGN(auto root, one_certificate(fields[4]));
  BRUME_ASSIGN(auto ca, one_certificate(fields[5]));
  BRUME_ASSIGN(auto tcb, one_certificate(fields[6]));
  SimRoot out(root_key, ca_key, tcb_key, root, ca, tcb);
  if (!fields[7].empty()) {
    BRUME_ASSIGN(out.revoked_, crypto::Certificate::chain_from_pem(fields[7], kRevokedLimit));
  }
  return out;
}

Result<PlatformKeys> SimRoot::issue_platform(Random& random, const PlatformRequest& request) const {
  evidence::PckExtension platform;
  random.fill(platform.ppid);
  platform.component_svns = sim_components(request.svn);
  platform.pce_svn = request.svn;
  platform.cpu_svn = sim_components(request.svn);
  platform.pce_id = request.pce_id;
  platform.fmspc = request.fmspc;
  platform.sgx_type = evidence::SgxType::kScalable;
  platform.platform_instance_id = ByteArray<16>{};
  random.fill(*platform.platform_instance_id);
  platform.configuration =
      evidence::PckConfiguration{.dynamic_platform = false, .cached_keys = true, .smt_enabled = true};
  UnixMs begin = or_default(request.not_before_ms, request.now_ms - kHourMs);
  UnixMs end = or_default(request.not_after_ms, request.now_ms + kPckYears * kYearMs);
  if (begin > end) return fail(ErrorCode::kUsage, "platform: its validity ends before it begins");
  auto certificate_request = request_for(kPckName, begin, end, false);
  certificate_request.extensions.push_back(
      {std::string(evidence::kPckExtensionOid), false, evidence::encode_pck_extension(platform)});
  auto key = crypto::EcKey::generate();
  auto pck = crypto::issue_certificate(certificate_request, key.public_key(), &ca_, ca_key_, random);
  return PlatformKeys{key, pck.pem() + ca_.pem() + root_.pem(), platform, crypto::Key32::random(random)};
}

evidence::Collateral SimRoot::collateral(const CollateralRequest& request) const {
  UnixMs issued = or_default(request.issued_ms, request.now_ms - kHourMs);
  UnixMs next = or_default(request.next_update_ms, request.now_ms + kCollateralDays * kDayMs);
  std::vector<crypto::Certificate> by_root;
  if (request.revoke_pck_ca) by_root.push_back(ca_);
  if (request.revoke_tcb_signing) by_root.push_back(tcb_);
  evidence::Collateral out;
  out.root_crl = std::string(as_chars(crypto::issue_crl(root_, root_key_, issued, next, by_root).der()));
  out.pck_crl = std::string(as_chars(crypto::issue_crl(ca_, ca_key_, issued, next, revoked_).der()));
  out.pck_crl_issuer_chain = ca_.pem() + root_.pem();
  out.tcb_info = signed_document("tcbInfo", sim_tcb_info(request, issued, next), tcb_key_);
  out.tcb_info_issuer_chain = tcb_.pem() + root_.pem();
  out.qe_identity = signed_document("enclaveIdentity", sim_qe_identity(request, issued, next), tcb_key_);
  out.qe_identity_issuer_chain = out.tcb_info_issuer_chain;
  return out;
}

}  // namespace brume::tee
