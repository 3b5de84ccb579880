// DCAP ECDSA quotes: version 3 (Intel SGX ECDSA QuoteLibReference, appendix A), 4 and 5 (Intel TDX DCAP Quoting
// Library API, appendix A.3 and A.4), of enclaves and of TDs.
//
//   header 48 | body | u32 auth size | quote signature 64 | attestation key 64 | QE certification | padding
//
//   body: version 3: report body 384; version 4: report body 384 or TD report 584;
//         version 5: u16 type | u32 size | report body 384 (type 1), TD report 584 (2), 648 (3), 885 (4)
//   QE certification: version 3: QE report 384 | QE report signature 64 | u16 + QE authentication data |
//         u16 certification type | u32 + certification data; versions 4 and 5: u16 6 | u32 + the same
//
// Little-endian, but signatures and keys: r||s and x||y, big-endian.
#pragma once

#include <variant>

#include "evidence/sgx_report.h"
#include "evidence/td_report.h"

namespace brume::evidence {

inline constexpr std::size_t kQuoteHeaderSize = 48;
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
  kQeReport = 6,  // versions 4 and 5, around all the others; never within itself
  kPlatformManifest = 7,
};

enum class TeeType : std::uint32_t { kSgx = 0, kTdx = 0x81 };

struct QuoteHeader {
  std::uint16_t version = 3;
  std::uint16_t attestation_key_type = 2;  // ECDSA P-256
  TeeType tee_type = TeeType::kSgx;        // version 3: reserved, zero
  std::uint16_t qe_svn = 0;                // informative: not used in any decision; reserved from version 4 on
  std::uint16_t pce_svn = 0;               // informative: the PCK certificate's counts; reserved from version 4 on
  ByteArray<16> qe_vendor_id = kIntelQeVendorId;
  ByteArray<20> user_data{};
  friend bool operator==(const QuoteHeader&, const QuoteHeader&) = default;
};

// Of an enclave, or of a TD.
using QuoteBody = std::variant<ReportBody, TdReport>;

// What vouches for the attestation key. Views lie in the bytes that were parsed.
struct QuoteAuth {
  ByteArray<64> attestation_key{};
  ByteView qe_report_bytes;  // the signed range of qe_report_signature
  ReportBody qe_report;
  ByteArray<64> qe_report_signature{};
  ByteView qe_auth_data;
  CertificationType certification_type = CertificationType::kPckChain;  // never kQeReport: the one within
  ByteView certification_data;
};

// A quote in its shape only: nothing in it is verified.
struct Quote {
  QuoteHeader header;
  QuoteBody body;
  ByteView signed_bytes;  // all before the auth size, the signed range of `signature`
  ByteArray<64> signature{};
  QuoteAuth auth;
  std::size_t padding_size = 0;  // zero bytes after the quote, as drivers add

  const ReportBody* sgx_report() const { return std::get_if<ReportBody>(&body); }
  const TdReport* td_report() const { return std::get_if<TdReport>(&body); }
  const ReportData& report_data() const {
    return std::visit([](const auto& report) -> const ReportData& { return report.report_data; }, body);
  }
};

// Refuses other versions, key types, TEEs and vendors, a body that does not fit version or TEE, lengths that
// do not add up, and trailing bytes that are not zero. The result refers to `bytes`, which must outlive it.
Result<Quote> parse_quote(ByteView bytes);

// header and body, ready to be signed with the attestation key.
Bytes encode_signed_quote_bytes(const QuoteHeader& header, const QuoteBody& body);
// The whole quote from its parts, in the form of `version`; `qe_report` in `auth` is not read,
// `qe_report_bytes` is.
Bytes encode_quote(std::uint16_t version, ByteView signed_bytes, ByteView signature, const QuoteAuth& auth);
// What stands in the first 32 bytes of the QE's report data: SHA-256(attestation key || auth data).
Sha256Digest attestation_key_hash(ByteView attestation_key, ByteView qe_auth_data);

}  // namespace brume::evidence
