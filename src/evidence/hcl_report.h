// The report that Azure's paravisor keeps in the vTPM of a confidential VM (NV index 0x01400001): a hardware report
// whose report data binds runtime data, in which the vTPM's attestation key stands. Little-endian:
//
//   "HCLA" 4 | version 4 | report size 4 | request type 4 | status 4 | reserved 12 | hardware report 1184 |
//   data size 4 | version 4 | report type 4 | hash type 4 | runtime size 4 | runtime data | zeros
//
// Source: Microsoft, "Guest attestation for confidential VMs", section "Attestation report format".
#pragma once

#include "base/ids.h"

namespace brume::evidence {

inline constexpr std::size_t kHclReportSizeLimit = 64u << 10;  // an NV index has 2 to 4 KiB

enum class HclReportType : std::uint32_t { kSnp = 2, kTdx = 4 };
enum class HclHashType : std::uint32_t { kSha256 = 1, kSha384 = 2, kSha512 = 3 };

struct HclReport {
  std::uint32_t version = 1;  // 1 or 2
  std::uint32_t request_type = 0;
  HclReportType type = HclReportType::kSnp;
  HclHashType hash = HclHashType::kSha256;
  Bytes hardware_report;  // 1184 bytes: an SNP report; for TDX a TDREPORT of 1024 and zeros
  Bytes runtime_data;     // JSON
  std::size_t padding_size = 0;

  // Whether this report data, from a verified hardware report, is the hash of the runtime data, and zeros.
  [[nodiscard]] bool bound_by(const ReportData& report_data) const;
};

bool looks_like_hcl_report(ByteView bytes);
// Refuses unknown versions and types, sizes that do not fit, and anything but zeros after the runtime data.
Result<HclReport> parse_hcl_report(ByteView bytes);
Bytes encode_hcl_report(const HclReport& report);

}  // namespace brume::evidence
