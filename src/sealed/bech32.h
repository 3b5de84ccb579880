// Bech32 (BIP 173) without its limit of 90 characters, as age uses it for keys.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace brume::sealed {

// Longest text that is looked at: an age X25519 key has 62 or 74 characters.
inline constexpr std::size_t kBech32SizeLimit = 256;

struct Bech32 {
  std::string prefix;  // human-readable part, in the case in which it came
  Bytes data;
};

// `prefix` all lower or all upper case; the text is of the same case.
std::string encode_bech32(std::string_view prefix, ByteView data);
// Refuses mixed case, a wrong checksum, and unused bits that are not zero: so every value has one
// text in each case, and what decodes encodes to the same text.
Result<Bech32> decode_bech32(std::string_view text);

}  // namespace brume::sealed
