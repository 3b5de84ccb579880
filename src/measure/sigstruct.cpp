#include "measure/sigstruct.h"

#include "base/check.h"
#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"

namespace brume::measure {
namespace {

constexpr ByteArray<16> kHeader = {0x06, 0, 0, 0, 0xE1, 0, 0, 0, 0, 0, 0x01, 0, 0, 0, 0, 0};
constexpr ByteArray<16> kHeader2 = {0x01, 0x01, 0, 0, 0x60, 0, 0, 0, 0x60, 0, 0, 0, 0x01, 0, 0, 0};
constexpr std::uint32_t kExponent = 3;
constexpr std::size_t kSignedHeaderSize = 128;
constexpr std::size_t kSignedBodyAt = 900;
constexpr std::size_t kSignedBodySize = 128;

void write_header(Writer& out, const SigstructBody& body) {
  out.raw(kHeader).u32le(body.vendor).u32le(body.date).raw(kHeader2).u32le(body.sw_defined).zeros(84);
}

void write_body(Writer& out, const SigstructBody& body) {
  out.u32le(body.misc_select).u32le(body.misc_mask).u8(body.cet_attributes).u8(body.cet_mask).zeros(2);
  out.raw(body.isv_family_id);
  out.u64le(body.attributes.flags).u64le(body.attributes.xfrm);
  out.u64le(body.attribute_mask.flags).u64le(body.attribute_mask.xfrm);
  out.raw(body.measurement.view()).zeros(16).raw(body.isv_ext_prod_id);
  out.u16le(body.isv_prod_id).u16le(body.isv_svn);
}

bool all_zero(ByteView bytes) {
  for (std::uint8_t byte : bytes) {
    if (byte != 0) return false;
  }
  return true;
}

struct Parsed {
  SigstructBody body;
  crypto::Rsa3072Number modulus{};
  crypto::Rsa3072Number signature{};
  crypto::Rsa3072Quotients quotients{};
};

Result<Parsed> parse(ByteView bytes) {
  Reader in(bytes);
  Parsed out;
  SigstructBody& body = out.body;
  bool fixed = equal(in.take(16), kHeader);
  body.vendor = in.u32le();
  body.date = in.u32le();
  fixed &= equal(in.take(16), kHeader2);
  body.sw_defined = in.u32le();
  fixed &= all_zero(in.take(84));
  out.modulus = in.array<384>();
  fixed &= in.u32le() == kExponent;
  out.signature = in.array<384>();
  body.misc_select = in.u32le();
  body.misc_mask = in.u32le();
  body.cet_attributes = in.u8();
  body.cet_mask = in.u8();
  fixed &= all_zero(in.take(2));
  body.isv_family_id = in.array<16>();
  body.attributes.flags = in.u64le();
  body.attributes.xfrm = in.u64le();
  body.attribute_mask.flags = in.u64le();
  body.attribute_mask.xfrm = in.u64le();
  body.measurement.bytes = in.array<32>();
  fixed &= all_zero(in.take(16));
  body.isv_ext_prod_id = in.array<16>();
  body.isv_prod_id = in.u16le();
  body.isv_svn = in.u16le();
  fixed &= all_zero(in.take(12));
  out.quotients.q1 = in.array<384>();
  out.quotients.q2 = in.array<384>();
  BRUME_TRY(in.done("SIGSTRUCT"));
  if (!fixed) return malformed("SIGSTRUCT: a fixed or reserved field has another value");
  if (body.vendor != 0 && body.vendor != 0x8086) return malformed("SIGSTRUCT: vendor must be 0 or 8086h");
  return out;
}

Bytes signed_bytes(const SigstructBody& body) {
  Writer out;
  write_header(out, body);
  write_body(out, body);
  return out.take();
}

}  // namespace

SignerId signer_id(const crypto::Rsa3072Number& modulus_le) { return {crypto::sha256(modulus_le).bytes}; }

Bytes sign_sigstruct(const SigstructBody& body, const crypto::Rsa3072Key& key) {
  const crypto::Rsa3072Number modulus = key.modulus_le();
  const crypto::Rsa3072Number signature = key.sign_le(signed_bytes(body));
  auto quotients = crypto::rsa3072_quotients_le(modulus, signature);
  BRUME_CHECK(quotients.has_value());
  Writer out;
  write_header(out, body);
  out.raw(modulus).u32le(kExponent).raw(signature);
  write_body(out, body);
  out.zeros(12).raw(quotients->q1).raw(quotients->q2);
  return out.take();
}

Result<Sigstruct> verify_sigstruct(ByteView bytes) {
  BRUME_ASSIGN(const Parsed parsed, parse(bytes));
  Bytes message = to_bytes(bytes.first(kSignedHeaderSize));
  append(message, bytes.subspan(kSignedBodyAt, kSignedBodySize));
  if (!crypto::rsa3072_verify_le(parsed.modulus, message, parsed.signature))
    return fail(ErrorCode::kAuthFailed, "SIGSTRUCT: signature");
  BRUME_ASSIGN(const auto quotients, crypto::rsa3072_quotients_le(parsed.modulus, parsed.signature));
  if (quotients.q1 != parsed.quotients.q1 || quotients.q2 != parsed.quotients.q2)
    return fail(ErrorCode::kAuthFailed, "SIGSTRUCT: Q1 or Q2");
  return Sigstruct{parsed.body, signer_id(parsed.modulus)};
}

Status check_einit(const SigstructBody& body, const Measurement& measured, const Attributes& loaded,
                   std::uint32_t misc_select) {
  if (body.measurement != measured) return fail(ErrorCode::kAuthFailed, "EINIT: measurement is not the signed one");
  const Attributes& mask = body.attribute_mask;
  if ((loaded.flags & mask.flags) != (body.attributes.flags & mask.flags) ||
      (loaded.xfrm & mask.xfrm) != (body.attributes.xfrm & mask.xfrm))
    return fail(ErrorCode::kAuthFailed, "EINIT: attributes are not the signed ones");
  if ((misc_select & body.misc_mask) != (body.misc_select & body.misc_mask))
    return fail(ErrorCode::kAuthFailed, "EINIT: MISCSELECT is not the signed one");
  return {};
}

}  // namespace brume::measure
