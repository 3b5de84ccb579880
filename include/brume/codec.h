// How values travel between map and reduce: a shape to bytes and back. Specialise Codec for a
// type of your own; bytes from outside never reach it unauthenticated, yet decode must refuse
// what encode cannot have written.
#pragma once

#include <brume/binary.h>
#include <brume/key.h>
#include <brume/varint.h>

#include <array>
#include <bit>
#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace brume {

// static void encode(const T& value, std::string& out);   appends
// static bool decode(std::string_view& in, T& value);     takes its bytes off the front
template <typename T>
struct Codec;

template <typename T>
concept Encodable = requires(const T& value, T& target, std::string& out, std::string_view& in) {
  Codec<T>::encode(value, out);
  { Codec<T>::decode(in, target) } -> std::same_as<bool>;
};

template <std::integral T>
  requires(sizeof(T) <= 8)
struct Codec<T> {
  static void encode(T value, std::string& out) {
    std::uint8_t bytes[kMaxVarintSize];
    std::uint64_t wide = static_cast<std::uint64_t>(value);
    if constexpr (std::signed_integral<T>) wide = zigzag(static_cast<std::int64_t>(value));
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(put_varint(bytes, wide) - bytes));
  }
  static bool decode(std::string_view& in, T& value) {
    const auto* const begin = reinterpret_cast<const std::uint8_t*>(in.data());
    const std::uint8_t* at = begin;
    std::uint64_t wide = 0;
    if (get_varint(at, begin + in.size(), wide) != VarintResult::kDone) return false;
    in.remove_prefix(static_cast<std::size_t>(at - begin));
    if constexpr (std::signed_integral<T>) {
      value = static_cast<T>(unzigzag(wide));
      return static_cast<std::int64_t>(value) == unzigzag(wide);
    } else {
      value = static_cast<T>(wide);
      return static_cast<std::uint64_t>(value) == wide;
    }
  }
};

// IEEE 754 bits, little-endian: 4 bytes for float, 8 for double.
template <std::floating_point T>
  requires(sizeof(T) == 4 || sizeof(T) == 8)
struct Codec<T> {
  static void encode(T value, std::string& out) { append_little<T>(value, out); }
  static bool decode(std::string_view& in, T& value) {
    if (in.size() < sizeof(T)) return false;
    value = BinaryReader(in).little<T>();
    in.remove_prefix(sizeof(T));
    return true;
  }
};

// varint size, then the bytes.
template <>
struct Codec<std::string> {
  static void encode(const std::string& value, std::string& out) {
    Codec<std::uint64_t>::encode(value.size(), out);
    out += value;
  }
  static bool decode(std::string_view& in, std::string& value) {
    std::uint64_t size = 0;
    if (!Codec<std::uint64_t>::decode(in, size) || size > in.size()) return false;
    value.assign(in.substr(0, size));
    in.remove_prefix(size);
    return true;
  }
};

// The same; what decode gives lives as long as the bytes that it was read from.
template <>
struct Codec<std::string_view> {
  static void encode(std::string_view value, std::string& out) {
    Codec<std::uint64_t>::encode(value.size(), out);
    out += value;
  }
  static bool decode(std::string_view& in, std::string_view& value) {
    std::uint64_t size = 0;
    if (!Codec<std::uint64_t>::decode(in, size) || size > in.size()) return false;
    value = in.substr(0, size);
    in.remove_prefix(size);
    return true;
  }
};

// Their parts, one after another.
template <Encodable... Parts>
struct Codec<std::tuple<Parts...>> {
  static void encode(const std::tuple<Parts...>& value, std::string& out) {
    std::apply([&](const Parts&... parts) { (Codec<Parts>::encode(parts, out), ...); }, value);
  }
  static bool decode(std::string_view& in, std::tuple<Parts...>& value) {
    return std::apply([&](Parts&... parts) { return (Codec<Parts>::decode(in, parts) && ...); }, value);
  }
};
template <Encodable First, Encodable Second>
struct Codec<std::pair<First, Second>> {
  static void encode(const std::pair<First, Second>& value, std::string& out) {
    Codec<First>::encode(value.first, out);
    Codec<Second>::encode(value.second, out);
  }
  static bool decode(std::string_view& in, std::pair<First, Second>& value) {
    return Codec<First>::decode(in, value.first) && Codec<Second>::decode(in, value.second);
  }
};

// Elements of a number that the type says, one after another.
template <Encodable T, std::size_t kCount>
struct Codec<std::array<T, kCount>> {
  static void encode(const std::array<T, kCount>& value, std::string& out) {
    for (const T& element : value) Codec<T>::encode(element, out);
  }
  static bool decode(std::string_view& in, std::array<T, kCount>& value) {
    for (T& element : value) {
      if (!Codec<T>::decode(in, element)) return false;
    }
    return true;
  }
};
// varint count, then the elements; none of them may take no bytes.
template <Encodable T>
struct Codec<std::vector<T>> {
  // In memory as on their way.
  static constexpr bool kCopied = std::floating_point<T> && std::endian::native == std::endian::little;

  static void encode(const std::vector<T>& value, std::string& out) {
    Codec<std::uint64_t>::encode(value.size(), out);
    if constexpr (kCopied) {
      out.append(reinterpret_cast<const char*>(value.data()), value.size() * sizeof(T));
      return;
    }
    for (const T& element : value) Codec<T>::encode(element, out);
  }
  static bool decode(std::string_view& in, std::vector<T>& value) {
    std::uint64_t count = 0;
    if (!Codec<std::uint64_t>::decode(in, count) || count > in.size()) return false;
    value.clear();
    if constexpr (kCopied) {
      if (count > in.size() / sizeof(T)) return false;
      value.resize(count);
      in.copy(reinterpret_cast<char*>(value.data()), count * sizeof(T));
      in.remove_prefix(count * sizeof(T));
      return true;
    }
    for (; count > 0; --count) {
      if constexpr (std::same_as<T, bool>) {  // its elements are no objects
        bool element = false;
        if (!Codec<bool>::decode(in, element)) return false;
        value.push_back(element);
      } else if (!Codec<T>::decode(in, value.emplace_back())) {
        return false;
      }
    }
    return true;
  }
};

// A struct by its fields(): auto fields() const { return std::tie(a, b); }
template <detail::HasFields T>
struct Codec<T> {
  static void encode(const T& value, std::string& out) {
    detail::with_fields(value, [&]<typename... Fields>(const Fields&... fields) {
      static_assert(
          (Encodable<Fields> && ...),
          "each of a value's fields() is itself a value: an integer, float, std::string, a tuple, pair, array "
          "or vector of these, or a type with fields() const or a brume::Codec");
      if constexpr ((Encodable<Fields> && ...)) (Codec<Fields>::encode(fields, out), ...);
    });
  }
  static bool decode(std::string_view& in, T& value) {
    return detail::with_fields(value, [&]<typename... Fields>(Fields&... fields) {
      if constexpr ((Encodable<Fields> && ...)) return (Codec<Fields>::decode(in, fields) && ...);
      return false;
    });
  }
};

namespace detail {

// Whether a value, or a part of it, is a view of bytes that it does not own. Seen: the structs that it is within.
template <typename T, typename... Seen>
inline constexpr bool kHoldsViews = std::same_as<T, std::string_view>;
template <typename First, typename Second, typename... Seen>
inline constexpr bool kHoldsViews<std::pair<First, Second>, Seen...> =
    kHoldsViews<First, Seen...> || kHoldsViews<Second, Seen...>;
template <typename... Parts, typename... Seen>
inline constexpr bool kHoldsViews<std::tuple<Parts...>, Seen...> =
    (kHoldsViews<std::remove_cvref_t<Parts>, Seen...> || ...);
template <typename T, std::size_t kCount, typename... Seen>
inline constexpr bool kHoldsViews<std::array<T, kCount>, Seen...> = kHoldsViews<T, Seen...>;
template <typename T, typename... Seen>
inline constexpr bool kHoldsViews<std::vector<T>, Seen...> = kHoldsViews<T, Seen...>;
template <HasFields T, typename... Seen>
  requires(!(std::same_as<T, Seen> || ...))
inline constexpr bool kHoldsViews<T, Seen...> =
    kHoldsViews<std::remove_cvref_t<decltype(std::declval<const T&>().fields())>, T, Seen...>;

}  // namespace detail
}  // namespace brume
