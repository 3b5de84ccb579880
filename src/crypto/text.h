// Base64 (RFC 4648; standard alphabet) and PEM (RFC 7468) framing.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace brume::crypto {

std::string base64(ByteView bytes);                         // padded
std::string base64_unpadded(ByteView bytes);                // as age writes it
Result<Bytes> from_base64(std::string_view text);           // padded, strict, no white space
Result<Bytes> from_base64_unpadded(std::string_view text);  // canonical only: unused bits zero

std::string to_pem(std::string_view label, ByteView der);
// Every block with that label, in order. Trailing NULs and white space are allowed; other text is refused.
Result<std::vector<Bytes>> from_pem(std::string_view label, std::string_view text, std::size_t limit_count);

}  // namespace brume::crypto
