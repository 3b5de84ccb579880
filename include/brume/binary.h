// Numbers of a fixed size in records of a fixed size, least or most significant byte first:
//
//   brume::BinaryReader in(record);                         // what records() cut
//   const auto id = in.little<std::uint32_t>();
//   const auto name = in.bytes(8);
//   const auto weight = in.big<double>();
//   if (!in.done()) out.malformed(...);
//
//   brume::append_little<std::uint32_t>(id, line);          // 4 bytes
//   brume::append_big<double>(weight, line);                // 8 bytes
//
// Integers of 1, 2, 4 and 8 bytes, signed ones in two's complement; float and double are IEEE 754. Every bit pattern is
// a number and comes back the same, NaNs too.
#pragma once

#include <brume/detail/text_target.h>

#include <bit>
#include <cstdint>
#include <cstring>

namespace brume {

namespace detail {

template <std::size_t size>
struct BitsOf;
template <>
struct BitsOf<1> : std::type_identity<std::uint8_t> {};
template <>
struct BitsOf<2> : std::type_identity<std::uint16_t> {};
template <>
struct BitsOf<4> : std::type_identity<std::uint32_t> {};
template <>
struct BitsOf<8> : std::type_identity<std::uint64_t> {};

template <std::endian order, Number T, TextTarget Out>
void append_binary(T number, Out& out) {
  auto bits = std::bit_cast<typename BitsOf<sizeof(T)>::type>(number);
  if constexpr (std::endian::native != order) bits = std::byteswap(bits);
  char bytes[sizeof bits];
  std::memcpy(bytes, &bits, sizeof bits);
  append_text({bytes, sizeof bytes}, out);
}

}  // namespace detail

// sizeof(T) bytes; T is said, so that no literal's type decides a record's size.
template <detail::Number T, detail::TextTarget Out>
void append_little(std::type_identity_t<T> number, Out& out) {
  detail::append_binary<std::endian::little, T>(number, out);
}
template <detail::Number T, detail::TextTarget Out>
void append_big(std::type_identity_t<T> number, Out& out) {
  detail::append_binary<std::endian::big, T>(number, out);
}

// Goes from front to back. After the first read beyond the end all reads give zeros, and done() is false: so a record
// is read in one go, and asked once at its end.
class BinaryReader {
 public:
  explicit BinaryReader(std::string_view record) : rest_(record) {}

  template <detail::Number T>
  T little() {
    return take<std::endian::little, T>();
  }
  template <detail::Number T>
  T big() {
    return take<std::endian::big, T>();
  }
  // A view into the record; empty where it is shorter.
  std::string_view bytes(std::size_t size) {
    if (size > rest_.size()) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::size_t left() const { return rest_.size(); }
  // Whether every read was within the record, and nothing is left of it.
  bool done() const { return !failed_ && rest_.empty(); }

 private:
  template <std::endian order, typename T>
  T take() {
    typename detail::BitsOf<sizeof(T)>::type bits = 0;
    const std::string_view taken = bytes(sizeof bits);
    if (!taken.empty()) std::memcpy(&bits, taken.data(), taken.size());
    if constexpr (std::endian::native != order) bits = std::byteswap(bits);
    return std::bit_cast<T>(bits);
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace brume
