#include "collateral/kds.h"

#include <algorithm>

#include "base/hex.h"
#include "evidence/collateral.h"
#include "evidence/snp_certificate.h"

namespace brume::collateral {
namespace {

constexpr std::size_t kTurinHwIdSize = 8;

std::string endpoint(std::string base_url, SnpProduct product, EndorsementKey key, const std::string& path) {
  while (base_url.ends_with('/')) base_url.pop_back();
  const std::string kind = key == EndorsementKey::kVcek ? "/vcek/v1/" : "/vlek/v1/";
  return base_url + kind + std::string(evidence::snp_product_name(product)) + "/" + path;
}

Result<crypto::Certificate> one_certificate(const std::string& body) {
  if (!body.starts_with("-----BEGIN")) return crypto::Certificate::from_der(as_bytes(body));
  BRUME_ASSIGN(auto all, crypto::Certificate::chain_from_pem(body, 1));
  if (all.size() != 1) return malformed("not one certificate");
  return std::move(all.front());
}

}  // namespace

Result<SnpProduct> parse_snp_product(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (lower == "milan") return SnpProduct::kMilan;
  // Their endorsements are Genoa's.
  if (lower == "genoa" || lower == "bergamo" || lower == "siena") return SnpProduct::kGenoa;
  if (lower == "turin") return SnpProduct::kTurin;
  return fail(ErrorCode::kUsage, "product: is none of Milan, Genoa, Bergamo, Siena, Turin");
}

Resource vcek_resource(const std::string& base_url, SnpProduct product, const evidence::SnpChipId& chip_id,
                       const SnpTcb& tcb) {
  const bool turin = product == SnpProduct::kTurin;
  const Bytes hw_id = to_bytes(turin ? chip_id.view().first(kTurinHwIdSize) : chip_id.view());
  std::string query = turin ? "?fmcSPL=" + std::to_string(tcb.fmc.value_or(0)) + "&" : "?";
  query += "blSPL=" + std::to_string(tcb.boot_loader) + "&teeSPL=" + std::to_string(tcb.tee) +
           "&snpSPL=" + std::to_string(tcb.snp) + "&ucodeSPL=" + std::to_string(tcb.microcode);
  Resource out;
  out.url = endpoint(base_url, product, EndorsementKey::kVcek, to_hex(hw_id) + query);
  out.check = [hw_id](const std::string& body, const std::string&) -> Result<UnixMs> {
    BRUME_ASSIGN(const crypto::Certificate vcek, one_certificate(body));
    if (vcek.subject_common_name() != "SEV-VCEK") return malformed("not a VCEK certificate");
    BRUME_ASSIGN(const auto extensions, evidence::parse_snp_key_extensions(vcek.extensions()));
    if (extensions.hw_id != hw_id) return malformed("the VCEK of another chip");
    return vcek.not_after();
  };
  return out;
}

Resource snp_chain_resource(const std::string& base_url, SnpProduct product, EndorsementKey key) {
  Resource out;
  out.url = endpoint(base_url, product, key, "cert_chain");
  // "ARK-Milan" in both chains; the other is "SEV-Milan" or "SEV-VLEK-Milan".
  out.check = [=](const std::string& body, const std::string&) -> Result<UnixMs> {
    BRUME_ASSIGN(const auto chain, crypto::Certificate::chain_from_pem(body, 2));
    if (chain.size() != 2) return malformed("not an ASK and an ARK");
    if (chain.back().subject_common_name() != "ARK-" + std::string(evidence::snp_product_name(product))) {
      return malformed("certificates of another product");
    }
    return std::min(chain.front().not_after(), chain.back().not_after());
  };
  return out;
}

Resource snp_crl_resource(const std::string& base_url, SnpProduct product, EndorsementKey key) {
  Resource out;
  out.url = endpoint(base_url, product, key, "crl");
  out.check = [](const std::string& body, const std::string&) -> Result<UnixMs> {
    BRUME_ASSIGN(const crypto::Crl crl, evidence::load_crl(body));
    return crl.next_update();
  };
  return out;
}

}  // namespace brume::collateral
