#include "evidence/td_report.h"

#include "base/reader.h"
#include "base/writer.h"

namespace brume::evidence {
namespace {

TdRegister take_register(Reader& reader) { return {reader.array<TdRegister::kSize>()}; }

TdReport take_10(Reader& reader) {
  TdReport report;
  report.tee_tcb_svn = reader.array<16>();
  report.mr_seam = take_register(reader);
  report.mr_signer_seam = take_register(reader);
  report.seam_attributes = reader.u64le();
  report.td_attributes = reader.u64le();
  report.xfam = reader.u64le();
  report.mr_td = take_register(reader);
  report.mr_config_id = take_register(reader);
  report.mr_owner = take_register(reader);
  report.mr_owner_config = take_register(reader);
  for (TdRegister& rtmr : report.rtmr) rtmr = take_register(reader);
  report.report_data.bytes = reader.array<64>();
  return report;
}

TdReport15 take_15(Reader& reader) {
  TdReport15 more;
  more.tee_tcb_svn2 = reader.array<16>();
  more.mr_service_td = take_register(reader);
  return more;
}

TdReport15Ex take_15_ex(Reader& reader) {
  TdReport15Ex more;
  more.vm_id = reader.u8();
  more.td_id = reader.array<32>();
  more.device_info = reader.array<48>();
  more.init_service_td_hash = take_register(reader);
  more.init_service_td_attributes = reader.u64le();
  more.init_cpu_svn = reader.array<16>();
  more.init_tee_tcb_svn = reader.array<16>();
  more.init_tee_fmspc = reader.array<12>();
  more.current_service_td_hash = take_register(reader);
  more.current_service_td_attributes = reader.u64le();
  return more;
}

void put_15_ex(Writer& writer, const TdReport15Ex& more) {
  writer.u8(more.vm_id).raw(more.td_id).raw(more.device_info).raw(more.init_service_td_hash.bytes);
  writer.u64le(more.init_service_td_attributes).raw(more.init_cpu_svn).raw(more.init_tee_tcb_svn);
  writer.raw(more.init_tee_fmspc).raw(more.current_service_td_hash.bytes).u64le(more.current_service_td_attributes);
}

}  // namespace

Result<TdReport> parse_td_report(ByteView bytes) {
  if (bytes.size() != kTdReport10Size && bytes.size() != kTdReport15Size && bytes.size() != kTdReport15ExSize) {
    return malformed("TD report: a size of none of the known versions");
  }
  Reader reader(bytes);
  TdReport report = take_10(reader);
  if (bytes.size() >= kTdReport15Size) report.v15 = take_15(reader);
  if (bytes.size() == kTdReport15ExSize) report.v15_ex = take_15_ex(reader);
  BRUME_TRY(reader.done("TD report"));
  return report;
}

Bytes encode_td_report(const TdReport& report) {
  Writer writer;
  writer.raw(report.tee_tcb_svn).raw(report.mr_seam.bytes).raw(report.mr_signer_seam.bytes);
  writer.u64le(report.seam_attributes).u64le(report.td_attributes).u64le(report.xfam);
  writer.raw(report.mr_td.bytes).raw(report.mr_config_id.bytes).raw(report.mr_owner.bytes);
  writer.raw(report.mr_owner_config.bytes);
  for (const TdRegister& rtmr : report.rtmr) writer.raw(rtmr.bytes);
  writer.raw(report.report_data.bytes);
  if (report.v15) writer.raw(report.v15->tee_tcb_svn2).raw(report.v15->mr_service_td.bytes);
  if (report.v15 && report.v15_ex) put_15_ex(writer, *report.v15_ex);
  return writer.take();
}

}  // namespace brume::evidence
