// How SEV-SNP's values are written: in policies, refusals and reports.
#pragma once

#include <optional>
#include <string>

#include "appraisal/snp_rules.h"

namespace brume::appraisal {

std::string snp_tcb_text(const evidence::SnpTcb& tcb);                 // "boot_loader 3, tee 0, snp 22, microcode 209"
std::string snp_firmware_text(const evidence::SnpFirmware& firmware);  // "1.55.20": major, minor, build
std::optional<evidence::SnpFirmware> snp_firmware_from(std::string_view text);
std::string_view snp_requirement_name(SnpRequirement requirement);  // "single-socket"
std::optional<SnpRequirement> snp_requirement_from(std::string_view name);
std::string_view snp_revocation_name(SnpRevocation revocation);  // "checked", "stale", "unchecked"

}  // namespace brume::appraisal
