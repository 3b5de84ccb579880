// Decimal numbers as text: -3, 2.5, 1e6.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace brume {

namespace detail {

// Whether a number that is out of a double's range is so because it is tiny: from_chars says the same for both.
[[gnu::cold, gnu::noinline]] inline bool is_tiny_decimal(std::string_view text) {
  if (text.front() == '-') text.remove_prefix(1);
  const std::size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  std::string_view exponent = text.substr(std::min(exponent_at + 1, text.size()));
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  std::int64_t power = 0;
  const auto [end, error] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), power);
  if (error == std::errc::result_out_of_range) return exponent.starts_with('-');
  const std::string_view digits = text.substr(0, exponent_at);
  const auto point = static_cast<std::int64_t>(std::min(digits.find('.'), digits.size()));
  const auto first = static_cast<std::int64_t>(std::min(digits.find_first_not_of("0."), digits.size()));
  // The first digit that counts stands at 10^place without the exponent.
  const std::int64_t place = first < point ? point - first - 1 : point - first;
  return power < -place;
}

}  // namespace detail

// The double that is nearest to a number which is all of the text: 0 for a tiny one, nothing beyond the largest and
// where the text is no number.
inline std::optional<double> parse_decimal(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range && detail::is_tiny_decimal(text)) return text.front() == '-' ? -0.0 : 0.0;
  if (error != std::errc{} || !std::isfinite(number)) return std::nullopt;
  return number;
}

}  // namespace brume
