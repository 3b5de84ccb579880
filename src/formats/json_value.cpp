// What a parsed value gives: numbers without loss, places by name, index and path.
#include <brume/json.h>

#include <algorithm>
#include <charconv>

namespace brume {
namespace {

// All of the text, or nothing.
template <typename Number>
std::optional<Number> whole(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Whether a number that is out of a double's range is so because it is tiny: from_chars says the same for both. The
// text follows JSON's grammar.
bool is_tiny(std::string_view text) {
  if (text.front() == '-') text.remove_prefix(1);
  const std::size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  std::string_view exponent = text.substr(std::min(exponent_at + 1, text.size()));
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  const std::string_view digits = text.substr(0, exponent_at);
  const auto point = static_cast<std::int64_t>(std::min(digits.find('.'), digits.size()));
  const auto first = static_cast<std::int64_t>(std::min(digits.find_first_not_of("0."), digits.size()));
  // The first digit that counts stands at 10^place without the exponent.
  const std::int64_t place = first < point ? point - first - 1 : point - first;
  return place + whole<std::int32_t>(exponent).value_or(0) < 0;
}

}  // namespace

std::optional<std::int64_t> JsonValue::int64() const {
  return kind() == JsonKind::kNumber ? whole<std::int64_t>(text_of(*node_)) : std::nullopt;
}

std::optional<std::uint64_t> JsonValue::uint64() const {
  if (kind() != JsonKind::kNumber) return std::nullopt;
  const std::string_view text = text_of(*node_);
  return text == "-0" ? 0 : whole<std::uint64_t>(text);
}

std::optional<double> JsonValue::number() const {
  if (kind() != JsonKind::kNumber) return std::nullopt;
  const std::string_view text = text_of(*node_);
  if (const auto number = whole<double>(text)) return number;
  if (!is_tiny(text)) return std::nullopt;
  return text.front() == '-' ? -0.0 : 0.0;
}

JsonValue JsonValue::operator[](std::size_t index) const {
  if (kind() != JsonKind::kArray || index >= node_->size) return {};
  const detail::JsonNode* at = node_ + 1;
  for (; index > 0; --index) at += at->span;
  return JsonValue(at);
}

JsonValue JsonValue::operator[](std::string_view name) const {
  for (const auto& [other, value] : members()) {
    if (other == name) return value;
  }
  return {};
}

JsonValue JsonValue::at(const JsonPath& path) const {
  JsonValue value = *this;
  for (const JsonPath::Step& step : path.steps_)
    value = value.kind() == JsonKind::kArray ? value[step.index] : value[std::string_view(step.name)];
  return value;
}

std::optional<JsonPath> JsonPath::parse(std::string_view pointer) {
  JsonPath path;
  while (!pointer.empty()) {
    if (pointer.front() != '/') return std::nullopt;
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    Step step;
    for (std::size_t i = 0; i < token.size(); ++i) {
      if (token[i] != '~') {
        step.name.push_back(token[i]);
        continue;
      }
      ++i;
      if (i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
      step.name.push_back(token[i] == '0' ? '~' : '/');
    }
    if (token == "0" || !token.starts_with('0')) step.index = whole<std::size_t>(token).value_or(kNoIndex);
    path.steps_.push_back(std::move(step));
  }
  return path;
}

}  // namespace brume
