// The attestation report of an SEV-SNP guest (SEV-SNP Firmware ABI Specification 56860, table "ATTESTATION_REPORT"),
// versions 2 to 5: 1184 bytes, little-endian.
//
//   000 version 4 | guest_svn 4 | policy 8 | family_id 16 | image_id 16 | 030 vmpl 4 | signature_algo 4 |
//   current_tcb 8 | 040 platform_info 8 | key_info 4 | zero 4 | 050 report_data 64 | 090 measurement 48 |
//   0C0 host_data 32 | 0E0 id_key_digest 48 | 110 author_key_digest 48 | 140 report_id 32 | 160 report_id_ma 32 |
//   180 reported_tcb 8 | 188 from version 3: family, model, stepping, 1 each | zero to 1A0 | chip_id 64 |
//   1E0 committed_tcb 8 | current build, minor, major 1 each | zero 1 | committed build, minor, major | zero 1 |
//   1F0 launch_tcb 8 | 1F8 from version 5: launch_mit_vector 8, current_mit_vector 8 | zero to 2A0 |
//   2A0 signature: r 72, s 72, zero 368
//
// The signature covers 000-29F. What follows s is covered by nothing, so it must be zero.
#pragma once

#include "evidence/snp_tcb.h"

namespace brume::evidence {

inline constexpr std::size_t kSnpReportSize = 1184;
inline constexpr std::size_t kSnpSignedSize = 0x2a0;
// `vmpl` of a report that the host asked for, not the guest (MSG "SNP_HV_REPORT_REQ").
inline constexpr std::uint32_t kSnpVmplHost = 0xffffffff;

struct SnpMeasurementTag {};
struct SnpKeyDigestTag {};
struct SnpChipIdTag {};
struct SnpHostDataTag {};
struct SnpGuestIdTag {};
struct SnpReportIdTag {};
using SnpMeasurement = FixedBytes<SnpMeasurementTag, 48>;  // SHA-384 launch digest
using SnpKeyDigest = FixedBytes<SnpKeyDigestTag, 48>;      // SHA-384 of an ID key or author key
using SnpChipId = FixedBytes<SnpChipIdTag, 64>;
using SnpHostData = FixedBytes<SnpHostDataTag, 32>;
using SnpGuestId = FixedBytes<SnpGuestIdTag, 16>;  // FAMILY_ID and IMAGE_ID
using SnpReportId = FixedBytes<SnpReportIdTag, 32>;

// Table "GUEST_POLICY": what the guest's owner asked for at launch.
struct SnpGuestPolicy {
  std::uint64_t bits = 0;
  std::uint8_t abi_minor() const { return static_cast<std::uint8_t>(bits); }
  std::uint8_t abi_major() const { return static_cast<std::uint8_t>(bits >> 8); }
  bool has(unsigned bit) const { return (bits >> bit & 1) != 0; }
  bool smt() const { return has(16); }
  bool migration() const { return has(18); }  // a migration agent may be associated
  bool debug() const { return has(19); }      // the host may read the guest
  bool single_socket() const { return has(20); }
  bool cxl() const { return has(21); }
  bool aes_256_xts() const { return has(22); }
  bool rapl_disabled() const { return has(23); }
  bool ciphertext_hiding() const { return has(24); }
  bool page_swap_disabled() const { return has(25); }
};

// Table "PLATFORM_INFO". Bit 6 is reserved, but real Turin firmware sets it.
struct SnpPlatformInfo {
  std::uint64_t bits = 0;
  bool has(unsigned bit) const { return (bits >> bit & 1) != 0; }
  bool smt() const { return has(0); }
  bool tsme() const { return has(1); }
  bool ecc() const { return has(2); }
  bool rapl_disabled() const { return has(3); }
  bool ciphertext_hiding() const { return has(4); }
  bool alias_check() const { return has(5); }
  bool tio() const { return has(7); }
  std::uint64_t unknown() const { return bits >> 8; }
};

enum class SnpSigningKey : std::uint8_t { kVcek = 0, kVlek = 1, kNone = 7 };

struct SnpKeyInfo {
  bool author_key = false;
  bool mask_chip_key = false;
  SnpSigningKey signing_key = SnpSigningKey::kVcek;
};

struct SnpCpuid {
  std::uint8_t family = 0;
  std::uint8_t model = 0;
  std::uint8_t stepping = 0;
};

struct SnpFirmware {
  std::uint8_t build = 0;
  std::uint8_t minor = 0;
  std::uint8_t major = 0;
};

struct SnpMitigations {
  std::uint64_t launch = 0;
  std::uint64_t current = 0;
};

// Claims until the signature has been verified.
struct SnpReport {
  std::uint32_t version = 0;
  std::uint32_t guest_svn = 0;
  SnpGuestPolicy policy;
  SnpGuestId family_id;
  SnpGuestId image_id;
  std::uint32_t vmpl = 0;  // 0 to 3, or kSnpVmplHost
  SnpTcbBytes current_tcb{};
  SnpPlatformInfo platform_info;
  SnpKeyInfo key_info;
  ReportData report_data;
  SnpMeasurement measurement;
  SnpHostData host_data;
  SnpKeyDigest id_key_digest;
  SnpKeyDigest author_key_digest;
  SnpReportId report_id;
  SnpReportId report_id_ma;
  SnpTcbBytes reported_tcb{};
  std::optional<SnpCpuid> cpuid;  // from version 3
  SnpChipId chip_id;
  SnpTcbBytes committed_tcb{};
  SnpFirmware current_firmware;
  SnpFirmware committed_firmware;
  SnpTcbBytes launch_tcb{};
  std::optional<SnpMitigations> mitigations;  // from version 5
  ByteArray<48> signature_r{};                // big-endian
  ByteArray<48> signature_s{};

  bool chip_id_masked() const { return chip_id == SnpChipId{}; }
};

// Refuses every other size and version, every signature algorithm but ECDSA P-384 with SHA-384, and reserved bits and
// bytes that are not as the specification says. What parses encodes to the same bytes.
Result<SnpReport> parse_snp_report(ByteView bytes);
Bytes encode_snp_report(const SnpReport& report);
// What the signature covers. `bytes` has parsed.
inline ByteView snp_signed_part(ByteView bytes) { return bytes.first(kSnpSignedSize); }

}  // namespace brume::evidence
