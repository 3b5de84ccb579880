// The TD report: what the TDX module says about a trust domain (Intel TDX DCAP Quoting Library API, A.3.2: "TD Quote
// Body"; TDX Module ABI, TDREPORT). Little-endian, fixed sizes; three generations, each the one before and
// more behind it. MRTD and the RTMRs are SHA-384.
#pragma once

#include <optional>

#include "base/ids.h"

namespace brume::evidence {

struct TdRegisterTag {};
// MRTD, RTMRs and their like: 48 bytes each.
using TdRegister = FixedBytes<TdRegisterTag, 48>;
using TeeTcbSvn = ByteArray<16>;

inline constexpr std::size_t kTdReport10Size = 584;
inline constexpr std::size_t kTdReport15Size = 648;
inline constexpr std::size_t kTdReport15ExSize = 885;
inline constexpr std::size_t kRtmrCount = 4;

// TD_ATTRIBUTES. Bits 0 to 7 are "TD under debug": any of them makes the TD untrusted.
inline constexpr std::uint64_t kTdAttributeDebug = 1u << 0;
inline constexpr std::uint64_t kTdAttributesUnderDebug = 0xff;
inline constexpr std::uint64_t kTdAttributeSeptVeDisable = 1u << 28;
inline constexpr std::uint64_t kTdAttributeMigratable = 1u << 29;
inline constexpr std::uint64_t kTdAttributePks = 1u << 30;
inline constexpr std::uint64_t kTdAttributeKl = 1u << 31;
inline constexpr std::uint64_t kTdAttributePerfmon = 1ull << 63;
inline constexpr std::uint64_t kTdAttributesKnown = kTdAttributesUnderDebug | kTdAttributeSeptVeDisable |
                                                    kTdAttributeMigratable | kTdAttributePks | kTdAttributeKl |
                                                    kTdAttributePerfmon;

// TEE_TCB_SVN: byte 0 is the TDX module's own SVN, byte 1 its major version.
inline std::uint8_t tdx_module_svn(const TeeTcbSvn& svn) { return svn[0]; }
inline std::uint8_t tdx_module_version(const TeeTcbSvn& svn) { return svn[1]; }

// What TDX 1.5 adds: the TCB as it is now, after updates without a restart, and the bound service TDs.
struct TdReport15 {
  TeeTcbSvn tee_tcb_svn2{};
  TdRegister mr_service_td;
  friend bool operator==(const TdReport15&, const TdReport15&) = default;
};

// What TDX 1.5 reports of a TD that may have migrated: the TCB it began on, service TDs then and now.
struct TdReport15Ex {
  std::uint8_t vm_id = 0;
  ByteArray<32> td_id{};
  ByteArray<48> device_info{};
  TdRegister init_service_td_hash;
  std::uint64_t init_service_td_attributes = 0;
  ByteArray<16> init_cpu_svn{};
  TeeTcbSvn init_tee_tcb_svn{};
  ByteArray<12> init_tee_fmspc{};
  TdRegister current_service_td_hash;
  std::uint64_t current_service_td_attributes = 0;
  friend bool operator==(const TdReport15Ex&, const TdReport15Ex&) = default;
};

struct TdReport {
  TeeTcbSvn tee_tcb_svn{};
  TdRegister mr_seam;
  TdRegister mr_signer_seam;
  std::uint64_t seam_attributes = 0;
  std::uint64_t td_attributes = 0;
  std::uint64_t xfam = 0;
  TdRegister mr_td;
  TdRegister mr_config_id;
  TdRegister mr_owner;
  TdRegister mr_owner_config;
  std::array<TdRegister, kRtmrCount> rtmr{};
  ReportData report_data;
  std::optional<TdReport15> v15;
  std::optional<TdReport15Ex> v15_ex;  // only with v15

  // Whether the host can look into the TD.
  bool debug() const { return (td_attributes & kTdAttributesUnderDebug) != 0; }
  std::size_t size() const { return v15_ex ? kTdReport15ExSize : v15 ? kTdReport15Size : kTdReport10Size; }
  friend bool operator==(const TdReport&, const TdReport&) = default;
};

// The size says which of the three it is; any other is refused. Says nothing about who made the bytes.
Result<TdReport> parse_td_report(ByteView bytes);
// report.size() bytes.
Bytes encode_td_report(const TdReport& report);

}  // namespace brume::evidence
