#include "tee/quoting_enclave.h"

#include "evidence/quote.h"

namespace brume::tee {

QuotingEnclave::QuotingEnclave(PlatformKeys keys, const Processor& processor, Random& random)
    : keys_(std::move(keys)), processor_(processor), attestation_key_(crypto::EcKey::generate()) {
  random.fill(auth_data_);
  const auto attestation_key = attestation_key_.public_key().raw();
  const Sha256Digest key_hash = evidence::attestation_key_hash(attestation_key, auth_data_);
  ReportData report_data;
  std::memcpy(report_data.bytes.data(), key_hash.bytes.data(), key_hash.bytes.size());
  evidence::ReportBody body = sim_qe_report_body(report_data);
  body.cpu_svn = keys_.platform.cpu_svn;
  qe_report_ = to_bytes(evidence::encode_report_body(body));
  qe_report_signature_ = keys_.pck_key.sign_raw(qe_report_);
  if (keys_.platform.platform_instance_id)
    std::memcpy(user_data_.data(), keys_.platform.platform_instance_id->data(), 16);
  self_.measurement = body.mr_enclave;
  self_.attributes = {body.attribute_flags, body.attribute_xfrm};
  self_.config_svn = body.config_svn;
  self_.misc_select = body.misc_select;
  self_.config_id = body.config_id;
}

Result<Bytes> QuotingEnclave::quote(ByteView bytes) const {
  BRUME_ASSIGN(const evidence::Report report, evidence::parse_report(bytes));
  if (!processor_.verify_report(self_, report))
    return fail(ErrorCode::kAuthFailed, "report: not made by this platform for its quoting enclave");
  evidence::QuoteHeader header;
  header.qe_svn = kSimQeIsvSvn;
  header.pce_svn = keys_.platform.pce_svn;
  header.user_data = user_data_;
  const Bytes signed_bytes = evidence::encode_signed_quote_bytes(header, report.body);
  evidence::QuoteAuth auth;
  auth.attestation_key = attestation_key_.public_key().raw();
  auth.qe_report_bytes = qe_report_;
  auth.qe_report_signature = qe_report_signature_;
  auth.qe_auth_data = auth_data_;
  auth.certification_type = evidence::CertificationType::kPckChain;
  auth.certification_data = as_bytes(keys_.pck_chain_pem);
  return evidence::encode_quote(header.version, signed_bytes, attestation_key_.sign_raw(signed_bytes), auth);
}

}  // namespace brume::tee
