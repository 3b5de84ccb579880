#include "evidence/time.h"

#include <chrono>

namespace brume::evidence {
namespace {

// Takes `count` digits from the front; -1 where there are none.
int take_digits(std::string_view& text, std::size_t count) {
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take_char(std::string_view& text, char expected) {
  bool fits = text.front() == expected;
  text.remove_prefix(1);
  return fits;
}

void append_padded(std::string& out, long value, std::size_t width) {
  std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

}  // namespace

std::optional<UnixMs> parse_time(std::string_view text) {
  if (text.size() != std::string_view("2024-03-13T00:00:00Z").size()) return std::nullopt;
  int year = take_digits(text, 4);
  bool shape = take_char(text, '-');
  int month = take_digits(text, 2);
  shape &= take_char(text, '-');
  int day = take_digits(text, 2);
  shape &= take_char(text, 'T');
  int hour = take_digits(text, 2);
  shape &= take_char(text, ':');
  int minute = take_digits(text, 2);
  shape &= take_char(text, ':');
  int second = take_digits(text, 2);
  shape &= take_char(text, 'Z');
  if (!shape || year < 1970 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 59) {
    return std::nullopt;
  }
  std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                   std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * 60'000LL + second * 1000LL;
}

std::string format_time(UnixMs time_ms) {
  auto days = std::chrono::floor<std::chrono::days>(std::chrono::milliseconds(time_ms));
  std::chrono::year_month_day date{std::chrono::sys_days(days)};
  auto second = (time_ms - std::chrono::milliseconds(days).count()) / 1000;
  std::string out;
  append_padded(out, static_cast<int>(date.year()), 4);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_padded(out, second / 3600, 2);
  out += ':';
  append_padded(out, second / 60 % 60, 2);
  out += ':';
  append_padded(out, second % 60, 2);
  out += 'Z';
  return out;
}

}  // namespace brume::evidence
