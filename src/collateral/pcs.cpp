#include "collateral/pcs.h"

#include "base/hex.h"
#include "collateral/http.h"
#include "evidence/qe_identity.h"
#include "evidence/tcb_info.h"

namespace brume::collateral {
namespace {

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string endpoint(const PcsOptions& options, Technology technology, const std::string& path) {
  const char* product = technology == Technology::kSgx ? "/sgx" : "/tdx";
  return without_slash(options.base_url) + product + "/certification/v4/" + path;
}

std::string upper_hex(ByteView bytes) {
  std::string out = to_hex(bytes);
  for (char& c : out) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
  return out;
}

// With neither, the server's default (standard) is asked for without saying so: a PCCS of before 2022 refuses
// the parameter.
std::string update_query(const TcbUpdate& update) {
  if (update.evaluation_number) return "tcbEvaluationDataNumber=" + std::to_string(*update.evaluation_number);
  return update.early ? "update=early" : "";
}

Status check_chain(const std::string& chain) {
  BRUME_ASSIGN(const auto certificates, evidence::load_chain(chain));
  if (certificates.size() < 2) return malformed("issuer chain: not a certificate and its root");
  return {};
}

Result<UnixMs> check_crl(const std::string& body) {
  BRUME_ASSIGN(const crypto::Crl crl, evidence::load_crl(body));
  return crl.next_update();
}

Status check_evaluation(const TcbUpdate& update, std::uint32_t number) {
  if (!update.evaluation_number || *update.evaluation_number == number) return {};
  return malformed("TCB evaluation " + std::to_string(number) + ", asked for " +
                   std::to_string(*update.evaluation_number));
}

}  // namespace

Resource root_crl_resource(const PcsOptions& options) {
  Resource out;
  out.url = options.root_crl_url;
  if (out.url.empty() && without_slash(options.base_url) == kIntelPcs) out.url = kIntelRootCrl;
  if (out.url.empty()) out.url = endpoint(options, Technology::kSgx, "rootcacrl");
  out.check = [](const std::string& body, const std::string&) { return check_crl(body); };
  return out;
}

Resource pck_crl_resource(const PcsOptions& options, PckCa ca) {
  Resource out;
  const char* name = ca == PckCa::kProcessor ? "processor" : "platform";
  out.url = endpoint(options, Technology::kSgx, std::string("pckcrl?ca=") + name + "&encoding=der");
  out.chain_header = "sgx-pck-crl-issuer-chain";
  out.check = [](const std::string& body, const std::string& chain) -> Result<UnixMs> {
    BRUME_TRY(check_chain(chain));
    return check_crl(body);
  };
  return out;
}

Resource tcb_info_resource(const PcsOptions& options, Technology technology, const evidence::Fmspc& fmspc) {
  Resource out;
  const std::string query = update_query(options.update);
  out.url = endpoint(options, technology, "tcb?fmspc=" + upper_hex(fmspc) + (query.empty() ? "" : "&" + query));
  out.chain_header = "tcb-info-issuer-chain";
  out.check = [=, update = options.update](const std::string& body, const std::string& chain) -> Result<UnixMs> {
    BRUME_TRY(check_chain(chain));
    BRUME_ASSIGN(const auto parsed, evidence::parse_tcb_info(body));
    const evidence::TcbInfo& info = parsed.info_unverified;
    const bool tdx = info.id == evidence::TcbInfoId::kTdx;
    if (tdx != (technology == Technology::kTdx)) return malformed("TCB info of the other technology");
    if (info.fmspc != fmspc) return malformed("TCB info of another FMSPC");
    BRUME_TRY(check_evaluation(update, info.evaluation_data_number));
    return info.next_update_ms;
  };
  return out;
}

Resource qe_identity_resource(const PcsOptions& options, Technology technology) {
  Resource out;
  const std::string query = update_query(options.update);
  out.url = endpoint(options, technology, "qe/identity" + (query.empty() ? "" : "?" + query));
  out.chain_header = "sgx-enclave-identity-issuer-chain";
  out.check = [=, update = options.update](const std::string& body, const std::string& chain) -> Result<UnixMs> {
    BRUME_TRY(check_chain(chain));
    BRUME_ASSIGN(const auto parsed, evidence::parse_qe_identity(body));
    const evidence::QeIdentity& identity = parsed.identity_unverified;
    const auto asked = technology == Technology::kTdx ? evidence::QeIdentityId::kTdQe : evidence::QeIdentityId::kQe;
    if (identity.id != asked) return malformed("identity of another enclave");
    BRUME_TRY(check_evaluation(update, identity.evaluation_data_number));
    return identity.next_update_ms;
  };
  return out;
}

Resource pck_certificate_resource(const PcsOptions& options, const PckCertificateRequest& request) {
  Resource out;
  const ByteArray<2> pce_svn = {static_cast<std::uint8_t>(request.pce_svn & 0xff),
                                static_cast<std::uint8_t>(request.pce_svn >> 8)};  // as the quote has it
  std::string query = "encrypted_ppid=" + to_hex(request.encrypted_ppid) + "&cpusvn=" + to_hex(request.cpu_svn) +
                      "&pcesvn=" + to_hex(pce_svn) + "&pceid=" + to_hex(request.pce_id);
  if (without_slash(options.base_url) != kIntelPcs) query += "&qeid=" + to_hex(request.qe_id);
  out.url = endpoint(options, Technology::kSgx, "pckcert?" + query);
  out.chain_header = "sgx-pck-certificate-issuer-chain";
  if (!options.api_key.empty()) out.headers.push_back("Ocp-Apim-Subscription-Key: " + options.api_key);
  out.check = [](const std::string& body, const std::string& chain) -> Result<UnixMs> {
    BRUME_TRY(check_chain(chain));
    BRUME_ASSIGN(const auto leaf, evidence::load_chain(body));
    if (leaf.size() != 1) return malformed("PCK certificate: not one certificate");
    BRUME_TRY(evidence::pck_extension_of(leaf.front()));
    return leaf.front().not_after();
  };
  return out;
}

}  // namespace brume::collateral
