// What a verifier needs besides the quote (RFC 9334: endorsements): certificate chains, revocation
// lists, TCB info and QE identity, in the forms in which PCS and PCCS deliver them.
#pragma once

#include "crypto/x509.h"

namespace brume::evidence {

// A whole bundle of a platform family has 30 KB, a long CRL adds 10.
inline constexpr std::size_t kCollateralPartSizeLimit = 1u << 20;

// As delivered: nothing is parsed, an empty part is missing.
struct Collateral {
  std::string root_crl;                  // DER, hex of DER, or PEM
  std::string pck_crl;                   // DER, hex of DER, or PEM
  std::string pck_crl_issuer_chain;      // PEM (URL-encoded as in HTTP headers, too): CA, root; may be missing
  std::string tcb_info;                  // JSON, with its signature
  std::string tcb_info_issuer_chain;     // PEM: TCB signing, root
  std::string qe_identity;               // JSON, with its signature
  std::string qe_identity_issuer_chain;  // PEM: TCB signing, root
  std::string pck_chain;                 // PEM: for quotes that do not carry it (types 1 to 4); may be missing
  friend bool operator==(const Collateral&, const Collateral&) = default;
};

// DER, hex text of DER (a trailing NUL or line end allowed), or PEM.
Result<crypto::Crl> load_crl(std::string_view bytes);
// PEM, plain or URL-encoded, at most 4 certificates; trailing NULs allowed.
Result<std::vector<crypto::Certificate>> load_chain(std::string_view bytes);

// One JSON document {"version": 1, "root_crl": base64, ...}, every part in base64 so that it stays
// verbatim: docs/formats/collateral.md. What parses encodes to an equal bundle.
Result<Collateral> parse_collateral(std::string_view json);
std::string encode_collateral(const Collateral& collateral);

}  // namespace brume::evidence
