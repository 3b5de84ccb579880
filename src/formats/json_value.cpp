// What a parsed value gives: numbers without loss, places by name, index and path.
#include <brume/decimal.h>
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
  return kind() == JsonKind::kNumber ? parse_decimal(text_of(*node_)) : std::nullopt;
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
