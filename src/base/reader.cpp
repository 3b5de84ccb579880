#include "base/reader.h"

namespace brume {

ByteView Reader::take(std::size_t size) {
  if (faulted_ || size > rest_.size()) {
    fault();
    return {};
  }
  ByteView out = rest_.first(size);
  rest_ = rest_.subspan(size);
  return out;
}

std::uint64_t Reader::little(std::size_t size) {
  std::uint64_t value = 0;
  ByteView bytes = take(size);
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | bytes[i];
  return value;
}

std::uint64_t Reader::big(std::size_t size) {
  std::uint64_t value = 0;
  for (std::uint8_t byte : take(size)) value = value << 8 | byte;
  return value;
}

ByteView Reader::sized(std::size_t limit) {
  std::uint32_t size = u32le();
  if (size > limit) {
    fault();
    return {};
  }
  return take(size);
}

std::uint32_t Reader::count(std::size_t limit, std::size_t least_size_each) {
  std::uint32_t n = u32le();
  if (n > limit || (least_size_each > 0 && n > rest_.size() / least_size_each)) {
    fault();
    return 0;
  }
  return n;
}

Status Reader::done(std::string_view what) const {
  if (faulted_) return malformed(std::string(what) + ": truncated or a length over its limit");
  if (!rest_.empty()) return malformed(std::string(what) + ": " + std::to_string(rest_.size()) + " bytes left over");
  return {};
}

}  // namespace brume
