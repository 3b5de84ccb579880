// About how many bytes a value holds beside its own size, so that a task's budget sees them.
#pragma once

#include <brume/key.h>

#include <array>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace brume::detail {

template <typename T>
concept SaysHeldSize = requires(const T& value) {
  { value.held_size() } -> std::convertible_to<std::size_t>;
};

template <typename T>
std::size_t held_size(const T& value);

template <typename T>
struct HeldSize {
  static std::size_t of(const T& value) {
    if constexpr (SaysHeldSize<T>) {
      return value.held_size();
    } else if constexpr (HasFields<T>) {
      return with_fields(value, [](const auto&... fields) { return (std::size_t{0} + ... + held_size(fields)); });
    } else {
      return 0;
    }
  }
};
template <>
struct HeldSize<std::string> {
  static std::size_t of(const std::string& value) { return value.capacity() < sizeof value ? 0 : value.capacity() + 1; }
};
// Its elements count as the last one does: a list that grows is not read again each time.
template <typename T>
struct HeldSize<std::vector<T>> {
  static std::size_t of(const std::vector<T>& value) {
    return value.capacity() * sizeof(T) + (value.empty() ? 0 : value.size() * held_size(value.back()));
  }
};
template <>
struct HeldSize<std::vector<bool>> {
  static std::size_t of(const std::vector<bool>& value) { return value.capacity() / 8; }
};
template <typename T, std::size_t kCount>
struct HeldSize<std::array<T, kCount>> {
  static std::size_t of(const std::array<T, kCount>& value) {
    std::size_t sum = 0;
    for (const T& element : value) sum += held_size(element);
    return sum;
  }
};
template <typename First, typename Second>
struct HeldSize<std::pair<First, Second>> {
  static std::size_t of(const std::pair<First, Second>& value) {
    return held_size(value.first) + held_size(value.second);
  }
};
template <typename... Parts>
struct HeldSize<std::tuple<Parts...>> {
  static std::size_t of(const std::tuple<Parts...>& value) {
    return std::apply([](const Parts&... parts) { return (std::size_t{0} + ... + held_size(parts)); }, value);
  }
};

template <typename T>
std::size_t held_size(const T& value) {
  if constexpr (std::is_trivially_copyable_v<T>) {
    return 0;
  } else {
    return HeldSize<T>::of(value);
  }
}

}  // namespace brume::detail
