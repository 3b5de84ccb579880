#include "sealed/bech32.h"

namespace brume::sealed {

namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kChecksumSize = 6;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
char upper(char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

// BIP 173, "Checksum".
class Polymod {
 public:
  void add(std::uint8_t value) {
    static constexpr std::uint32_t kGenerator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    std::uint32_t top = sum_ >> 25;
    sum_ = (sum_ & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < 5; ++i) {
      if ((top >> i & 1) != 0) sum_ ^= kGenerator[i];
    }
  }
  void add_prefix(std::string_view prefix) {
    for (char c : prefix) add(static_cast<std::uint8_t>(lower(c)) >> 5);
    add(0);
    for (char c : prefix) add(static_cast<std::uint8_t>(lower(c)) & 31);
  }
  std::uint32_t value() const { return sum_; }

 private:
  std::uint32_t sum_ = 1;
};

// Groups of five bits, the last filled up with zeros.
Bytes to_groups(ByteView data) {
  Bytes out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (std::uint8_t byte : data) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 5;) {
      count -= 5;
      out.push_back(bits >> count & 31);
    }
  }
  if (count > 0) out.push_back(bits << (5 - count) & 31);
  return out;
}

Result<Bytes> from_groups(ByteView groups) {
  Bytes out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (std::uint8_t group : groups) {
    bits = bits << 5 | group;
    count += 5;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<std::uint8_t>(bits >> count));
    }
  }
  if (count >= 5 || (bits & ((1u << count) - 1)) != 0) return malformed("bech32: unused bits are not zero");
  return out;
}

Status check_characters(std::string_view text) {
  bool has_upper = false;
  bool has_lower = false;
  for (char c : text) {
    if (c < 33 || c > 126) return malformed("bech32: a character that cannot be printed, or a space");
    has_upper |= is_upper(c);
    has_lower |= is_lower(c);
  }
  if (has_upper && has_lower) return malformed("bech32: upper and lower case are mixed");
  return {};
}

}  // namespace

std::string encode_bech32(std::string_view prefix, ByteView data) {
  Bytes groups = to_groups(data);
  Polymod sum;
  sum.add_prefix(prefix);
  for (std::uint8_t group : groups) sum.add(group);
  for (std::size_t i = 0; i < kChecksumSize; ++i) sum.add(0);
  std::uint32_t checksum = sum.value() ^ 1;
  for (std::size_t i = 0; i < kChecksumSize; ++i) groups.push_back(checksum >> 5 * (kChecksumSize - 1 - i) & 31);

  bool in_upper = false;
  for (char c : prefix) in_upper |= is_upper(c);
  std::string out(prefix);
  out.push_back('1');
  for (std::uint8_t group : groups) out.push_back(in_upper ? upper(kAlphabet[group]) : kAlphabet[group]);
  return out;
}

Result<Bech32> decode_bech32(std::string_view text) {
  if (text.size() > kBech32SizeLimit) return fail(ErrorCode::kLimit, "bech32: text is too long");
  BRUME_TRY(check_characters(text));
  std::size_t separator = text.rfind('1');
  if (separator == std::string_view::npos || separator == 0) return malformed("bech32: no prefix");
  std::string_view rest = text.substr(separator + 1);
  if (rest.size() < kChecksumSize) return malformed("bech32: no checksum");

  Polymod sum;
  sum.add_prefix(text.substr(0, separator));
  Bytes groups;
  for (char c : rest) {
    std::size_t group = kAlphabet.find(lower(c));
    if (group == std::string_view::npos) return malformed("bech32: a character outside the alphabet");
    groups.push_back(static_cast<std::uint8_t>(group));
    sum.add(groups.back());
  }
  if (sum.value() != 1) return malformed("bech32: the checksum does not fit (mistyped?)");
  BRUME_ASSIGN(Bytes data, from_groups(ByteView(groups).first(groups.size() - kChecksumSize)));
  return Bech32{std::string(text.substr(0, separator)), std::move(data)};
}

}  // namespace brume::sealed
