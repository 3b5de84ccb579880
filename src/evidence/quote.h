// DCAP ECDSA quotes (Intel SGX ECDSA QuoteLibReference, appendix A). Version 3 for SGX; later
// versions share QuoteHeader and QuoteAuth.
//
//   header 48 | report body 384 | u32 auth size | quote signature 64 | attestation key 64 |
//   QE report 384 | QE report signature 64 | u16 + QE authentication data |
//   u16 certification type | u32 + certification data | zero padding
//
// Little-endian, but signatures and keys: r||s and x||y, big-endian.
#pragma once

#include "evidence/sgx_report.h"

namespace brume::evidence {

inline constexpr std::size_t kQuoteHeaderSize = 48;
inline constexpr std::size_t kSignedQuoteSize = kQuoteHeaderSize + kReportBodySize;
// Real quotes are below 5 KB, padded ones below 9 KB; nothing longer is looked at.
inline constexpr std::size_t kQuoteSizeLimit = 32u << 10;
inline constexpr ByteArray<16> kIntelQeVendorId = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                                   0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

// What the QE hands in so that its PCK can be found.
enum class CertificationType : std::uint16_t {
  kPpidPlain = 1,
  kPpidRsa2048 = 2,
  kPpidRsa3072 = 3,
  kPckLeaf = 4,
  kPckChain = 5,  // PEM: leaf, intermediate, root
  kQeReport = 6,
  kPlatformManifest = 7,
};

struct QuoteHeader {
  std::uint16_t version = 3;
  std::uint16_t attestation_key_type = 2;  // ECDSA P-256
  std::uint16_t qe_svn = 0;                // informative: not used in any decision
  std::uint16_t pce_svn = 0;               // informative: the PCK certificate's counts
  ByteArray<16> qe_vendor_id = kIntelQeVendorId;
  ByteArray<20> user_data{};
  friend bool operator==(const QuoteHeader&, const QuoteHeader&) = default;
};

// What vouches for the attestation key. Views lie in the bytes that were parsed.
struct QuoteAuth {
  ByteArray<64> attestation_key{};
  ByteView qe_report_bytes;  // the signed range of qe_report_signature
  ReportBody qe_report;
  ByteArray<64> qe_report_signature{};
  ByteView qe_auth_data;
  CertificationType certification_type = CertificationType::kPckChain;
  ByteView certification_data;
};

// A quote in its shape only: nothing in it is verified.
struct SgxQuote {
  QuoteHeader header;
  ReportBody report;
  ByteView signed_bytes;  // header and report, the signed range of `signature`
  ByteArray<64> signature{};
  QuoteAuth auth;
  std::size_t padding_size = 0;  // zero bytes after the quote, as drivers add
};

// Refuses other versions, key types and vendors, lengths that do not add up, and trailing bytes
// that are not zero. The result refers to `bytes`, which must outlive it.
Result<SgxQuote> parse_sgx_quote(ByteView bytes);

// header and report, ready to be signed with the attestation key.
Bytes encode_signed_quote_bytes(const QuoteHeader& header, const ReportBody& report);
// The whole quote from its parts; `qe_report` in `auth` is not read, `qe_report_bytes` is.
Bytes encode_sgx_quote(ByteView signed_bytes, ByteView signature, const QuoteAuth& auth);
// What stands in the first 32 bytes of the QE's report data: SHA-256(attestation key || auth data).
Sha256Digest attestation_key_hash(ByteView attestation_key, ByteView qe_auth_data);

}  // namespace brume::evidence
