// Whether bytes are UTF-8, for outputs that may hold nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace brume {

// As Unicode's table of well-formed sequences says (Standard 15, table 3-7): no overlong form, no surrogate, nothing
// above U+10FFFF. The empty text is.
constexpr bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
    const std::uint8_t lead = byte(0);
    if (lead < 0x80) {
      ++at;
      continue;
    }
    if (lead < 0xC2 || lead > 0xF4) return false;
    const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (text.size() - at < size) return false;
    // Only the second byte has a range of its own.
    const std::uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const std::uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(1) < least || byte(1) > most) return false;
    for (std::size_t i = 2; i < size; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return false;
    }
    at += size;
  }
  return true;
}

}  // namespace brume
