// AMD's Key Distribution Service: VCEK certificates, certificate chains and revocation lists of SEV-SNP
// processors. AMD publication 57230, Versioned Chip Endorsement Key (VCEK) Certificate and KDS Interface
// Specification, 3 and 4.
#pragma once

#include "collateral/fetcher.h"
#include "evidence/snp_report.h"

namespace brume::collateral {

inline constexpr const char* kAmdKds = "https://kdsintf.amd.com";

using evidence::SnpProduct;
using evidence::SnpTcb;

// "Milan", "Genoa" (also "Bergamo", "Siena"), "Turin", in any case of letters.
Result<SnpProduct> parse_snp_product(std::string_view name);

enum class EndorsementKey { kVcek, kVlek };

// `chip_id`: as in the report, 64 bytes; of Turin's the first 8 count.
Resource vcek_resource(const std::string& base_url, SnpProduct product, const evidence::SnpChipId& chip_id,
                       const SnpTcb& tcb);
// ASK (or ASVK) and ARK.
Resource snp_chain_resource(const std::string& base_url, SnpProduct product, EndorsementKey key);
Resource snp_crl_resource(const std::string& base_url, SnpProduct product, EndorsementKey key);

}  // namespace brume::collateral
