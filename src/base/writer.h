// The counterpart of Reader: appends fields to owned bytes.
#pragma once

#include "base/bytes.h"

namespace brume {

class Writer {
 public:
  Writer& u8(std::uint8_t value) {
    out_.push_back(value);
    return *this;
  }
  Writer& u16le(std::uint16_t value) { return little(value, 2); }
  Writer& u32le(std::uint32_t value) { return little(value, 4); }
  Writer& u64le(std::uint64_t value) { return little(value, 8); }
  Writer& u16be(std::uint16_t value) { return big(value, 2); }
  Writer& u32be(std::uint32_t value) { return big(value, 4); }
  Writer& u64be(std::uint64_t value) { return big(value, 8); }
  Writer& raw(ByteView bytes) {
    append(out_, bytes);
    return *this;
  }
  Writer& zeros(std::size_t size) {
    out_.resize(out_.size() + size);
    return *this;
  }
  // u32le length, then the bytes: what Reader::sized reads.
  Writer& sized(ByteView bytes) { return u32le(static_cast<std::uint32_t>(bytes.size())).raw(bytes); }
  Writer& text(std::string_view value) { return sized(as_bytes(value)); }

  std::size_t size() const { return out_.size(); }
  const Bytes& bytes() const { return out_; }
  Bytes take() { return std::move(out_); }

 private:
  Writer& little(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }
  Writer& big(std::uint64_t value, int size) {
    for (int i = size; i-- > 0;) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return *this;
  }

  Bytes out_;
};

}  // namespace brume
