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
  std::vector<std::string> certificates;  // each DER of one, PEM of one or several, or a table (below)
  std::vector<std::string> crls;          // each DER, hex of DER, or PEM
  friend bool operator==(const SnpEndorsements&, const SnpEndorsements&) = default;
};

// The certificate table of an extended guest request (GHCB specification 56421, section "SNP Extended Guest Request"),
// as the host hands it to the guest and configfs-tsm names it auxblob: entries of GUID 16, offset 4, size 4
// (little-endian), ended by one of zeros, then what they point at.
bool looks_like_snp_table(ByteView bytes);
// What stands in it, in the table's order. The GUIDs are not asked: of certificates, their content says what they are.
// Refuses entries that point out of the table or into its head, and bytes but zeros that no entry names.
Result<std::vector<Bytes>> parse_snp_table(ByteView bytes);

// One part of `certificates`. In a table, what is no certificate (CRLs, words on the platform) is left out. What
// load_crl() of evidence/collateral.h is for a part of `crls`.
Result<std::vector<crypto::Certificate>> load_snp_certificates(std::string_view bytes);

}  // namespace brume::evidence
