// The SGX REPORT: what the processor says about an enclave (Intel SDM vol. 3D, 38.15 and 38.16;
// the fields of Key Separation and Sharing included). Little-endian, fixed size.
#pragma once

#include "base/ids.h"

namespace brume::evidence {

inline constexpr std::size_t kReportBodySize = 384;
inline constexpr std::size_t kReportSize = 432;
inline constexpr std::size_t kConfigIdSize = 64;

// ATTRIBUTES.FLAGS, SDM vol. 3D, 38.7.1.
inline constexpr std::uint64_t kAttributeInit = 1u << 0;
inline constexpr std::uint64_t kAttributeDebug = 1u << 1;
inline constexpr std::uint64_t kAttributeMode64 = 1u << 2;
inline constexpr std::uint64_t kAttributeProvisionKey = 1u << 4;
inline constexpr std::uint64_t kAttributeEinittokenKey = 1u << 5;
inline constexpr std::uint64_t kAttributeKss = 1u << 7;
inline constexpr std::uint64_t kAttributeAexNotify = 1u << 10;

using CpuSvn = ByteArray<16>;

// REPORTBODY: bytes 0..383 of a REPORT, and the enclave part of a quote. Reserved fields are zero.
struct ReportBody {
  CpuSvn cpu_svn{};
  std::uint32_t misc_select = 0;
  ByteArray<16> isv_ext_prod_id{};
  std::uint64_t attribute_flags = 0;
  std::uint64_t attribute_xfrm = 0;
  Measurement mr_enclave;
  SignerId mr_signer;
  ByteArray<kConfigIdSize> config_id{};
  std::uint16_t isv_prod_id = 0;
  std::uint16_t isv_svn = 0;
  std::uint16_t config_svn = 0;
  ByteArray<16> isv_family_id{};
  ReportData report_data;

  bool debug() const { return (attribute_flags & kAttributeDebug) != 0; }
  friend bool operator==(const ReportBody&, const ReportBody&) = default;
};

// Exactly kReportBodySize bytes; a reserved byte that is not zero is refused. Says nothing about
// who made the bytes.
Result<ReportBody> parse_report_body(ByteView bytes);
ByteArray<kReportBodySize> encode_report_body(const ReportBody& body);

// REPORT: the body, the key id, and the CMAC that only the same processor can check.
struct Report {
  ReportBody body;
  ByteArray<32> key_id{};
  ByteArray<16> mac{};
  friend bool operator==(const Report&, const Report&) = default;
};

Result<Report> parse_report(ByteView bytes);
ByteArray<kReportSize> encode_report(const Report& report);

}  // namespace brume::evidence
