// Writes JSON (RFC 8259) that json.h reads back to the same values:
//
//   brume::JsonWriter json(line);
//   json.begin_object().member("word", word).member("count", count).end_object();
//   line << '\n';
//
// Strings are escaped where they must be and no further; numbers are in the shortest form that reads back to the same
// number, integers with all their digits. What JSON has no form for ends the task: text that is not UTF-8 (is_utf8
// tells) and numbers that are not finite, by a std::invalid_argument.
#pragma once

#include <brume/detail/text_target.h>
#include <brume/json.h>
#include <brume/utf8.h>

#include <cmath>
#include <stdexcept>
#include <utility>

namespace brume {

// In quotes.
template <detail::TextTarget Out>
void append_json_string(std::string_view text, Out& out) {
  if (!is_utf8(text)) throw std::invalid_argument("a JSON string is UTF-8, and this text is not");
  detail::append_text("\"", out);
  std::size_t plain = 0;  // where the bytes begin that stand as they are
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<std::uint8_t>(text[at]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    detail::append_text(text.substr(plain, at - plain), out);
    plain = at + 1;
    constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
    if (const std::size_t i = kShort.find(text[at]); i != std::string_view::npos) {
      const char escape[] = {'\\', "\"\\bfnrt"[i]};
      detail::append_text({escape, sizeof escape}, out);
    } else {
      const char escape[] = {'\\', 'u', '0', '0', "01"[byte >> 4], "0123456789abcdef"[byte & 15]};
      detail::append_text({escape, sizeof escape}, out);
    }
  }
  detail::append_text(text.substr(plain), out);
  detail::append_text("\"", out);
}

template <detail::Number T, detail::TextTarget Out>
void append_json_number(T number, Out& out) {
  if constexpr (std::floating_point<T>) {
    if (!std::isfinite(number)) throw std::invalid_argument("a JSON number is finite, and this one is not");
  }
  detail::append_number(number, out);
}

// A parsed value, without white space. Numbers stand as they came. A missing value is null.
template <detail::TextTarget Out>
void append_json(const JsonValue& value, Out& out) {
  switch (value.kind()) {
    case JsonKind::kMissing:
    case JsonKind::kNull:
      return detail::append_text("null", out);
    case JsonKind::kBoolean:
      return detail::append_text(*value.boolean() ? "true" : "false", out);
    case JsonKind::kNumber:
      return detail::append_text(*value.number_text(), out);
    case JsonKind::kString:
      return append_json_string(*value.string(), out);
    case JsonKind::kArray: {
      std::string_view before = "[";
      for (const JsonValue element : value.elements()) {
        detail::append_text(std::exchange(before, ","), out);
        append_json(element, out);
      }
      return detail::append_text(value.size() == 0 ? "[]" : "]", out);
    }
    case JsonKind::kObject: {
      std::string_view before = "{";
      for (const auto& [name, member] : value.members()) {
        detail::append_text(std::exchange(before, ","), out);
        append_json_string(name, out);
        detail::append_text(":", out);
        append_json(member, out);
      }
      return detail::append_text(value.size() == 0 ? "{}" : "}", out);
    }
  }
}

// Puts commas and colons; that what begins also ends, and that members have names, is the caller's.
template <detail::TextTarget Out>
class JsonWriter {
 public:
  explicit JsonWriter(Out& out) : out_(out) {}

  JsonWriter& begin_object() { return begin("{"); }
  JsonWriter& end_object() { return end("}"); }
  JsonWriter& begin_array() { return begin("["); }
  JsonWriter& end_array() { return end("]"); }
  // Of the member whose value comes next.
  JsonWriter& name(std::string_view name) {
    separate();
    append_json_string(name, out_);
    detail::append_text(":", out_);
    comma_ = false;
    return *this;
  }
  // A number, bool, string, nullptr or JsonValue.
  template <typename T>
  JsonWriter& value(const T& value) {
    separate();
    if constexpr (std::same_as<T, bool>) {
      detail::append_text(value ? "true" : "false", out_);
    } else if constexpr (std::same_as<T, std::nullptr_t>) {
      detail::append_text("null", out_);
    } else if constexpr (std::same_as<T, JsonValue>) {
      append_json(value, out_);
    } else if constexpr (detail::Number<T>) {
      append_json_number(value, out_);
    } else {
      static_assert(std::convertible_to<T, std::string_view>, "JSON has numbers, bool, strings, null and JsonValues");
      append_json_string(value, out_);
    }
    comma_ = true;
    return *this;
  }
  template <typename T>
  JsonWriter& member(std::string_view its_name, const T& its_value) {
    return name(its_name).value(its_value);
  }

 private:
  void separate() {
    if (comma_) detail::append_text(",", out_);
  }
  JsonWriter& begin(std::string_view bracket) {
    separate();
    detail::append_text(bracket, out_);
    comma_ = false;
    return *this;
  }
  JsonWriter& end(std::string_view bracket) {
    detail::append_text(bracket, out_);
    comma_ = true;
    return *this;
  }

  Out& out_;
  bool comma_ = false;  // whether what comes next needs one before it
};

}  // namespace brume
