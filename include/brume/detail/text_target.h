// What the writers of CSV, JSON and binary records append to: a brume::Line or a std::string.
#pragma once

#include <brume/line.h>

#include <concepts>
#include <string>
#include <string_view>

namespace brume::detail {

template <typename Out>
concept TextTarget = std::same_as<Out, Line> || std::same_as<Out, std::string>;

inline void append_text(std::string_view text, std::string& out) { out += text; }
inline void append_text(std::string_view text, Line& out) { out << text; }

// bool and characters are no numbers.
template <typename T>
concept Number = (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
                  !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>) ||
                 std::same_as<T, float> || std::same_as<T, double>;

// The shortest decimal form that reads back to the same number.
template <Number T>
void append_number(T number, Line& out) {
  out << number;
}
template <Number T>
void append_number(T number, std::string& out) {
  char text[32];
  out.append(text, print_number(text, text + sizeof text, number));
}

}  // namespace brume::detail
