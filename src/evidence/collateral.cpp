#include "evidence/collateral.h"

#include <algorithm>

#include "base/hex.h"
#include "crypto/text.h"
#include "evidence/json_cursor.h"

namespace brume::evidence {
namespace {

constexpr std::size_t kChainCountLimit = 4;
constexpr std::size_t kBundleSizeLimit = 16u << 20;

struct Part {
  std::string_view name;
  std::string Collateral::* field;
};

constexpr Part kParts[] = {
    {"root_crl", &Collateral::root_crl},
    {"pck_crl", &Collateral::pck_crl},
    {"pck_crl_issuer_chain", &Collateral::pck_crl_issuer_chain},
    {"tcb_info", &Collateral::tcb_info},
    {"tcb_info_issuer_chain", &Collateral::tcb_info_issuer_chain},
    {"qe_identity", &Collateral::qe_identity},
    {"qe_identity_issuer_chain", &Collateral::qe_identity_issuer_chain},
    {"pck_chain", &Collateral::pck_chain},
};

std::string_view without_tail(std::string_view text) {
  while (!text.empty() && (text.back() == '\0' || text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  return text;
}

// RFC 3986 percent-encoding, as HTTP headers carry PEM.
Result<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return malformed("certificate chain: percent-encoding ends early");
    auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte) return malformed("certificate chain: percent-encoding is not hex");
    out += static_cast<char>(byte->front());
    i += 2;
  }
  return out;
}

}  // namespace

Result<crypto::Crl> load_crl(std::string_view bytes) {
  if (bytes.size() > kCollateralPartSizeLimit) return fail(ErrorCode::kLimit, "CRL: longer than 1 MiB");
  if (bytes.starts_with("-----BEGIN")) {
    BRUME_ASSIGN(auto blocks, crypto::from_pem("X509 CRL", bytes, 1));
    if (blocks.size() != 1) return malformed("CRL: not one PEM block");
    return crypto::Crl::from_der(blocks.front());
  }
  // DER begins with SEQUENCE and a long length: 0x30 0x8x, which is no hex digit.
  if (bytes.size() > 1 && static_cast<std::uint8_t>(bytes[1]) >= 0x80) return crypto::Crl::from_der(as_bytes(bytes));
  auto der = from_hex(without_tail(bytes));
  if (!der) return malformed("CRL: neither DER, nor hex of DER, nor PEM");
  return crypto::Crl::from_der(*der);
}

Result<std::vector<crypto::Certificate>> load_chain(std::string_view bytes) {
  if (bytes.size() > kCollateralPartSizeLimit) return fail(ErrorCode::kLimit, "certificate chain: longer than 1 MiB");
  if (bytes.find('%') == std::string_view::npos) return crypto::Certificate::chain_from_pem(bytes, kChainCountLimit);
  BRUME_ASSIGN(std::string decoded, percent_decoded(bytes));
  return crypto::Certificate::chain_from_pem(decoded, kChainCountLimit);
}

Result<Collateral> parse_collateral(std::string_view text) {
  if (text.size() > kBundleSizeLimit) return fail(ErrorCode::kLimit, "collateral: longer than 16 MiB");
  static constexpr std::string_view kNames[] = {"version",     "root_crl",
                                                "pck_crl",     "pck_crl_issuer_chain",
                                                "tcb_info",    "tcb_info_issuer_chain",
                                                "qe_identity", "qe_identity_issuer_chain",
                                                "pck_chain"};
  Collateral out;
  JsonCursor json(text);
  json.object(kNames, 0x1ff, [&](std::size_t name) {
    if (name == 0) {
      if (json.number(1) != 1) json.fault("a version that is not 1");
      return;
    }
    auto bytes = crypto::from_base64(json.string());
    if (!bytes || bytes->size() > kCollateralPartSizeLimit) return json.fault("a part is not base64 of at most 1 MiB");
    out.*kParts[name - 1].field = std::string(as_chars(*bytes));
  });
  BRUME_TRY(json.done("collateral"));
  return out;
}

std::string encode_collateral(const Collateral& collateral) {
  std::string out = "{\"version\":1";
  for (const Part& part : kParts) {
    out += ",\"";
    out += part.name;
    out += "\":\"" + crypto::base64(as_bytes(collateral.*part.field)) + "\"";
  }
  return out + "}\n";
}

}  // namespace brume::evidence
