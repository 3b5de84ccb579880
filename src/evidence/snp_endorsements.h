// What a verifier of SEV-SNP needs besides the report: AMD's certificates and revocation lists, as KDS delivers them
// and as clouds hand them out.
#pragma once

#include "crypto/x509.h"

namespace brume::evidence {

inline constexpr std::size_t kSnpEndorsementSizeLimit = 1u << 20;
inline constexpr std::size_t kSnpEndorsementCountLimit = 64;  // certificates in one part

// As delivered: nothing is parsed. In any order; which certificate is what (VCEK or VLEK, ASK or ASVK, ARK), its
// content says.
struct SnpEndorsements {
  std::vector<std::string> certificates;  // each DER of one, or PEM of one or several
  std::vector<std::string> crls;          // each DER, hex of DER, or PEM
  friend bool operator==(const SnpEndorsements&, const SnpEndorsements&) = default;
};

// One part of `certificates`. What load_crl() of evidence/collateral.h is for a part of `crls`.
Result<std::vector<crypto::Certificate>> load_snp_certificates(std::string_view bytes);

}  // namespace brume::evidence
