// A cursor over bytes from outside that only moves forward.
//
// After the first fault every read yields zeros or nothing, so a parser reads like its
// format's table and asks once, at the end, with `done()`: no fault happened, and every byte
// was used. What success does not promise: that the values make sense.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace brume {

class Reader {
 public:
  explicit Reader(ByteView bytes) : rest_(bytes), size_(bytes.size()) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(little(1)); }
  std::uint16_t u16le() { return static_cast<std::uint16_t>(little(2)); }
  std::uint32_t u32le() { return static_cast<std::uint32_t>(little(4)); }
  std::uint64_t u64le() { return little(8); }
  std::uint16_t u16be() { return static_cast<std::uint16_t>(big(2)); }
  std::uint32_t u32be() { return static_cast<std::uint32_t>(big(4)); }
  std::uint64_t u64be() { return big(8); }

  // A view of the next `size` bytes; empty after a fault.
  ByteView take(std::size_t size);
  // Copies the next N bytes; zeros after a fault.
  template <std::size_t N>
  ByteArray<N> array() {
    ByteArray<N> out{};
    ByteView view = take(N);
    if (view.size() == N) std::memcpy(out.data(), view.data(), N);
    return out;
  }
  // u32le length, then that many bytes; a length over `limit` is a fault.
  ByteView sized(std::size_t limit);
  // The same as text.
  std::string text(std::size_t limit) { return std::string(as_chars(sized(limit))); }
  // u32le element count, refused where `count * least_size_each` exceeds what is left: so nothing
  // is reserved or looped on from a length that was not checked.
  std::uint32_t count(std::size_t limit, std::size_t least_size_each);
  ByteView rest() { return take(rest_.size()); }

  void fault() {
    faulted_ = true;
    rest_ = {};
  }
  bool ok() const { return !faulted_; }
  std::size_t remaining() const { return rest_.size(); }
  std::size_t offset() const { return size_ - rest_.size(); }
  // Success only if no fault happened and no byte is left. `what` names the structure.
  Status done(std::string_view what) const;

 private:
  std::uint64_t little(std::size_t size);
  std::uint64_t big(std::size_t size);

  ByteView rest_;
  std::size_t size_;
  bool faulted_ = false;
};

}  // namespace brume
