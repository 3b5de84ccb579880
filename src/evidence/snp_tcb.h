// What a TCB_VERSION of SEV-SNP means: eight bytes whose order depends on the product (SEV-SNP Firmware ABI
// Specification 56860, "TCB Version").
#pragma once

#include <optional>

#include "base/ids.h"

namespace brume::evidence {

enum class SnpProduct { kMilan, kGenoa, kTurin };

std::string_view snp_product_name(SnpProduct product);  // as AMD's certificates have it: "Milan"
std::optional<SnpProduct> snp_product_from(std::string_view name);
// By CPUID: family 19h models 00h-0Fh Milan, 10h-1Fh and A0h-AFh Genoa (with Bergamo and Siena), family 1Ah models
// 00h-11h Turin. Nothing for what is not known.
std::optional<SnpProduct> snp_product_of_cpuid(std::uint8_t family, std::uint8_t model);

// As it stands in reports: compared byte by byte, whatever the layout.
using SnpTcbBytes = ByteArray<8>;

struct SnpTcb {
  std::optional<std::uint8_t> fmc;  // from Turin on
  std::uint8_t boot_loader = 0;
  std::uint8_t tee = 0;
  std::uint8_t snp = 0;
  std::uint8_t microcode = 0;
  friend bool operator==(const SnpTcb&, const SnpTcb&) = default;
};

SnpTcb snp_tcb(const SnpTcbBytes& bytes, SnpProduct product);
// What each of the eight bytes is: "boot_loader", "spl4" for what is reserved.
const std::array<std::string_view, 8>& snp_tcb_names(SnpProduct product);
// Every component at most the other's, the reserved ones too.
bool at_most(const SnpTcbBytes& low, const SnpTcbBytes& high);

}  // namespace brume::evidence
