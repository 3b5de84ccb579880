// What AMD writes into the certificates of VCEK and VLEK (AMD 57230, "Versioned Chip Endorsement Key (VCEK)
// Certificate and KDS Interface Specification", chapter 3; 58369 for VLEK): extensions below 1.3.6.1.4.1.3704.1.
#pragma once

#include "crypto/x509.h"
#include "evidence/snp_tcb.h"

namespace brume::evidence {

struct SnpKeyExtensions {
  std::uint32_t struct_version = 0;                  // 0, or 1 from Turin on
  std::string product_name;                          // "Milan-B0", "Genoa"; its stepping is not reliable
  std::array<std::optional<std::uint8_t>, 9> spl{};  // .3.1 to .3.9: bl, tee, snp, spl4 to spl7, ucode, fmc
  std::optional<Bytes> hw_id;                        // VCEK: 64 bytes, or 8 from Turin on
  std::optional<std::string> csp_id;                 // VLEK: the cloud that holds it

  // "Milan" of "Milan-B0"; nothing for what is not known.
  std::optional<SnpProduct> product() const;
  // As TCB_VERSION of that product would hold them. Refuses a product's missing component and a foreign one.
  Result<SnpTcbBytes> tcb(SnpProduct product) const;
};

// Refuses unknown extensions of that arc, and encodings other than AMD's: numbers are DER INTEGERs up to 255, names
// IA5Strings, hw_id bare bytes (which may look like anything: no tag is looked for).
Result<SnpKeyExtensions> parse_snp_key_extensions(const std::vector<crypto::Extension>& extensions);
// What parse_snp_key_extensions() reads back.
std::vector<crypto::Extension> encode_snp_key_extensions(const SnpKeyExtensions& extensions);

}  // namespace brume::evidence
