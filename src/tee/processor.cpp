#include "tee/processor.h"

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"

namespace brume::tee {
namespace {

using measure::Attributes;

// Sealing keys always depend on INIT and DEBUG: a debug enclave never gets a production key.
constexpr std::uint64_t kAlwaysMasked = measure::kFlagInit | measure::kFlagDebug;
constexpr std::uint16_t kKnownPolicy = 0x3F;

// KEYDEPENDENCIES, in the order of the SDM's table; what a key does not depend on is zero.
struct Dependencies {
  KeyName name{};
  ByteArray<16> isv_family_id{};
  ByteArray<16> isv_ext_prod_id{};
  std::uint16_t isv_prod_id = 0;
  std::uint16_t isv_svn = 0;
  Attributes attributes;
  Attributes attribute_mask;
  Measurement measurement;
  SignerId signer;
  ByteArray<32> key_id{};
  evidence::CpuSvn cpu_svn{};
  std::uint32_t misc_select = 0;
  std::uint32_t misc_mask = 0;
  std::uint16_t policy = 0;
  ByteArray<64> config_id{};
  std::uint16_t config_svn = 0;
};

Key16 derive(const crypto::Key32& fuse_secret, const Dependencies& key) {
  Writer info;
  info.raw(as_bytes("brume-sgx-sim-key/1")).u16le(static_cast<std::uint16_t>(key.name));
  info.raw(key.isv_family_id).raw(key.isv_ext_prod_id).u16le(key.isv_prod_id).u16le(key.isv_svn);
  info.u64le(key.attributes.flags).u64le(key.attributes.xfrm);
  info.u64le(key.attribute_mask.flags).u64le(key.attribute_mask.xfrm);
  info.raw(key.measurement.view()).raw(key.signer.view()).raw(key.key_id).raw(key.cpu_svn);
  info.u32le(key.misc_select).u32le(key.misc_mask).u16le(key.policy).raw(key.config_id).u16le(key.config_svn);
  return crypto::hkdf<16>(fuse_secret.reveal(), {}, info.bytes());
}

bool all_zero(ByteView bytes) {
  for (std::uint8_t byte : bytes) {
    if (byte != 0) return false;
  }
  return true;
}

bool is_beyond(const evidence::CpuSvn& asked, const evidence::CpuSvn& own) {
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i] > own[i]) return true;
  }
  return false;
}

evidence::ReportBody body_of(const Secs& secs, const ReportData& report_data) {
  evidence::ReportBody body;
  body.cpu_svn = secs.cpu_svn;
  body.misc_select = secs.misc_select;
  body.isv_ext_prod_id = secs.isv_ext_prod_id;
  body.attribute_flags = secs.attributes.flags;
  body.attribute_xfrm = secs.attributes.xfrm;
  body.mr_enclave = secs.measurement;
  body.mr_signer = secs.signer;
  body.config_id = secs.config_id;
  body.isv_prod_id = secs.isv_prod_id;
  body.isv_svn = secs.isv_svn;
  body.config_svn = secs.config_svn;
  body.isv_family_id = secs.isv_family_id;
  body.report_data = report_data;
  return body;
}

}  // namespace

Result<TargetInfo> parse_target_info(ByteView bytes) {
  Reader in(bytes);
  TargetInfo target;
  target.measurement.bytes = in.array<32>();
  target.attributes.flags = in.u64le();
  target.attributes.xfrm = in.u64le();
  bool reserved_zero = all_zero(in.take(2));
  target.config_svn = in.u16le();
  target.misc_select = in.u32le();
  reserved_zero &= all_zero(in.take(8));
  target.config_id = in.array<64>();
  reserved_zero &= all_zero(in.take(384));
  BRUME_TRY(in.done("TARGETINFO"));
  if (!reserved_zero) return malformed("TARGETINFO: reserved field is not zero");
  return target;
}

Bytes encode_target_info(const TargetInfo& target) {
  Writer out;
  out.raw(target.measurement.view()).u64le(target.attributes.flags).u64le(target.attributes.xfrm).zeros(2);
  out.u16le(target.config_svn).u32le(target.misc_select).zeros(8).raw(target.config_id).zeros(384);
  return out.take();
}

TargetInfo target_info_of(const Secs& secs) {
  return {secs.measurement, secs.attributes, secs.config_svn, secs.misc_select, secs.config_id};
}

Result<KeyRequest> parse_key_request(ByteView bytes) {
  Reader in(bytes);
  KeyRequest request;
  request.name = in.u16le();
  request.policy = in.u16le();
  request.isv_svn = in.u16le();
  bool reserved_zero = in.u16le() == 0;
  request.cpu_svn = in.array<16>();
  request.attribute_mask.flags = in.u64le();
  request.attribute_mask.xfrm = in.u64le();
  request.key_id = in.array<32>();
  request.misc_mask = in.u32le();
  request.config_svn = in.u16le();
  reserved_zero &= all_zero(in.take(434));
  BRUME_TRY(in.done("KEYREQUEST"));
  if (!reserved_zero) return malformed("KEYREQUEST: reserved field is not zero");
  return request;
}

Bytes encode_key_request(const KeyRequest& request) {
  Writer out;
  out.u16le(request.name).u16le(request.policy).u16le(request.isv_svn).zeros(2).raw(request.cpu_svn);
  out.u64le(request.attribute_mask.flags).u64le(request.attribute_mask.xfrm).raw(request.key_id);
  out.u32le(request.misc_mask).u16le(request.config_svn).zeros(434);
  return out.take();
}

Processor::Processor(const crypto::Key32& fuse_secret, Random& random) : fuse_secret_(fuse_secret) {
  random.fill(boot_key_id_);
}

Key16 Processor::report_key(const TargetInfo& target, const ByteArray<32>& key_id) const {
  Dependencies key;
  key.name = KeyName::kReport;
  key.attributes = target.attributes;
  key.measurement = target.measurement;
  key.key_id = key_id;
  key.misc_select = target.misc_select;
  key.config_id = target.config_id;
  key.config_svn = target.config_svn;
  return derive(fuse_secret_, key);
}

evidence::Report Processor::ereport(const Secs& secs, const TargetInfo& target, const ReportData& report_data) const {
  evidence::Report report;
  report.body = body_of(secs, report_data);
  report.key_id = boot_key_id_;
  const Key16 key = report_key(target, report.key_id);
  report.mac = crypto::aes128_cmac(key.reveal(), evidence::encode_report_body(report.body));
  return report;
}

bool Processor::verify_report(const TargetInfo& own, const evidence::Report& report) const {
  if (report.key_id != boot_key_id_) return false;
  const Key16 key = report_key(own, report.key_id);
  const auto expected = crypto::aes128_cmac(key.reveal(), evidence::encode_report_body(report.body));
  return equal_constant_time(expected, report.mac);
}

Key16 Processor::seal_key(const Secs& secs, const KeyRequest& request) const {
  Dependencies key;
  key.name = KeyName::kSeal;
  if ((request.policy & kPolicyFamilyId) != 0) key.isv_family_id = secs.isv_family_id;
  if ((request.policy & kPolicyExtProductId) != 0) key.isv_ext_prod_id = secs.isv_ext_prod_id;
  if ((request.policy & kPolicyNoProductId) == 0) key.isv_prod_id = secs.isv_prod_id;
  key.isv_svn = request.isv_svn;
  key.attribute_mask = {request.attribute_mask.flags | kAlwaysMasked, request.attribute_mask.xfrm};
  key.attributes = {secs.attributes.flags & key.attribute_mask.flags, secs.attributes.xfrm & key.attribute_mask.xfrm};
  if ((request.policy & kPolicyMrEnclave) != 0) key.measurement = secs.measurement;
  if ((request.policy & kPolicyMrSigner) != 0) key.signer = secs.signer;
  key.key_id = request.key_id;
  key.cpu_svn = request.cpu_svn;
  key.misc_select = secs.misc_select & request.misc_mask;
  key.misc_mask = request.misc_mask;
  key.policy = request.policy;
  if ((request.policy & kPolicyConfigId) != 0) {
    key.config_id = secs.config_id;
    key.config_svn = request.config_svn;
  }
  return derive(fuse_secret_, key);
}

std::expected<Key16, KeyError> Processor::egetkey(const Secs& secs, const KeyRequest& request) const {
  if ((request.policy & ~kKnownPolicy) != 0) return std::unexpected(KeyError::kInvalidAttribute);
  switch (static_cast<KeyName>(request.name)) {
    case KeyName::kReport:
      return report_key(target_info_of(secs), request.key_id);
    case KeyName::kSeal:
      break;
    default:
      return std::unexpected(KeyError::kInvalidKeyName);
  }
  if (is_beyond(request.cpu_svn, secs.cpu_svn)) return std::unexpected(KeyError::kInvalidCpuSvn);
  if (request.isv_svn > secs.isv_svn) return std::unexpected(KeyError::kInvalidIsvSvn);
  if (request.config_svn > secs.config_svn) return std::unexpected(KeyError::kInvalidIsvSvn);
  return seal_key(secs, request);
}

}  // namespace brume::tee
