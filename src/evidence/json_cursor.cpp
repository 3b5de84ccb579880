#include "evidence/json_cursor.h"

#include <array>

#include "evidence/time.h"

namespace brume::evidence {
namespace {

// Printable ASCII but the quotation mark and the backslash: what a string may hold.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = 0x20; c <= 0x7e; ++c) out[c] = c != '"' && c != '\\';
  return out;
}();

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void JsonCursor::skip_all_space() {
  while (position_ < text_.size()) {
    char c = text_[position_];
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return;
    ++position_;
  }
}

char JsonCursor::peek() {
  skip_space();
  return ok() && position_ < text_.size() ? text_[position_] : '\0';
}

bool JsonCursor::boolean() {
  skip_space();
  const std::string_view rest = text_.substr(position_);
  for (const auto& [word, value] : {std::pair{std::string_view("true"), true}, {std::string_view("false"), false}}) {
    if (!rest.starts_with(word)) continue;
    position_ += word.size();
    return value;
  }
  fault("neither true nor false");
  return false;
}

std::string_view JsonCursor::string() {
  take('"');
  const char* const begin = text_.data() + position_;
  const char* const end = text_.data() + text_.size();
  const char* at = begin;
  while (at != end && kPlain[static_cast<unsigned char>(*at)]) ++at;
  if (at == end || *at != '"') {
    fault("a string is not plain ASCII or does not end");
    return {};
  }
  position_ += static_cast<std::size_t>(at - begin) + 1;
  return {begin, at};
}

std::uint64_t JsonCursor::number(std::uint64_t limit) {
  skip_space();
  std::size_t begin = position_;
  std::uint64_t value = 0;
  while (position_ < text_.size() && text_[position_] >= '0' && text_[position_] <= '9') {
    value = value * 10 + static_cast<std::uint64_t>(text_[position_++] - '0');
    if (value > limit) break;
  }
  std::size_t count = position_ - begin;
  if (count == 0 || (count > 1 && text_[begin] == '0') || value > limit) {
    fault("a number is not a whole number in its range");
    return 0;
  }
  return value;
}

void JsonCursor::hex_into(MutableByteView out) {
  std::string_view digits = string();
  if (digits.size() != 2 * out.size()) return fault("a hex string has the wrong length");
  for (std::size_t i = 0; i < out.size(); ++i) {
    int high = nibble(digits[2 * i]);
    int low = nibble(digits[2 * i + 1]);
    if (high < 0 || low < 0) return fault("a hex string has other characters");
    out[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
}

UnixMs JsonCursor::time() {
  auto time = parse_time(string());
  if (!time) fault("a time is not of the form 2024-03-13T00:00:00Z");
  return time.value_or(0);
}

std::vector<std::string> JsonCursor::strings(std::size_t limit) {
  std::vector<std::string> out;
  array(limit, [&](std::size_t) { out.emplace_back(string()); });
  return out;
}

std::size_t JsonCursor::value_offset() {
  skip_space();
  return position_;
}

std::size_t JsonCursor::name_index(std::string_view name, std::span<const std::string_view> names, std::size_t guess) {
  if (guess < names.size() && names[guess] == name) return guess;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return i;
  }
  fault("an unknown field");
  return 0;
}

Status JsonCursor::done(std::string_view what) {
  skip_space();
  if (ok() && position_ != text_.size()) fault("bytes after its end");
  if (!ok()) return malformed(std::string(what) + ": " + reason_);
  return {};
}

}  // namespace brume::evidence
