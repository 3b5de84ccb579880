#include "crypto/der.h"

namespace brume::crypto {

namespace {

constexpr std::size_t kOidSizeLimit = 32;
constexpr int kDepthLimit = 16;

struct Length {
  std::size_t size = 0;  // of the content
  std::size_t head = 0;  // tag and length; 0: no element
};

// Long form: one to three length bytes, and no shorter way to write the same.
Length length_of(ByteView bytes) {
  if (bytes.size() < 2 || (bytes[0] & 0x1f) == 0x1f) return {};
  if (bytes[1] < 0x80) return {bytes[1], 2};
  const std::size_t count = bytes[1] & 0x7f;
  if (count < 1 || count > 3 || bytes.size() < 2 + count || bytes[2] == 0) return {};
  std::size_t size = 0;
  for (std::size_t i = 0; i < count; ++i) size = size << 8 | bytes[2 + i];
  return size < 0x80 ? Length{} : Length{size, 2 + count};
}

bool well_formed(ByteView bytes, int depth) {
  if (depth == kDepthLimit) return false;
  DerReader reader(bytes);
  while (reader.ok() && !reader.empty()) {
    const DerElement element = reader.any();
    if (reader.ok() && element.constructed() && !well_formed(element.content, depth + 1)) return false;
  }
  return reader.ok();
}

bool minimal_integer(ByteView content) {
  if (content.size() < 2) return content.size() == 1;
  return !(content[0] == 0x00 && content[1] < 0x80) && !(content[0] == 0xff && content[1] >= 0x80);
}

}  // namespace

DerElement DerReader::any() {
  const Length length = length_of(rest_);
  if (length.head == 0 || length.size > rest_.size() - length.head) {
    fault();
    return {};
  }
  DerElement out{rest_[0], rest_.subspan(length.head, length.size), rest_.first(length.head + length.size)};
  rest_ = rest_.subspan(out.whole.size());
  return out;
}

ByteView DerReader::element(DerTag tag) {
  if (!next_is(tag)) fault();
  return any().content;
}

ByteView DerReader::whole(DerTag tag) {
  if (!next_is(tag)) fault();
  return any().whole;
}

ByteView DerReader::integer() {
  ByteView content = element(DerTag::kInteger);
  if (!minimal_integer(content)) {
    fault();
    return {};
  }
  return content;
}

std::uint32_t DerReader::unsigned_integer(DerTag tag, std::uint32_t limit) {
  ByteView content = element(tag);
  if (!minimal_integer(content) || content.size() > 4 || content[0] >= 0x80) {
    fault();
    return 0;
  }
  std::uint32_t value = 0;
  for (std::uint8_t byte : content) value = value << 8 | byte;
  if (value > limit) {
    fault();
    return 0;
  }
  return value;
}

bool DerReader::boolean() {
  ByteView content = element(DerTag::kBoolean);
  if (content.size() != 1 || (content[0] != 0x00 && content[0] != 0xff)) {
    fault();
    return false;
  }
  return content[0] == 0xff;
}

void DerReader::expect_oid(ByteView content) {
  if (!equal(element(DerTag::kOid), content)) fault();
}

bool DerReader::next_is_oid(ByteView content) const {
  DerReader ahead = *this;
  ahead.expect_oid(content);
  return ahead.ok();
}

bool well_formed_der(ByteView bytes) { return well_formed(bytes, 0); }

// X.690, 8.19: base 128, shortest form, the first two arcs in one.
std::string oid_text(ByteView content) {
  if (content.empty() || content.size() > kOidSizeLimit || content.back() >= 0x80) return {};
  std::string out;
  std::uint64_t arc = 0;
  bool begins = true;
  for (std::uint8_t byte : content) {
    if ((begins && byte == 0x80) || arc >> 56 != 0) return {};
    arc = arc << 7 | (byte & 0x7f);
    begins = byte < 0x80;
    if (!begins) continue;
    if (out.empty()) {
      const std::uint64_t first = arc < 80 ? arc / 40 : 2;
      out = std::to_string(first);
      arc -= 40 * first;
    }
    out += '.' + std::to_string(arc);
    arc = 0;
  }
  return out;
}

Bytes oid_content(std::string_view text) {
  std::vector<std::uint64_t> arcs(1);
  for (char c : text) {
    if (c == '.') {
      arcs.push_back(0);
    } else if (c < '0' || c > '9' || arcs.back() > UINT64_MAX / 16) {
      return {};
    } else {
      arcs.back() = arcs.back() * 10 + static_cast<std::uint64_t>(c - '0');
    }
  }
  if (arcs.size() < 2 || arcs[0] > 2) return {};
  arcs[1] += 40 * arcs[0];
  Bytes out;
  for (std::size_t i = 1; i < arcs.size(); ++i) {
    int shift = 63;
    while (shift > 0 && arcs[i] >> shift == 0) shift -= 7;
    for (; shift > 0; shift -= 7) out.push_back(static_cast<std::uint8_t>(0x80 | (arcs[i] >> shift & 0x7f)));
    out.push_back(static_cast<std::uint8_t>(arcs[i] & 0x7f));
  }
  return out;
}

Bytes der_element(DerTag tag, ByteView content) {
  Bytes out{static_cast<std::uint8_t>(tag)};
  std::size_t size = content.size();
  if (size >= 0x100) {
    out.push_back(0x82);
    out.push_back(static_cast<std::uint8_t>(size >> 8));
  } else if (size >= 0x80) {
    out.push_back(0x81);
  }
  out.push_back(static_cast<std::uint8_t>(size));
  append(out, content);
  return out;
}

Bytes der_unsigned(DerTag tag, std::uint32_t value) {
  Bytes content;
  for (int shift = 24; shift >= 0; shift -= 8) {
    auto byte = static_cast<std::uint8_t>(value >> shift);
    if (content.empty() && byte == 0 && shift != 0) continue;
    if (content.empty() && byte >= 0x80) content.push_back(0);
    content.push_back(byte);
  }
  return der_element(tag, content);
}

Bytes der_boolean(bool value) {
  std::uint8_t content = value ? 0xff : 0x00;
  return der_element(DerTag::kBoolean, ByteView(&content, 1));
}

}  // namespace brume::crypto
