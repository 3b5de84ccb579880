#include "crypto/text.h"

namespace brume::crypto {

namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kForeign = 0xff;
constexpr std::size_t kPemLineSize = 64;  // RFC 7468 section 2

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> out{};
  out.fill(kForeign);
  for (std::uint8_t i = 0; i < 64; ++i) out[static_cast<std::uint8_t>(kAlphabet[i])] = i;
  return out;
}();

std::uint8_t value(char c) { return kValues[static_cast<std::uint8_t>(c)]; }

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view without_leading_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string boundary(std::string_view word, std::string_view label) {
  return "-----" + std::string(word) + " " + std::string(label) + "-----";
}

// The base64 of a block's body, among which white space may stand.
Result<Bytes> decode_pem_body(std::string_view body) {
  Bytes out;
  out.reserve(body.size() / 4 * 3 + 3);
  std::uint32_t bits = 0;
  std::size_t count = 0, padding = 0;
  for (char c : body) {
    const std::uint8_t digit = value(c);
    if (digit == kForeign) {
      if (is_space(c)) continue;
      if (c != '=') return malformed("PEM: a character outside the alphabet");
      ++padding;
      continue;
    }
    if (padding > 0) return malformed("PEM: padding in the middle");
    bits = bits << 6 | digit;
    if (++count % 4 != 0) continue;
    out.push_back(static_cast<std::uint8_t>(bits >> 16));
    out.push_back(static_cast<std::uint8_t>(bits >> 8));
    out.push_back(static_cast<std::uint8_t>(bits));
    bits = 0;
  }
  const std::size_t rest = count % 4;
  if ((count + padding) % 4 != 0 || padding > 2) return malformed("PEM: base64 of an impossible length");
  if (rest == 2) out.push_back(static_cast<std::uint8_t>(bits >> 4));
  if (rest == 3) {
    out.push_back(static_cast<std::uint8_t>(bits >> 10));
    out.push_back(static_cast<std::uint8_t>(bits >> 2));
  }
  const std::uint32_t unused = rest == 2 ? 0xf : rest == 3 ? 0x3 : 0;
  if ((bits & unused) != 0) return malformed("PEM: unused bits are not zero");
  return out;
}

Result<Bytes> take_pem_block(std::string_view& rest, const std::string& begin, const std::string& end) {
  if (!take_prefix(rest, begin)) return malformed("PEM: expected the first line of a block with the right label");
  std::size_t size = rest.find('-');
  if (size == std::string_view::npos) return malformed("PEM: a block has no last line");
  const std::string_view body = rest.substr(0, size);
  rest.remove_prefix(size);
  if (!take_prefix(rest, end)) return malformed("PEM: a block ends with another label");
  return decode_pem_body(body);
}

}  // namespace

std::string base64_unpadded(ByteView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (std::uint8_t byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6;) {
      count -= 6;
      out.push_back(kAlphabet[bits >> count & 63]);
    }
  }
  if (count > 0) out.push_back(kAlphabet[bits << (6 - count) & 63]);
  return out;
}

std::string base64(ByteView bytes) {
  std::string out = base64_unpadded(bytes);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

Result<Bytes> from_base64_unpadded(std::string_view text) {
  if (text.size() % 4 == 1) return malformed("base64: impossible length");
  Bytes out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    if (value(c) == kForeign) return malformed("base64: a character outside the alphabet");
    bits = bits << 6 | value(c);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> count));
    }
  }
  if ((bits & ((1u << count) - 1)) != 0) return malformed("base64: unused bits are not zero");
  return out;
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return malformed("base64: length is not a multiple of four");
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return from_base64_unpadded(text);
}

std::string to_pem(std::string_view label, ByteView der) {
  std::string out = boundary("BEGIN", label) + "\n";
  std::string body = base64(der);
  for (std::size_t i = 0; i < body.size(); i += kPemLineSize) out.append(body, i, kPemLineSize).push_back('\n');
  return out + boundary("END", label) + "\n";
}

Result<std::vector<Bytes>> from_pem(std::string_view label, std::string_view text, std::size_t limit_count) {
  const std::string begin = boundary("BEGIN", label);
  const std::string end = boundary("END", label);
  while (!text.empty() && (text.back() == '\0' || is_space(text.back()))) text.remove_suffix(1);
  std::vector<Bytes> out;
  for (std::string_view rest = without_leading_space(text); !rest.empty(); rest = without_leading_space(rest)) {
    if (out.size() == limit_count) return fail(ErrorCode::kLimit, "PEM: more blocks than allowed");
    BRUME_ASSIGN(Bytes block, take_pem_block(rest, begin, end));
    out.push_back(std::move(block));
  }
  return out;
}

}  // namespace brume::crypto
