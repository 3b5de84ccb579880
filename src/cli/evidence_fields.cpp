#include "cli/evidence_fields.h"

#include <cstdio>

#include "appraisal/snp_names.h"
#include "base/writer.h"
#include "evidence/time.h"

namespace brume::cli {
namespace {

using nlohmann::ordered_json;

std::string little64(std::uint64_t value) { return to_hex(Writer().u64le(value).bytes()); }

ordered_json tcb_fields(const evidence::SnpTcbBytes& bytes, std::optional<evidence::SnpProduct> product) {
  if (!product) return to_hex(bytes);
  const evidence::SnpTcb tcb = evidence::snp_tcb(bytes, *product);
  ordered_json out = ordered_json::object();
  if (tcb.fmc) out["fmc"] = *tcb.fmc;
  out["boot_loader"] = tcb.boot_loader;
  out["tee"] = tcb.tee;
  out["snp"] = tcb.snp;
  out["microcode"] = tcb.microcode;
  return out;
}

std::string_view signing_key_name(evidence::SnpSigningKey key) {
  if (key == evidence::SnpSigningKey::kVcek) return "vcek";
  return key == evidence::SnpSigningKey::kVlek ? "vlek" : "none";
}

}  // namespace

std::string hex_number(std::uint64_t value) {
  char text[19];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

ordered_json fields_of(const evidence::ReportBody& report) {
  return {{"mrenclave", report.mr_enclave.hex()},
          {"mrsigner", report.mr_signer.hex()},
          {"isvprodid", report.isv_prod_id},
          {"isvsvn", report.isv_svn},
          {"report_data", report.report_data.hex()},
          {"debug", report.debug()},
          {"cpusvn", to_hex(report.cpu_svn)},
          {"miscselect", to_hex(Writer().u32le(report.misc_select).bytes())},
          {"attributes", little64(report.attribute_flags) + little64(report.attribute_xfrm)},
          {"config_id", to_hex(report.config_id)},
          {"config_svn", report.config_svn},
          {"isv_ext_prod_id", to_hex(report.isv_ext_prod_id)},
          {"isv_family_id", to_hex(report.isv_family_id)}};
}

ordered_json fields_of(const evidence::TdReport& report) {
  ordered_json out = {{"mr_td", report.mr_td.hex()},
                      {"report_data", report.report_data.hex()},
                      {"debug", report.debug()},
                      {"tee_tcb_svn", to_hex(report.tee_tcb_svn)},
                      {"mr_seam", report.mr_seam.hex()},
                      {"mr_signer_seam", report.mr_signer_seam.hex()},
                      {"seam_attributes", little64(report.seam_attributes)},
                      {"td_attributes", little64(report.td_attributes)},
                      {"xfam", little64(report.xfam)},
                      {"mr_config_id", report.mr_config_id.hex()},
                      {"mr_owner", report.mr_owner.hex()},
                      {"mr_owner_config", report.mr_owner_config.hex()}};
  for (std::size_t i = 0; i < report.rtmr.size(); ++i) out["rt_mr" + std::to_string(i)] = report.rtmr[i].hex();
  if (!report.v15) return out;
  out["tee_tcb_svn2"] = to_hex(report.v15->tee_tcb_svn2);
  out["mr_service_td"] = report.v15->mr_service_td.hex();
  if (!report.v15_ex) return out;
  out["init_tee_tcb_svn"] = to_hex(report.v15_ex->init_tee_tcb_svn);
  out["td_id"] = to_hex(report.v15_ex->td_id);
  return out;
}

ordered_json fields_of(const evidence::Quote& quote) {
  ordered_json out = {{"version", quote.header.version},
                      {"tee_type", quote.header.tee_type == evidence::TeeType::kTdx ? "tdx" : "sgx"},
                      {"attestation_key_type", quote.header.attestation_key_type},
                      {"qe_vendor_id", to_hex(quote.header.qe_vendor_id)},
                      {"user_data", to_hex(quote.header.user_data)}};
  if (const auto* enclave = quote.sgx_report()) out.update(fields_of(*enclave));
  if (const auto* td = quote.td_report()) out.update(fields_of(*td));
  out["qe_mrsigner"] = quote.auth.qe_report.mr_signer.hex();
  out["qe_isvprodid"] = quote.auth.qe_report.isv_prod_id;
  out["qe_isvsvn"] = quote.auth.qe_report.isv_svn;
  out["certification_type"] = static_cast<int>(quote.auth.certification_type);
  return out;
}

ordered_json fields_of(const evidence::PckExtension& platform) {
  ordered_json out = {{"fmspc", to_hex(platform.fmspc)},
                      {"pceid", to_hex(platform.pce_id)},
                      {"cpusvn", to_hex(platform.cpu_svn)},
                      {"component_svns", to_hex(platform.component_svns)},
                      {"pcesvn", platform.pce_svn},
                      {"ppid", to_hex(platform.ppid)},
                      {"sgx_type", static_cast<int>(platform.sgx_type)}};
  if (platform.platform_instance_id) out["platform_instance_id"] = to_hex(*platform.platform_instance_id);
  if (!platform.configuration) return out;
  out["dynamic_platform"] = platform.configuration->dynamic_platform;
  out["cached_keys"] = platform.configuration->cached_keys;
  out["smt_enabled"] = platform.configuration->smt_enabled;
  return out;
}

ordered_json fields_of(const evidence::SnpReport& report, std::optional<evidence::SnpProduct> product) {
  ordered_json out = {{"version", report.version},
                      {"guest_svn", report.guest_svn},
                      {"policy", hex_number(report.policy.bits)},
                      {"debug", report.policy.debug()},
                      {"vmpl", report.vmpl},
                      {"measurement", report.measurement.hex()},
                      {"report_data", report.report_data.hex()},
                      {"host_data", report.host_data.hex()},
                      {"family_id", report.family_id.hex()},
                      {"image_id", report.image_id.hex()},
                      {"id_key_digest", report.id_key_digest.hex()},
                      {"author_key_digest", report.author_key_digest.hex()},
                      {"report_id", report.report_id.hex()},
                      {"report_id_ma", report.report_id_ma.hex()},
                      {"chip_id", report.chip_id.hex()},
                      {"platform_info", hex_number(report.platform_info.bits)},
                      {"signing_key", signing_key_name(report.key_info.signing_key)},
                      {"mask_chip_key", report.key_info.mask_chip_key},
                      {"author_key_enabled", report.key_info.author_key},
                      {"reported_tcb", tcb_fields(report.reported_tcb, product)},
                      {"committed_tcb", tcb_fields(report.committed_tcb, product)},
                      {"current_tcb", tcb_fields(report.current_tcb, product)},
                      {"launch_tcb", tcb_fields(report.launch_tcb, product)},
                      {"current_version", appraisal::snp_firmware_text(report.current_firmware)},
                      {"committed_version", appraisal::snp_firmware_text(report.committed_firmware)}};
  if (report.cpuid) {
    out["cpuid_fms"] = to_hex(ByteArray<3>{report.cpuid->family, report.cpuid->model, report.cpuid->stepping});
  }
  if (report.mitigations) {
    out["launch_mitigations"] = hex_number(report.mitigations->launch);
    out["current_mitigations"] = hex_number(report.mitigations->current);
  }
  return out;
}

ordered_json fields_of(const appraisal::TcbFacts& facts) {
  ordered_json out = {{"status", evidence::tcb_status_name(facts.status)},
                      {"date", evidence::format_time(facts.date_ms)},
                      {"advisories", facts.advisories}};
  if (facts.superseded_ms) out["superseded"] = evidence::format_time(*facts.superseded_ms);
  return out;
}

}  // namespace brume::cli
