// AMD's Key Distribution Service: VCEK certificates, certificate chains and revocation lists of SEV-SNP
// processors. AMD publication 57230, Versioned Chip Endorsement Key (VCEK) Certificate and KDS Interface
// Specification, 3 and 4.
#pragma once

#include "collateral/fetcher.h"

namespace brume::collateral {

inline constexpr const char* kAmdKds = "https://kdsintf.amd.com";

enum class SnpProduct { kMilan, kGenoa, kTurin };
// "Milan", "Genoa" (also "Bergamo", "Siena"), "Turin", in any case of letters.
Result<SnpProduct> parse_snp_product(std::string_view name);
const char* snp_product_name(SnpProduct product);

enum class EndorsementKey { kVcek, kVlek };

// Security versions of a chip: which VCEK it has at the moment.
struct SnpTcb {
  std::uint8_t fmc = 0;  // Turin only
  std::uint8_t boot_loader = 0;
  std::uint8_t tee = 0;
  std::uint8_t snp = 0;
  std::uint8_t microcode = 0;
  friend bool operator==(const SnpTcb&, const SnpTcb&) = default;
};
// The 8 bytes of TCB_VERSION, in the product's layout.
SnpTcb parse_snp_tcb(SnpProduct product, const ByteArray<8>& bytes);

// `chip_id`: as in the report, 64 bytes; of Turin's the first 8 count.
Resource vcek_resource(const std::string& base_url, SnpProduct product, const ByteArray<64>& chip_id,
                       const SnpTcb& tcb);
// ASK (or ASVK) and ARK.
Resource snp_chain_resource(const std::string& base_url, SnpProduct product, EndorsementKey key);
Resource snp_crl_resource(const std::string& base_url, SnpProduct product, EndorsementKey key);

}  // namespace brume::collateral
