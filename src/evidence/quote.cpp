#include "evidence/quote.h"

#include <algorithm>

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"

namespace brume::evidence {
namespace {

// Body types of version 5.
enum BodyType : std::uint16_t { kSgxBody = 1, kTd10Body = 2, kTd15Body = 3, kTd15ExBody = 4 };

// 0: no such type.
std::size_t body_size(std::uint16_t type) {
  switch (type) {
    case kSgxBody:
      return kReportBodySize;
    case kTd10Body:
      return kTdReport10Size;
    case kTd15Body:
      return kTdReport15Size;
    case kTd15ExBody:
      return kTdReport15ExSize;
    default:
      return 0;
  }
}

std::uint16_t body_type(const QuoteBody& body) {
  const auto* td = std::get_if<TdReport>(&body);
  if (td == nullptr) return kSgxBody;
  return td->v15_ex ? kTd15ExBody : td->v15 ? kTd15Body : kTd10Body;
}

Result<QuoteHeader> parse_header(ByteView bytes) {
  Reader reader(bytes);
  QuoteHeader header;
  header.version = reader.u16le();
  header.attestation_key_type = reader.u16le();
  std::uint32_t tee_type = reader.u32le();
  header.tee_type = static_cast<TeeType>(tee_type);
  header.qe_svn = reader.u16le();
  header.pce_svn = reader.u16le();
  header.qe_vendor_id = reader.array<16>();
  header.user_data = reader.array<20>();
  BRUME_TRY(reader.done("quote header"));
  if (header.version < 3 || header.version > 5) {
    return fail(ErrorCode::kUnsupported, "quote header: version is not 3, 4 or 5");
  }
  if (header.attestation_key_type != 2) {
    return fail(ErrorCode::kUnsupported, "quote header: attestation key type is not 2 (ECDSA P-256)");
  }
  if (header.version == 3 && tee_type != 0) return malformed("quote header: reserved bytes are not zero");
  if (header.tee_type != TeeType::kSgx && header.tee_type != TeeType::kTdx) {
    return fail(ErrorCode::kUnsupported, "quote header: TEE type is neither SGX nor TDX");
  }
  if (header.qe_vendor_id != kIntelQeVendorId) return malformed("quote header: QE vendor is not Intel's id");
  return header;
}

// The bytes of the body, which in version 5 has a head of its own; what it is must fit the TEE.
Result<ByteView> take_body(Reader& reader, const QuoteHeader& header) {
  const bool tdx = header.tee_type == TeeType::kTdx;
  if (header.version < 5) return reader.take(tdx ? kTdReport10Size : kReportBodySize);
  std::uint16_t type = reader.u16le();
  std::uint32_t size = reader.u32le();
  if (reader.ok() && body_size(type) == 0) return fail(ErrorCode::kUnsupported, "quote body: type is not 1 to 4");
  if (reader.ok() && (type == kSgxBody) == tdx) return malformed("quote body: its type does not fit the TEE type");
  if (size != body_size(type)) reader.fault();
  return reader.take(size);
}

Result<QuoteBody> parse_body(TeeType tee, ByteView bytes) {
  if (tee == TeeType::kTdx) {
    BRUME_ASSIGN(auto report, parse_td_report(bytes));
    return report;
  }
  BRUME_ASSIGN(auto report, parse_report_body(bytes));
  return report;
}

// QE report to certification data. Consumes the reader.
Status parse_certification(Reader& reader, QuoteAuth& auth) {
  auth.qe_report_bytes = reader.take(kReportBodySize);
  auth.qe_report_signature = reader.array<64>();
  auth.qe_auth_data = reader.take(reader.u16le());
  auth.certification_type = static_cast<CertificationType>(reader.u16le());
  auth.certification_data = reader.take(reader.u32le());
  BRUME_TRY(reader.done("quote authentication data"));
  const bool known = auth.certification_type >= CertificationType::kPpidPlain &&
                     auth.certification_type <= CertificationType::kPlatformManifest;
  if (!known || auth.certification_type == CertificationType::kQeReport) {
    return malformed("quote authentication data: certification type is not 1 to 5 or 7");
  }
  auto qe_report = parse_report_body(auth.qe_report_bytes);
  if (!qe_report) return within("QE report", qe_report.error());
  auth.qe_report = *qe_report;
  return {};
}

Status parse_auth(ByteView bytes, Quote& quote) {
  Reader reader(bytes);
  quote.signature = reader.array<64>();
  quote.auth.attestation_key = reader.array<64>();
  if (quote.header.version == 3) return parse_certification(reader, quote.auth);
  auto type = static_cast<CertificationType>(reader.u16le());
  ByteView inner = reader.sized(kQuoteSizeLimit);
  BRUME_TRY(reader.done("quote authentication data"));
  if (type != CertificationType::kQeReport) {
    return malformed("quote authentication data: outer certification type is not 6");
  }
  Reader inner_reader(inner);
  return parse_certification(inner_reader, quote.auth);
}

}  // namespace

Result<Quote> parse_quote(ByteView bytes) {
  if (bytes.size() > kQuoteSizeLimit) return fail(ErrorCode::kLimit, "quote: longer than 32 KiB");
  Reader reader(bytes);
  Quote quote;
  ByteView header = reader.take(kQuoteHeaderSize);
  if (!reader.ok()) return malformed("quote: shorter than its header");
  BRUME_ASSIGN(quote.header, parse_header(header));
  BRUME_ASSIGN(ByteView body, take_body(reader, quote.header));
  quote.signed_bytes = bytes.first(reader.ok() ? reader.offset() : 0);
  ByteView auth = reader.sized(kQuoteSizeLimit);
  if (!reader.ok()) return malformed("quote: shorter than its lengths say");
  ByteView padding = reader.rest();
  if (std::ranges::any_of(padding, [](std::uint8_t byte) { return byte != 0; })) {
    return malformed("quote: bytes that are not zero after its end");
  }
  quote.padding_size = padding.size();
  BRUME_ASSIGN(quote.body, parse_body(quote.header.tee_type, body));
  BRUME_TRY(parse_auth(auth, quote));
  return quote;
}

Bytes encode_signed_quote_bytes(const QuoteHeader& header, const QuoteBody& body) {
  Writer writer;
  writer.u16le(header.version).u16le(header.attestation_key_type).u32le(static_cast<std::uint32_t>(header.tee_type));
  writer.u16le(header.qe_svn).u16le(header.pce_svn).raw(header.qe_vendor_id).raw(header.user_data);
  const auto* td = std::get_if<TdReport>(&body);
  const Bytes bytes = td != nullptr ? encode_td_report(*td) : to_bytes(encode_report_body(std::get<ReportBody>(body)));
  if (header.version >= 5) writer.u16le(body_type(body)).u32le(static_cast<std::uint32_t>(bytes.size()));
  writer.raw(bytes);
  return writer.take();
}

Bytes encode_quote(std::uint16_t version, ByteView signed_bytes, ByteView signature, const QuoteAuth& auth) {
  Writer certification;
  certification.raw(auth.qe_report_bytes).raw(auth.qe_report_signature);
  certification.u16le(static_cast<std::uint16_t>(auth.qe_auth_data.size())).raw(auth.qe_auth_data);
  certification.u16le(static_cast<std::uint16_t>(auth.certification_type)).sized(auth.certification_data);
  Writer tail;
  tail.raw(signature).raw(auth.attestation_key);
  if (version == 3) {
    tail.raw(certification.bytes());
  } else {
    tail.u16le(static_cast<std::uint16_t>(CertificationType::kQeReport)).sized(certification.bytes());
  }
  return Writer().raw(signed_bytes).sized(tail.bytes()).take();
}

Sha256Digest attestation_key_hash(ByteView attestation_key, ByteView qe_auth_data) {
  return crypto::Sha256().update(attestation_key).update(qe_auth_data).finish();
}

}  // namespace brume::evidence
