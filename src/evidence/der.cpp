#include "evidence/der.h"

#include <algorithm>

namespace brume::evidence {

ByteView DerReader::element(DerTag tag) {
  if (rest_.size() < 2 || rest_[0] != static_cast<std::uint8_t>(tag)) {
    fault();
    return {};
  }
  std::size_t size = rest_[1];
  std::size_t head = 2;
  if (size >= 0x80) {
    // Long form: one or two length bytes, and no shorter way to write the same.
    std::size_t count = size & 0x7f;
    if (count < 1 || count > 2 || rest_.size() < 2 + count) {
      fault();
      return {};
    }
    size = rest_[2];
    if (count == 2) size = size << 8 | rest_[3];
    head = 2 + count;
    if (size < (count == 1 ? 0x80u : 0x100u)) {
      fault();
      return {};
    }
  }
  if (size > rest_.size() - head) {
    fault();
    return {};
  }
  ByteView content = rest_.subspan(head, size);
  rest_ = rest_.subspan(head + size);
  return content;
}

std::uint32_t DerReader::unsigned_integer(DerTag tag, std::uint32_t limit) {
  ByteView content = element(tag);
  bool minimal = content.size() == 1 || (content.size() > 1 && (content[0] != 0 || content[1] >= 0x80));
  if (!minimal || content.size() > 4 || content[0] >= 0x80) {
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

}  // namespace brume::evidence
