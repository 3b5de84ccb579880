#include "appraisal/sgx_quote_checks.h"

#include <algorithm>

#include "base/hex.h"
#include "base/writer.h"

namespace brume::appraisal {
namespace {

constexpr std::string_view kNewEvidence = "the peer must send evidence that its platform made";
constexpr std::string_view kUpdateQe = "install the vendor's current quoting enclave on the platform";

bool fits_masked(ByteView value, ByteView expected, ByteView mask) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    if ((value[i] & mask[i]) != expected[i]) return false;
  }
  return true;
}

Bytes attributes_of(const evidence::ReportBody& report) {
  return Writer().u64le(report.attribute_flags).u64le(report.attribute_xfrm).take();
}

std::string hex32(std::uint32_t value) { return to_hex(Writer().u32be(value).bytes()); }

}  // namespace

evidence::TcbInfoId tcb_info_id(evidence::TeeType tee) {
  return tee == evidence::TeeType::kTdx ? evidence::TcbInfoId::kTdx : evidence::TcbInfoId::kSgx;
}

void check_quote_signature(Refusals& refusals, const evidence::Quote& quote) {
  auto key = crypto::EcPublicKey::from_raw(quote.auth.attestation_key);
  if (!key) {
    refuse(refusals, "sgx.quote.attestation-key", "a point on P-256", "no such point", kNewEvidence);
  } else if (!key->verify_raw(quote.signed_bytes, quote.signature)) {
    refuse(refusals, "sgx.quote.signature", "signed by the attestation key", "signature does not verify", kNewEvidence);
  }
  Sha256Digest expected = evidence::attestation_key_hash(quote.auth.attestation_key, quote.auth.qe_auth_data);
  ByteView report_data = quote.auth.qe_report.report_data.view();
  bool zero_tail = std::ranges::all_of(report_data.subspan(32), [](std::uint8_t byte) { return byte == 0; });
  if (!equal(report_data.first(32), expected.view()) || !zero_tail) {
    refuse(refusals, "sgx.qe.report-data", expected.hex() + " and zeros", to_hex(report_data), kNewEvidence);
  }
}

void check_qe_signature(Refusals& refusals, const evidence::Quote& quote, const crypto::EcPublicKey& pck_key) {
  if (!pck_key.verify_raw(quote.auth.qe_report_bytes, quote.auth.qe_report_signature)) {
    refuse(refusals, "sgx.qe.signature", "QE report signed by the PCK", "signature does not verify", kNewEvidence);
  }
}

void check_qe_identity(Refusals& refusals, const evidence::Quote& quote, const evidence::QeIdentity& identity) {
  const evidence::ReportBody& qe = quote.auth.qe_report;
  const bool tdx = quote.header.tee_type == evidence::TeeType::kTdx;
  if (identity.id != (tdx ? evidence::QeIdentityId::kTdQe : evidence::QeIdentityId::kQe)) {
    refuse(refusals, "sgx.qe-identity.id", tdx ? "TD_QE" : "QE", "the identity of another enclave",
           "fetch the identity of the quoting enclave of this TEE");
  }
  if (qe.mr_signer != identity.mr_signer) {
    refuse(refusals, "sgx.qe.signer", identity.mr_signer.hex(), qe.mr_signer.hex(), kUpdateQe);
  }
  if (qe.isv_prod_id != identity.isv_prod_id) {
    refuse(refusals, "sgx.qe.product", std::to_string(identity.isv_prod_id), std::to_string(qe.isv_prod_id), kUpdateQe);
  }
  if ((qe.misc_select & identity.misc_select_mask) != identity.misc_select) {
    refuse(refusals, "sgx.qe.misc-select",
           hex32(identity.misc_select) + " under mask " + hex32(identity.misc_select_mask), hex32(qe.misc_select),
           kUpdateQe);
  }
  Bytes attributes = attributes_of(qe);
  if (!fits_masked(attributes, identity.attributes, identity.attributes_mask)) {
    refuse(refusals, "sgx.qe.attributes",
           to_hex(identity.attributes) + " under mask " + to_hex(identity.attributes_mask), to_hex(attributes),
           kUpdateQe);
  }
  // Whatever the mask covers: a debug QE's keys can be read by its host.
  if (qe.debug()) refuse(refusals, "sgx.qe.debug", "a quoting enclave without DEBUG", "DEBUG is set", kUpdateQe);
}

void check_tcb_info_platform(Refusals& refusals, evidence::TeeType tee, const evidence::TcbInfo& info,
                             const evidence::PckExtension& platform) {
  constexpr std::string_view kFix = "fetch the TCB info of this platform family";
  if (info.id != tcb_info_id(tee)) {
    const bool tdx = tee == evidence::TeeType::kTdx;
    refuse(refusals, "sgx.tcb-info.id", tdx ? "TDX" : "SGX", tdx ? "SGX" : "TDX", kFix);
  }
  if (info.fmspc != platform.fmspc) {
    refuse(refusals, "sgx.tcb-info.fmspc", to_hex(platform.fmspc), to_hex(info.fmspc), kFix);
  }
  if (info.pce_id != platform.pce_id) {
    refuse(refusals, "sgx.tcb-info.pceid", to_hex(platform.pce_id), to_hex(info.pce_id), kFix);
  }
}

}  // namespace brume::appraisal
