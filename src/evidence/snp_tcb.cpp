#include "evidence/snp_tcb.h"

namespace brume::evidence {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"Milan", "Genoa", "Turin"};
constexpr std::array<std::string_view, 8> kMilanLayout = {"boot_loader", "tee",  "spl4", "spl5",
                                                          "spl6",        "spl7", "snp",  "microcode"};
constexpr std::array<std::string_view, 8> kTurinLayout = {"fmc",  "boot_loader", "tee",  "snp",
                                                          "spl5", "spl6",        "spl7", "microcode"};

}  // namespace

std::string_view snp_product_name(SnpProduct product) { return kNames[static_cast<std::size_t>(product)]; }

std::optional<SnpProduct> snp_product_from(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<SnpProduct>(i);
  }
  return std::nullopt;
}

std::optional<SnpProduct> snp_product_of_cpuid(std::uint8_t family, std::uint8_t model) {
  if (family == 0x19 && model <= 0x0f) return SnpProduct::kMilan;
  if (family == 0x19 && model <= 0x1f) return SnpProduct::kGenoa;
  if (family == 0x19 && model >= 0xa0 && model <= 0xaf) return SnpProduct::kGenoa;
  if (family == 0x1a && model <= 0x11) return SnpProduct::kTurin;
  return std::nullopt;
}

SnpTcb snp_tcb(const SnpTcbBytes& bytes, SnpProduct product) {
  if (product == SnpProduct::kTurin) return {bytes[0], bytes[1], bytes[2], bytes[3], bytes[7]};
  return {std::nullopt, bytes[0], bytes[1], bytes[6], bytes[7]};
}

const std::array<std::string_view, 8>& snp_tcb_names(SnpProduct product) {
  return product == SnpProduct::kTurin ? kTurinLayout : kMilanLayout;
}

bool at_most(const SnpTcbBytes& low, const SnpTcbBytes& high) {
  for (std::size_t i = 0; i < low.size(); ++i) {
    if (low[i] > high[i]) return false;
  }
  return true;
}

}  // namespace brume::evidence
