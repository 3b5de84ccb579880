// Keys that are not strings: a shape to bytes whose order is the keys' own, and back. The engine compares bytes only.
//
// Numbers ascend by value, tuples, pairs and arrays part by part, strings by their unsigned bytes; Descending turns a
// part's order round. A type of one's own has `auto fields() const { return std::tie(a, b); }` or a specialisation.
#pragma once

#include <brume/binary.h>

#include <array>
#include <bit>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace brume {

// static void encode(const T& key, std::string& out);    appends
// static bool decode(std::string_view& in, T& key);      takes its bytes off the front
// For every a and b: encode(a) < encode(b), as unsigned bytes, exactly where a comes before b; neither is the other's
// begin.
template <typename T>
struct KeyCodec;

template <typename T>
concept Key = requires(const T& key, T& target, std::string& out, std::string_view& in) {
  KeyCodec<T>::encode(key, out);
  { KeyCodec<T>::decode(in, target) } -> std::same_as<bool>;
};

// A part of a key that is to descend.
template <typename T>
struct Descending {
  T value{};
  auto operator<=>(const Descending&) const = default;
};

namespace detail {

template <typename T>
concept HasFields = requires(const T& value) { value.fields(); };

// What fields() gives refers to the struct itself: values of its own would not be written to.
template <typename Fields>
inline constexpr bool kRefers = false;
template <typename... Fields>
inline constexpr bool kRefers<std::tuple<Fields&...>> = true;
template <HasFields T>
inline constexpr bool kFieldsRefer = kRefers<std::remove_cvref_t<decltype(std::declval<const T&>().fields())>>;
template <HasFields T>
decltype(auto) fields_of(const T& value) {
  static_assert(kFieldsRefer<T>,
                "fields() gives references to members: auto fields() const { return std::tie(a, b); }");
  return value.fields();
}

// function(fields...), which may be written to where the value may.
template <HasFields T, typename Function>
decltype(auto) with_fields(T& value, Function function) {
  return std::apply(
      [&](const auto&... fields) { return function(const_cast<std::remove_cvref_t<decltype(fields)>&>(fields)...); },
      fields_of(value));
}
template <HasFields T, typename Function>
decltype(auto) with_fields(const T& value, Function function) {
  return std::apply(function, fields_of(value));
}

// IEEE 754 as unsigned bits whose order is the numbers': what is negative has all bits turned round, what is not its
// sign. -0 comes before 0; one NaN, above all else.
template <std::floating_point T>
using FloatBits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
template <std::floating_point T>
inline constexpr FloatBits<T> kSignBit = FloatBits<T>{1} << (8 * sizeof(T) - 1);
template <std::floating_point T>
FloatBits<T> ordered_bits(T value) {
  if (std::isnan(value)) value = std::numeric_limits<T>::quiet_NaN();
  const auto bits = std::bit_cast<FloatBits<T>>(value);
  return (bits & kSignBit<T>) != 0 ? ~bits : bits | kSignBit<T>;
}
template <std::floating_point T>
T from_ordered_bits(FloatBits<T> bits) {
  return std::bit_cast<T>((bits & kSignBit<T>) != 0 ? bits ^ kSignBit<T> : ~bits);
}

template <std::unsigned_integral Bits>
bool take_big_endian(std::string_view& in, Bits& bits) {
  if (in.size() < sizeof bits) return false;
  bits = 0;
  for (std::size_t i = 0; i < sizeof bits; ++i)
    bits = static_cast<Bits>((bits << 7 << 1) | static_cast<std::uint8_t>(in[i]));
  in.remove_prefix(sizeof bits);
  return true;
}

}  // namespace detail

// Big-endian, the sign turned round.
template <std::integral T>
  requires(sizeof(T) <= 8)
struct KeyCodec<T> {
  using Bits = std::make_unsigned_t<std::conditional_t<std::same_as<T, bool>, std::uint8_t, T>>;
  static constexpr Bits kSign = std::signed_integral<T> ? static_cast<Bits>(Bits{1} << (8 * sizeof(T) - 1)) : Bits{0};
  static void encode(T key, std::string& out) {
    append_big<Bits>(static_cast<Bits>(static_cast<Bits>(key) ^ kSign), out);
  }
  static bool decode(std::string_view& in, T& key) {
    Bits bits = 0;
    if (!detail::take_big_endian(in, bits)) return false;
    key = static_cast<T>(static_cast<Bits>(bits ^ kSign));
    return static_cast<Bits>(key) == static_cast<Bits>(bits ^ kSign);
  }
};

// As ordered_bits, with one zero.
template <std::floating_point T>
  requires(sizeof(T) == 4 || sizeof(T) == 8)
struct KeyCodec<T> {
  static void encode(T key, std::string& out) {
    append_big<detail::FloatBits<T>>(detail::ordered_bits(key == T{0} ? T{0} : key), out);
  }
  static bool decode(std::string_view& in, T& key) {
    detail::FloatBits<T> bits = 0;
    if (!detail::take_big_endian(in, bits)) return false;
    key = detail::from_ordered_bits<T>(bits);
    return true;
  }
};

// Zero bytes become 0 1, and 0 0 ends it, so that what follows does not take part in its order.
template <>
struct KeyCodec<std::string> {
  static void encode(std::string_view key, std::string& out) {
    for (const char byte : key) {
      out.push_back(byte);
      if (byte == '\0') out.push_back('\1');
    }
    out.append(2, '\0');
  }
  static bool decode(std::string_view& in, std::string& key) {
    key.clear();
    for (std::size_t at = 0; at + 1 < in.size(); ++at) {
      if (in[at] != '\0') {
        key.push_back(in[at]);
      } else if (in[at + 1] == '\1') {
        key.push_back(in[at++]);
      } else {
        const bool ends = in[at + 1] == '\0';
        in.remove_prefix(at + 2);
        return ends;
      }
    }
    return false;
  }
};

namespace detail {

// Parts, one after another.
template <typename... Parts>
void encode_key_parts(std::string& out, const Parts&... parts) {
  (KeyCodec<Parts>::encode(parts, out), ...);
}
template <typename... Parts>
bool decode_key_parts(std::string_view& in, Parts&... parts) {
  return (KeyCodec<Parts>::decode(in, parts) && ...);
}

}  // namespace detail

template <Key... Parts>
struct KeyCodec<std::tuple<Parts...>> {
  static void encode(const std::tuple<Parts...>& key, std::string& out) {
    std::apply([&](const Parts&... parts) { detail::encode_key_parts(out, parts...); }, key);
  }
  static bool decode(std::string_view& in, std::tuple<Parts...>& key) {
    return std::apply([&](Parts&... parts) { return detail::decode_key_parts(in, parts...); }, key);
  }
};
template <Key First, Key Second>
struct KeyCodec<std::pair<First, Second>> {
  static void encode(const std::pair<First, Second>& key, std::string& out) {
    detail::encode_key_parts(out, key.first, key.second);
  }
  static bool decode(std::string_view& in, std::pair<First, Second>& key) {
    return detail::decode_key_parts(in, key.first, key.second);
  }
};
template <Key Element, std::size_t count>
struct KeyCodec<std::array<Element, count>> {
  static void encode(const std::array<Element, count>& key, std::string& out) {
    for (const Element& element : key) KeyCodec<Element>::encode(element, out);
  }
  static bool decode(std::string_view& in, std::array<Element, count>& key) {
    for (Element& element : key) {
      if (!KeyCodec<Element>::decode(in, element)) return false;
    }
    return true;
  }
};

template <Key Part>
struct KeyCodec<Descending<Part>> {
  static void encode(const Descending<Part>& key, std::string& out) {
    const std::size_t begin = out.size();
    KeyCodec<Part>::encode(key.value, out);
    for (std::size_t i = begin; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  }
  static bool decode(std::string_view& in, Descending<Part>& key) {
    std::string turned(in);
    for (char& byte : turned) byte = static_cast<char>(~byte);
    std::string_view rest = turned;
    if (!KeyCodec<Part>::decode(rest, key.value)) return false;
    in.remove_prefix(turned.size() - rest.size());
    return true;
  }
};

// A struct by its fields().
template <detail::HasFields T>
struct KeyCodec<T> {
  static void encode(const T& key, std::string& out) {
    detail::with_fields(key, [&]<typename... Parts>(const Parts&... parts) {
      static_assert((Key<Parts> && ...),
                    "each of a key's fields() is itself a key: an integer, float, std::string, a "
                    "tuple, pair or array of these, or a type with fields() const or a brume::KeyCodec");
      if constexpr ((Key<Parts> && ...)) detail::encode_key_parts(out, parts...);
    });
  }
  static bool decode(std::string_view& in, T& key) {
    return detail::with_fields(key, [&]<typename... Parts>(Parts&... parts) {
      if constexpr ((Key<Parts> && ...)) return detail::decode_key_parts(in, parts...);
      return false;
    });
  }
};

// A key that is a string as a whole is its own bytes, and stands at the begin of its line of the result.
template <typename K>
concept TextKey = std::same_as<K, std::string> || std::same_as<K, std::string_view>;

}  // namespace brume
