#include "evidence/hcl_report.h"

#include <algorithm>

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/public_key.h"

namespace brume::evidence {
namespace {

constexpr std::string_view kMagic = "HCLA";
constexpr std::uint32_t kVersionLeast = 1, kVersionMost = 2;
constexpr std::size_t kHardwareReportSize = 1184;
constexpr std::uint32_t kDataHeadSize = 20;
constexpr std::uint32_t kHeadSize = 32;

bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

crypto::HashAlgorithm algorithm(HclHashType type) {
  switch (type) {
    case HclHashType::kSha256:
      return crypto::HashAlgorithm::kSha256;
    case HclHashType::kSha384:
      return crypto::HashAlgorithm::kSha384;
    default:
      return crypto::HashAlgorithm::kSha512;
  }
}

Status take_head(Reader& reader, HclReport& out, std::uint32_t& report_size) {
  if (as_chars(reader.take(kMagic.size())) != kMagic) return malformed("HCL report: does not begin with HCLA");
  out.version = reader.u32le();
  if (out.version < kVersionLeast || out.version > kVersionMost) {
    return fail(ErrorCode::kUnsupported, "HCL report: its version is not 1 or 2");
  }
  report_size = reader.u32le();
  out.request_type = reader.u32le();
  if (reader.u32le() != 0) return malformed("HCL report: its status is an error");
  if (!all_zero(reader.take(12))) return malformed("HCL report: reserved bytes are set");
  return {};
}

Status take_data_head(Reader& reader, HclReport& out, std::uint32_t& runtime_size) {
  const std::uint32_t data_size = reader.u32le();
  if (reader.u32le() != 1) return fail(ErrorCode::kUnsupported, "HCL report: the version of its data is not 1");
  const std::uint32_t type = reader.u32le();
  const std::uint32_t hash = reader.u32le();
  runtime_size = reader.u32le();
  if (type != 2 && type != 4) return fail(ErrorCode::kUnsupported, "HCL report: neither of SNP nor of TDX");
  if (hash < 1 || hash > 3) return fail(ErrorCode::kUnsupported, "HCL report: not SHA-256, SHA-384 or SHA-512");
  if (data_size < kDataHeadSize || data_size - kDataHeadSize != runtime_size) {
    return malformed("HCL report: its sizes do not add up");
  }
  out.type = static_cast<HclReportType>(type);
  out.hash = static_cast<HclHashType>(hash);
  return {};
}

}  // namespace

bool HclReport::bound_by(const ReportData& report_data) const {
  const Bytes digest = crypto::hash(algorithm(hash), runtime_data);
  const ByteView got = report_data.view();
  return equal_constant_time(got.first(digest.size()), digest) && all_zero(got.subspan(digest.size()));
}

bool looks_like_hcl_report(ByteView bytes) { return as_chars(bytes).starts_with(kMagic); }

Result<HclReport> parse_hcl_report(ByteView bytes) {
  if (bytes.size() > kHclReportSizeLimit) return fail(ErrorCode::kLimit, "HCL report: larger than allowed");
  Reader reader(bytes);
  HclReport out;
  std::uint32_t report_size = 0;
  BRUME_TRY(take_head(reader, out, report_size));
  out.hardware_report = to_bytes(reader.take(kHardwareReportSize));
  std::uint32_t runtime_size = 0;
  BRUME_TRY(take_data_head(reader, out, runtime_size));
  out.runtime_data = to_bytes(reader.take(runtime_size));
  const ByteView padding = reader.rest();
  BRUME_TRY(reader.done("HCL report"));
  if (report_size != bytes.size() - padding.size()) return malformed("HCL report: its sizes do not add up");
  if (!all_zero(padding)) return malformed("HCL report: bytes after the runtime data");
  out.padding_size = padding.size();
  return out;
}

Bytes encode_hcl_report(const HclReport& report) {
  const auto runtime_size = static_cast<std::uint32_t>(report.runtime_data.size());
  const std::uint32_t data_size = kDataHeadSize + runtime_size;
  Writer out;
  out.raw(as_bytes(kMagic)).u32le(report.version);
  out.u32le(kHeadSize + static_cast<std::uint32_t>(kHardwareReportSize) + data_size);
  out.u32le(report.request_type).zeros(16).raw(report.hardware_report);
  out.u32le(data_size).u32le(1).u32le(static_cast<std::uint32_t>(report.type));
  out.u32le(static_cast<std::uint32_t>(report.hash)).u32le(runtime_size).raw(report.runtime_data);
  return out.zeros(report.padding_size).take();
}

}  // namespace brume::evidence
