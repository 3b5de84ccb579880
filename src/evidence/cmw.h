// Conceptual message wrapper (RFC 9999), the CBOR record form: [type, value]. What kind of evidence
// travels, and its bytes. Canonical CBOR only: shortest heads, definite lengths, two elements.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace brume::evidence {

inline constexpr std::size_t kCmwTypeSizeLimit = 127;
inline constexpr std::size_t kCmwValueSizeLimit = 256u << 10;

inline constexpr std::string_view kTypeSgxQuote = "application/vnd.brume.sgx-quote";
inline constexpr std::string_view kTypeTdxQuote = "application/vnd.brume.tdx-quote";
inline constexpr std::string_view kTypeSnpReport = "application/vnd.brume.snp-report";  // one report of 1184 bytes
inline constexpr std::string_view kTypeTpmQuote = "application/vnd.brume.tpm-quote";
inline constexpr std::string_view kTypeNone = "application/vnd.brume.none";

struct Cmw {
  std::string type;  // a media type
  Bytes value;
  friend bool operator==(const Cmw&, const Cmw&) = default;
};

// Refuses everything that encode_cmw would not have written.
Result<Cmw> parse_cmw(ByteView bytes);
Bytes encode_cmw(std::string_view type, ByteView value);

}  // namespace brume::evidence
