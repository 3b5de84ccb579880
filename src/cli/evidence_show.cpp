#include "cli/evidence_show.h"

#include "appraisal/policy.h"
#include "cli/evidence_fields.h"
#include "cli/evidence_input.h"
#include "crypto/hash.h"
#include "evidence/bundle.h"
#include "evidence/cmw.h"
#include "evidence/hcl_report.h"
#include "evidence/qe_identity.h"
#include "evidence/snp_certificate.h"
#include "evidence/tcb_info.h"
#include "evidence/time.h"
#include "evidence/tpm_signature.h"

namespace brume::cli {
namespace {

using nlohmann::ordered_json;
using Shown = Result<ordered_json>;

ordered_json fields_of(const crypto::Certificate& certificate) {
  ordered_json out = {{"subject", certificate.subject_common_name()},
                      {"self_issued", certificate.subject_der() == certificate.issuer_der()},
                      {"ca", certificate.is_ca()},
                      {"serial", to_hex(certificate.serial())},
                      {"not_before", evidence::format_time(certificate.not_before())},
                      {"not_after", evidence::format_time(certificate.not_after())},
                      {"sha256", certificate.fingerprint().hex()}};
  if (const auto key = certificate.subject_key()) out["spki_sha256"] = key->spki_hash().hex();
  if (const auto platform = evidence::pck_extension_of(certificate)) out["pck"] = cli::fields_of(*platform);
  const auto snp = evidence::parse_snp_key_extensions(certificate.extensions());
  if (snp && !snp->product_name.empty()) {
    out["product"] = snp->product_name;
    if (snp->hw_id) out["hw_id"] = to_hex(*snp->hw_id);
    if (snp->csp_id) out["csp_id"] = *snp->csp_id;
  }
  return out;
}

ordered_json list_of(const std::vector<crypto::Certificate>& certificates) {
  ordered_json out = ordered_json::array();
  for (const auto& certificate : certificates) out.push_back(fields_of(certificate));
  return out;
}

Shown show_certificates(const evidence::Recognised& what) {
  BRUME_ASSIGN(const auto certificates, evidence::load_certificates(what));
  return ordered_json{{"certificates", list_of(certificates)}};
}

Shown show_crl(ByteView bytes) {
  BRUME_ASSIGN(const auto crl, evidence::load_crl(as_chars(bytes)));
  return ordered_json{{"issuer_der", to_hex(crl.issuer_der())},
                      {"this_update", evidence::format_time(crl.this_update())},
                      {"next_update", evidence::format_time(crl.next_update())},
                      {"size", crl.der().size()}};
}

Shown show_quote(ByteView bytes) {
  BRUME_ASSIGN(const auto quote, evidence::parse_quote(bytes));
  ordered_json out = cli::fields_of(quote);
  out["padding"] = quote.padding_size;
  if (quote.auth.certification_type == evidence::CertificationType::kPckChain) {
    const auto chain = evidence::load_chain(as_chars(quote.auth.certification_data));
    if (chain) out["certificates"] = list_of(*chain);
  }
  return out;
}

ordered_json report_fields(const evidence::SnpReport& report) {
  std::optional<evidence::SnpProduct> product;
  if (report.cpuid) product = evidence::snp_product_of_cpuid(report.cpuid->family, report.cpuid->model);
  return cli::fields_of(report, product);
}

Shown show_snp_report(ByteView bytes) {
  BRUME_ASSIGN(const auto report, evidence::parse_snp_report(bytes.first(evidence::kSnpReportSize)));
  ordered_json out = report_fields(report);
  out["padding"] = bytes.size() - evidence::kSnpReportSize;
  return out;
}

Shown show_hcl_report(ByteView bytes) {
  BRUME_ASSIGN(const auto hcl, evidence::parse_hcl_report(bytes));
  ordered_json out = {{"version", hcl.version}, {"padding", hcl.padding_size}};
  out["runtime_data"] = parse_shallow_json(hcl.runtime_data);
  if (out["runtime_data"].is_discarded()) out["runtime_data"] = nullptr;
  if (hcl.type != evidence::HclReportType::kSnp) {
    out["hardware_report"] = "TDREPORT";
    return out;
  }
  BRUME_ASSIGN(const auto report, evidence::parse_snp_report(hcl.hardware_report));
  out["bound"] = hcl.bound_by(report.report_data);
  out["hardware_report"] = report_fields(report);
  return out;
}

template <typename Level>
ordered_json level_of(const Level& level) {
  return cli::fields_of(appraisal::TcbFacts{level.status, level.date_ms, level.advisories, {}});
}

Shown show_tcb_info(ByteView bytes) {
  BRUME_ASSIGN(const auto document, evidence::parse_tcb_info(as_chars(bytes)));
  const auto& info = document.info_unverified;
  ordered_json out = {{"id", info.id == evidence::TcbInfoId::kTdx ? "TDX" : "SGX"},
                      {"version", info.version},
                      {"issue_date", evidence::format_time(info.issue_date_ms)},
                      {"next_update", evidence::format_time(info.next_update_ms)},
                      {"fmspc", to_hex(info.fmspc)},
                      {"pceid", to_hex(info.pce_id)},
                      {"evaluation_data_number", info.evaluation_data_number}};
  for (const auto& level : info.levels) {
    ordered_json one = {{"sgx_components", to_hex(level.sgx_component_svns)}, {"pcesvn", level.pce_svn}};
    if (level.tdx_component_svns) one["tdx_components"] = to_hex(*level.tdx_component_svns);
    one.update(level_of(level));
    out["levels"].push_back(std::move(one));
  }
  for (const auto& module : info.tdx_module_identities) {
    ordered_json levels = ordered_json::array();
    for (const auto& level : module.levels) {
      ordered_json one = {{"isvsvn", level.isv_svn}};
      one.update(level_of(level));
      levels.push_back(std::move(one));
    }
    out["tdx_modules"].push_back({{"id", module.id}, {"mr_signer", module.module.mr_signer.hex()}, {"levels", levels}});
  }
  return out;
}

Shown show_qe_identity(ByteView bytes) {
  BRUME_ASSIGN(const auto document, evidence::parse_qe_identity(as_chars(bytes)));
  const auto& identity = document.identity_unverified;
  constexpr const char* kIds[] = {"QE", "TD_QE", "QVE"};
  ordered_json out = {{"id", kIds[static_cast<std::size_t>(identity.id)]},
                      {"issue_date", evidence::format_time(identity.issue_date_ms)},
                      {"next_update", evidence::format_time(identity.next_update_ms)},
                      {"evaluation_data_number", identity.evaluation_data_number},
                      {"mrsigner", identity.mr_signer.hex()},
                      {"isvprodid", identity.isv_prod_id},
                      {"attributes", to_hex(identity.attributes)},
                      {"attributes_mask", to_hex(identity.attributes_mask)}};
  for (const auto& level : identity.levels) {
    ordered_json one = {{"isvsvn", level.isv_svn}};
    one.update(level_of(level));
    out["levels"].push_back(std::move(one));
  }
  return out;
}

Shown show_bundle(ByteView bytes) {
  BRUME_ASSIGN(const auto bundle, evidence::parse_bundle(as_chars(bytes)));
  ordered_json parts = ordered_json::array();
  for (const auto& part : bundle.parts) {
    parts.push_back({{"kind", evidence::part_kind_name(part.kind)},
                     {"size", part.data.size()},
                     {"sha256", crypto::sha256(as_bytes(part.data)).hex()}});
  }
  return ordered_json{{"sha256", evidence::bundle_digest(bundle).hex()}, {"parts", parts}};
}

Shown show_policy(ByteView bytes) {
  BRUME_ASSIGN(const auto policy, appraisal::parse_policy(as_chars(bytes)));
  ordered_json tees = ordered_json::array();
  for (const auto& entry : policy.allow) tees.push_back(appraisal::tee_name(entry.tee));
  return ordered_json{{"epoch", policy.epoch}, {"sha256", policy.hash.hex()}, {"entries", tees}};
}

Shown show_public_key(ByteView bytes) {
  BRUME_ASSIGN(const auto key, evidence::read_attestation_key(bytes));
  if (key.area) return cli::fields_of(*key.area);
  return ordered_json{{"spki_sha256", key.key.spki_hash().hex()}};
}

Shown show_signature(ByteView bytes) {
  BRUME_ASSIGN(const auto signature, evidence::read_tpm_signature(bytes));
  return ordered_json{{"scheme", signature.scheme == evidence::TpmAlgorithm::kEcdsa    ? "ecdsa"
                                 : signature.scheme == evidence::TpmAlgorithm::kRsaPss ? "rsapss"
                                                                                       : "rsassa"},
                      {"hash", evidence::tpm_hash_name(signature.hash)},
                      {"size", bytes.size()}};
}

Shown show_attest(ByteView bytes) {
  BRUME_ASSIGN(const auto quote, evidence::parse_tpm_attest(bytes));
  return cli::fields_of(quote);
}

Shown show_pcrs(ByteView bytes) {
  BRUME_ASSIGN(const auto values, evidence::read_pcr_values(bytes));
  return cli::fields_of(values);
}

Shown show_record(const evidence::Recognised& what) {
  ordered_json out = {{"type", what.cmw_type}, {"size", what.content.size()}};
  if (what.cmw_type != evidence::kTypeTpmQuote) return out;
  BRUME_ASSIGN(const auto tpm, evidence::parse_tpm_evidence(what.content));
  BRUME_ASSIGN(out["quote"], show_attest(tpm.attest));
  out["pcrs"] = cli::fields_of(tpm.pcrs);
  out["event_log_size"] = tpm.event_log.size();
  out["ima_log_size"] = tpm.ima_log.size();
  out["certificates"] = tpm.certificates.size();
  return out;
}

Shown show_content(const evidence::Recognised& what) {
  const ByteView bytes = what.content;
  switch (what.kind) {
    case evidence::FileKind::kDcapQuote:
      return show_quote(bytes);
    case evidence::FileKind::kSnpReport:
      return show_snp_report(bytes);
    case evidence::FileKind::kHclReport:
      return show_hcl_report(bytes);
    case evidence::FileKind::kTpmAttest:
      return show_attest(bytes);
    case evidence::FileKind::kTpmSignature:
    case evidence::FileKind::kRawSignature:
      return show_signature(bytes);
    case evidence::FileKind::kTpmPublic:
    case evidence::FileKind::kPublicKey:
      return show_public_key(bytes);
    case evidence::FileKind::kCertificates:
      return show_certificates(what);
    case evidence::FileKind::kCrl:
      return show_crl(bytes);
    case evidence::FileKind::kTcbInfo:
      return show_tcb_info(bytes);
    case evidence::FileKind::kQeIdentity:
      return show_qe_identity(bytes);
    case evidence::FileKind::kCollateralBundle:
      return show_bundle(bytes);
    case evidence::FileKind::kPcrValues:
      return show_pcrs(bytes);
    case evidence::FileKind::kEventLog:
      return show_event_log(bytes);
    case evidence::FileKind::kImaBinary:
    case evidence::FileKind::kImaText:
      return show_ima_list(bytes);
    case evidence::FileKind::kPolicy:
      return show_policy(bytes);
    case evidence::FileKind::kTypedRecord:
      return show_record(what);
    default:
      return fail(ErrorCode::kUnsupported, "no kind of evidence or endorsement that is known here");
  }
}

void add_lines(const ordered_json& json, std::size_t depth, std::string& out);

std::string plain(std::string text) {
  for (char& c : text) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return text;
}

void add_line(const std::string& name, const ordered_json& value, std::size_t depth, std::string& out) {
  out += std::string(2 * depth, ' ') + plain(name);
  if (value.is_structured() && !value.empty()) {
    out += "\n";
    return add_lines(value, depth + 1, out);
  }
  const std::string text = value.is_string() ? value.get<std::string>() : value.is_structured() ? "none" : value.dump();
  out += std::string(name.size() < 22 ? 22 - name.size() : 1, ' ') + " " + plain(text) + "\n";
}

bool is_flat(const ordered_json& list) {
  return std::none_of(list.begin(), list.end(), [](const ordered_json& element) { return element.is_structured(); });
}

void add_lines(const ordered_json& json, std::size_t depth, std::string& out) {
  if (json.is_array() && is_flat(json)) {
    std::string line;
    for (const auto& element : json) {
      line += (line.empty() ? "" : ", ") + (element.is_string() ? element.get<std::string>() : element.dump());
    }
    out += std::string(2 * depth, ' ') + plain(line) + "\n";
    return;
  }
  std::size_t index = 0;
  for (const auto& item : json.items()) {
    add_line(json.is_array() ? std::to_string(++index) : item.key(), item.value(), depth, out);
  }
}

}  // namespace

Result<ordered_json> show_evidence(const evidence::NamedFile& file) {
  ordered_json out = {{"kind", evidence::file_kind_name(file.what.kind)}};
  if (!file.what.wrappings.empty()) out["wrapped_in"] = file.what.wrappings;
  if (!file.what.cmw_type.empty()) out["media_type"] = file.what.cmw_type;
  auto content = show_content(file.what);
  if (!content) return within(file.name, content.error());
  out.update(*content);
  return out;
}

std::string as_lines(const ordered_json& json) {
  std::string out;
  add_lines(json, 0, out);
  return out;
}

}  // namespace brume::cli
