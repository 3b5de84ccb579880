#include "platform_service.h"

#include "base/hex.h"
#include "collateral/http.h"
#include "evidence/snp_certificate.h"

namespace brume::testing {
namespace {

constexpr UnixMs kDay = appraisal::TestPlatform::kDay;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string components() {
  std::string out = "[";
  for (int i = 0; i < 16; ++i) out += i == 0 ? "{\"svn\":0}" : ",{\"svn\":0}";
  return out + "]";
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Answer not_found() { return {.status = 404, .body = "no such thing"}; }

}  // namespace

PlatformService::PlatformService(UnixMs now_ms) {
  for (std::size_t i = 0; i < chip_id.kSize; ++i) chip_id.bytes[i] = static_cast<std::uint8_t>(0xc0 + i);
  renew(now_ms, false);
}

void PlatformService::renew(UnixMs now_ms, bool revoked) {
  appraisal::TestPlatform& p = platform;
  p.now = now_ms;
  for (auto* certificate : {&p.root, &p.ca, &p.tcb_signing, &p.pck}) {
    certificate->not_before = now_ms - 100 * kDay;
    certificate->not_after = now_ms + 100 * kDay;
  }
  p.root_crl.this_update = p.pck_crl.this_update = p.tcb_issued = p.qe_issued = now_ms - kDay;
  p.root_crl.next_update = p.pck_crl.next_update = p.tcb_next = p.qe_next = now_ms + kDay;
  p.pck_revoked = revoked;
  p.issue();
}

std::string PlatformService::tcb_info(bool tdx) const {
  std::string body = replaced(platform.tcb_info_body(), "Number\":17", "Number\":" + std::to_string(evaluation_number));
  if (tdx) {
    body = replaced(body, "\"id\":\"SGX\"", "\"id\":\"TDX\"");
    body = replaced(body, "],\"pcesvn\"", "],\"tdxtcbcomponents\":" + components() + ",\"pcesvn\"");
    body.pop_back();
    body += ",\"tdxModule\":{\"mrsigner\":\"" + std::string(96, '0') + "\",\"attributes\":\"" + std::string(16, '0') +
            "\",\"attributesMask\":\"" + std::string(16, 'F') + "\"}}";
  }
  return platform.signed_document("tcbInfo", body, platform.tcb_key);
}

std::string PlatformService::qe_identity(bool tdx) const {
  std::string body =
      replaced(platform.qe_identity_body(), "Number\":17", "Number\":" + std::to_string(evaluation_number));
  if (tdx) body = replaced(body, "\"id\":\"QE\"", "\"id\":\"TD_QE\"");
  return platform.signed_document("enclaveIdentity", body, platform.tcb_key);
}

Answer PlatformService::pcs(const std::string& path, const std::string& query, bool tdx) {
  const evidence::Collateral all = platform.collateral();
  const std::string tcb_chain = collateral::percent_encoded(all.tcb_info_issuer_chain);
  const std::string ca_chain = collateral::percent_encoded(all.pck_crl_issuer_chain);
  const std::string number = "tcbEvaluationDataNumber=";
  if (std::size_t at = query.find(number);
      at != query.npos && std::stoi(query.substr(at + number.size())) != evaluation_number) {
    return {.status = 410, .body = "gone"};
  }
  if (path == "tcb" && lower(query).starts_with("fmspc=" + lower(platform.tcb_fmspc))) {
    return {.headers = {{"TCB-Info-Issuer-Chain", tcb_chain}}, .body = tcb_info(tdx)};
  }
  if (path == "qe/identity") {
    return {.headers = {{"SGX-Enclave-Identity-Issuer-Chain", tcb_chain}}, .body = qe_identity(tdx)};
  }
  if (tdx) return not_found();
  if (path == "rootcacrl") return {.body = to_hex(as_bytes(all.root_crl))};
  if (path == "pckcrl" && query == "ca=platform&encoding=der") {
    return {.headers = {{"SGX-PCK-CRL-Issuer-Chain", ca_chain}}, .body = all.pck_crl};
  }
  if (path == "pckcert" && query.find("&pceid=0000") != query.npos) {
    return {.headers = {{"SGX-PCK-Certificate-Issuer-Chain", ca_chain}}, .body = platform.pck_certificate.pem()};
  }
  return not_found();
}

crypto::Certificate PlatformService::amd(const std::string& name, const crypto::EcKey& key,
                                         const crypto::Certificate* issuer) {
  const bool ca = name != "SEV-VCEK";
  const crypto::EcKey& signer = issuer == nullptr || name.starts_with("SEV-Milan") ? ark_key_ : ask_key_;
  std::vector<crypto::Extension> extensions;
  if (!ca) {
    evidence::SnpKeyExtensions says;
    says.product_name = "Milan-B0";
    says.spl.fill(0);
    says.spl[8].reset();
    says.hw_id = to_bytes(chip_id.view());
    extensions = evidence::encode_snp_key_extensions(says);
  }
  return platform.make({name, platform.now - 100 * kDay, platform.now + 100 * kDay, ca}, key, issuer, signer,
                       std::move(extensions));
}

Answer PlatformService::kds(const std::string& path, bool vlek) {
  const crypto::Certificate ark = amd("ARK-Milan", ark_key_, nullptr);
  const crypto::Certificate ask = amd(vlek ? "SEV-VLEK-Milan" : "SEV-Milan", ask_key_, &ark);
  if (path == "cert_chain") return {.body = ask.pem() + ark.pem()};
  if (path == "crl") {
    auto crl = crypto::issue_crl(ark, ark_key_, platform.now - kDay, platform.now + kDay, {});
    return {.body = std::string(as_chars(crl.der()))};
  }
  if (vlek || !path.starts_with(chip_id.hex())) return not_found();
  return {.body = std::string(as_chars(amd("SEV-VCEK", vcek_key_, &ask).der()))};
}

Answer PlatformService::answer(const Question& question) {
  std::string path = question.path.substr(0, question.path.find('?'));
  const std::string query = path.size() < question.path.size() ? question.path.substr(path.size() + 1) : "";
  auto below = [&](const std::string& prefix) { return path.starts_with(prefix) ? path.substr(prefix.size()) : ""; };
  if (auto rest = below("/sgx/certification/v4/"); !rest.empty()) return pcs(rest, query, false);
  if (auto rest = below("/tdx/certification/v4/"); !rest.empty()) return pcs(rest, query, true);
  if (auto rest = below("/vcek/v1/Milan/"); !rest.empty()) return kds(rest, false);
  if (auto rest = below("/vlek/v1/Milan/"); !rest.empty()) return kds(rest, true);
  return not_found();
}

}  // namespace brume::testing
