#include "appraisal/snp_names.h"

#include <array>
#include <charconv>

namespace brume::appraisal {
namespace {

constexpr std::array<std::string_view, 8> kRequirements = {
    "single-socket",      "aes-256-xts", "rapl-disabled", "ciphertext-hiding",
    "page-swap-disabled", "ecc",         "tsme",          "alias-check"};

}  // namespace

std::string snp_tcb_text(const evidence::SnpTcb& tcb) {
  std::string out = tcb.fmc ? "fmc " + std::to_string(*tcb.fmc) + ", " : "";
  out += "boot_loader " + std::to_string(tcb.boot_loader) + ", tee " + std::to_string(tcb.tee);
  return out + ", snp " + std::to_string(tcb.snp) + ", microcode " + std::to_string(tcb.microcode);
}

std::string snp_firmware_text(const evidence::SnpFirmware& firmware) {
  return std::to_string(firmware.major) + "." + std::to_string(firmware.minor) + "." + std::to_string(firmware.build);
}

std::optional<evidence::SnpFirmware> snp_firmware_from(std::string_view text) {
  std::array<std::uint8_t, 3> parts{};
  const char* at = text.data();
  const char* end = text.data() + text.size();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) {
      if (at == end || *at != '.') return std::nullopt;
      ++at;
    }
    const auto read = std::from_chars(at, end, parts[i]);
    if (read.ec != std::errc()) return std::nullopt;
    at = read.ptr;
  }
  if (at != end) return std::nullopt;
  return evidence::SnpFirmware{.build = parts[2], .minor = parts[1], .major = parts[0]};
}

std::string_view snp_requirement_name(SnpRequirement requirement) {
  return kRequirements[static_cast<std::size_t>(requirement)];
}

std::optional<SnpRequirement> snp_requirement_from(std::string_view name) {
  for (std::size_t i = 0; i < kRequirements.size(); ++i) {
    if (kRequirements[i] == name) return static_cast<SnpRequirement>(i);
  }
  return std::nullopt;
}

std::string_view snp_revocation_name(SnpRevocation revocation) {
  constexpr std::array<std::string_view, 3> kNames = {"unchecked", "stale", "checked"};
  return kNames[static_cast<std::size_t>(revocation)];
}

}  // namespace brume::appraisal
