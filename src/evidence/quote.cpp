#include "evidence/quote.h"

#include <algorithm>

#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"

namespace brume::evidence {
namespace {

Result<QuoteHeader> parse_header(ByteView bytes) {
  Reader reader(bytes);
  QuoteHeader header;
  header.version = reader.u16le();
  header.attestation_key_type = reader.u16le();
  std::uint32_t reserved = reader.u32le();
  header.qe_svn = reader.u16le();
  header.pce_svn = reader.u16le();
  header.qe_vendor_id = reader.array<16>();
  header.user_data = reader.array<20>();
  BRUME_TRY(reader.done("quote header"));
  if (header.version != 3) return fail(ErrorCode::kUnsupported, "quote header: version is not 3");
  if (header.attestation_key_type != 2) {
    return fail(ErrorCode::kUnsupported, "quote header: attestation key type is not 2 (ECDSA P-256)");
  }
  if (reserved != 0) return malformed("quote header: reserved bytes are not zero");
  if (header.qe_vendor_id != kIntelQeVendorId) return malformed("quote header: QE vendor is not Intel's id");
  return header;
}

// From the QE report on. Consumes `bytes` exactly.
Result<QuoteAuth> parse_auth(Reader& reader, const ByteArray<64>& attestation_key) {
  QuoteAuth auth;
  auth.attestation_key = attestation_key;
  auth.qe_report_bytes = reader.take(kReportBodySize);
  auth.qe_report_signature = reader.array<64>();
  auth.qe_auth_data = reader.take(reader.u16le());
  auth.certification_type = static_cast<CertificationType>(reader.u16le());
  auth.certification_data = reader.take(reader.u32le());
  BRUME_TRY(reader.done("quote authentication data"));
  if (auth.certification_type < CertificationType::kPpidPlain ||
      auth.certification_type > CertificationType::kPckChain) {
    return malformed("quote authentication data: certification type is not 1 to 5");
  }
  auto qe_report = parse_report_body(auth.qe_report_bytes);
  if (!qe_report) return within("QE report", qe_report.error());
  auth.qe_report = *qe_report;
  return auth;
}

}  // namespace

Result<SgxQuote> parse_sgx_quote(ByteView bytes) {
  if (bytes.size() > kQuoteSizeLimit) return fail(ErrorCode::kLimit, "quote: longer than 32 KiB");
  Reader reader(bytes);
  SgxQuote quote;
  quote.signed_bytes = reader.take(kSignedQuoteSize);
  ByteView auth_bytes = reader.sized(kQuoteSizeLimit);
  if (!reader.ok()) return malformed("quote: shorter than its lengths say");
  ByteView padding = reader.rest();
  if (std::ranges::any_of(padding, [](std::uint8_t byte) { return byte != 0; })) {
    return malformed("quote: bytes that are not zero after its end");
  }
  quote.padding_size = padding.size();
  BRUME_ASSIGN(quote.header, parse_header(quote.signed_bytes.first(kQuoteHeaderSize)));
  BRUME_ASSIGN(quote.report, parse_report_body(quote.signed_bytes.subspan(kQuoteHeaderSize)));
  Reader auth(auth_bytes);
  quote.signature = auth.array<64>();
  auto attestation_key = auth.array<64>();
  BRUME_ASSIGN(quote.auth, parse_auth(auth, attestation_key));
  return quote;
}

Bytes encode_signed_quote_bytes(const QuoteHeader& header, const ReportBody& report) {
  Writer writer;
  writer.u16le(header.version).u16le(header.attestation_key_type).u32le(0);
  writer.u16le(header.qe_svn).u16le(header.pce_svn).raw(header.qe_vendor_id).raw(header.user_data);
  writer.raw(encode_report_body(report));
  return writer.take();
}

Bytes encode_sgx_quote(ByteView signed_bytes, ByteView signature, const QuoteAuth& auth) {
  Writer tail;
  tail.raw(signature).raw(auth.attestation_key).raw(auth.qe_report_bytes).raw(auth.qe_report_signature);
  tail.u16le(static_cast<std::uint16_t>(auth.qe_auth_data.size())).raw(auth.qe_auth_data);
  tail.u16le(static_cast<std::uint16_t>(auth.certification_type)).sized(auth.certification_data);
  Writer writer;
  writer.raw(signed_bytes).sized(tail.bytes());
  return writer.take();
}

Sha256Digest attestation_key_hash(ByteView attestation_key, ByteView qe_auth_data) {
  return crypto::Sha256().update(attestation_key).update(qe_auth_data).finish();
}

}  // namespace brume::evidence
