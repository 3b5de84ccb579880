#include "evidence/sgx_report.h"

#include <algorithm>

#include "base/reader.h"
#include "base/writer.h"

namespace brume::evidence {
namespace {

// Reserved bytes that a later processor gives a meaning would pass unread: refuse them.
void take_reserved(Reader& reader, std::size_t size) {
  ByteView reserved = reader.take(size);
  if (std::ranges::any_of(reserved, [](std::uint8_t byte) { return byte != 0; })) reader.fault();
}

ReportBody take_body(Reader& reader) {
  ReportBody body;
  body.cpu_svn = reader.array<16>();
  body.misc_select = reader.u32le();
  take_reserved(reader, 12);
  body.isv_ext_prod_id = reader.array<16>();
  body.attribute_flags = reader.u64le();
  body.attribute_xfrm = reader.u64le();
  body.mr_enclave.bytes = reader.array<32>();
  take_reserved(reader, 32);
  body.mr_signer.bytes = reader.array<32>();
  take_reserved(reader, 32);
  body.config_id = reader.array<kConfigIdSize>();
  body.isv_prod_id = reader.u16le();
  body.isv_svn = reader.u16le();
  body.config_svn = reader.u16le();
  take_reserved(reader, 42);
  body.isv_family_id = reader.array<16>();
  body.report_data.bytes = reader.array<64>();
  return body;
}

}  // namespace

Result<ReportBody> parse_report_body(ByteView bytes) {
  Reader reader(bytes);
  ReportBody body = take_body(reader);
  BRUME_TRY(reader.done("SGX report body"));
  return body;
}

ByteArray<kReportBodySize> encode_report_body(const ReportBody& body) {
  Writer writer;
  writer.raw(body.cpu_svn).u32le(body.misc_select).zeros(12).raw(body.isv_ext_prod_id);
  writer.u64le(body.attribute_flags).u64le(body.attribute_xfrm).raw(body.mr_enclave.bytes).zeros(32);
  writer.raw(body.mr_signer.bytes).zeros(32).raw(body.config_id);
  writer.u16le(body.isv_prod_id).u16le(body.isv_svn).u16le(body.config_svn).zeros(42);
  writer.raw(body.isv_family_id).raw(body.report_data.bytes);
  ByteArray<kReportBodySize> out{};
  std::ranges::copy(writer.bytes(), out.begin());
  return out;
}

Result<Report> parse_report(ByteView bytes) {
  Reader reader(bytes);
  Report report;
  report.body = take_body(reader);
  report.key_id = reader.array<32>();
  report.mac = reader.array<16>();
  BRUME_TRY(reader.done("SGX report"));
  return report;
}

ByteArray<kReportSize> encode_report(const Report& report) {
  ByteArray<kReportSize> out{};
  auto body = encode_report_body(report.body);
  auto rest = std::ranges::copy(body, out.begin()).out;
  rest = std::ranges::copy(report.key_id, rest).out;
  std::ranges::copy(report.mac, rest);
  return out;
}

}  // namespace brume::evidence
