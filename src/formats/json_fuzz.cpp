// Any line: what parses as a JSON record, written again, parses as the same values; another library takes it too and
// finds the same in it; what it takes and we refuse is over one of our rules.
#include <brume/json_writer.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/check.h"

namespace {

using brume::JsonKind;
using brume::JsonValue;
using nlohmann::json;

void check_same(const JsonValue& value, const json& other) {
  switch (value.kind()) {
    case JsonKind::kMissing:
      BRUME_CHECK(false);
    case JsonKind::kNull:
      return BRUME_CHECK(other.is_null());
    case JsonKind::kBoolean:
      return BRUME_CHECK(other.is_boolean() && other.get<bool>() == value.boolean());
    case JsonKind::kString:
      BRUME_CHECK(brume::is_utf8(*value.string()));
      return BRUME_CHECK(other.is_string() && other.get_ref<const std::string&>() == value.string());
    case JsonKind::kNumber:
      BRUME_CHECK(other.is_number());
      if (other.is_number_unsigned()) BRUME_CHECK(other.get<std::uint64_t>() == value.uint64());
      if (other.is_number_integer() && !other.is_number_unsigned())
        BRUME_CHECK(other.get<std::int64_t>() == value.int64());
      return BRUME_CHECK(other.get<double>() == value.number());
    case JsonKind::kArray: {
      BRUME_CHECK(other.is_array() && other.size() == value.size());
      std::size_t i = 0;
      for (const JsonValue element : value.elements()) check_same(element, other[i++]);
      BRUME_CHECK(i == value.size());
      return;
    }
    case JsonKind::kObject: {
      BRUME_CHECK(other.is_object() && other.size() == value.size());
      std::size_t count = 0;
      for (const auto& [name, member] : value.members()) {
        check_same(member, other.at(std::string(name)));
        BRUME_CHECK(value[name].kind() == member.kind());
        ++count;
      }
      BRUME_CHECK(count == value.size());
      return;
    }
  }
}

// A number beyond doubles: we keep its text, the other library gives up.
bool has_huge_number(const JsonValue& value) {
  if (value.kind() == JsonKind::kNumber) return !value.number();
  for (const JsonValue element : value.elements()) {
    if (has_huge_number(element)) return true;
  }
  for (const auto& [name, member] : value.members()) {
    if (has_huge_number(member)) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Exactly as long as it says: a read behind it is seen by sanitizers.
  const std::vector<char> bytes(data, data + size);
  const std::string_view line(bytes.data(), bytes.size());
  static brume::JsonRecord record;
  // The other library skips a byte order mark, and takes a zero byte for the end.
  const bool is_odd = line.starts_with("\xEF") || line.find('\0') != std::string_view::npos;
  const json other = is_odd ? json(json::value_t::discarded) : json::parse(line, nullptr, false);
  if (!record.parse(line)) {
    BRUME_CHECK(!record.value() && record.error() != nullptr && record.error_offset() <= line.size());
    const std::string_view error = record.error();
    BRUME_CHECK(other.is_discarded() || error == "a name stands twice in an object" ||
                error == "arrays and objects are deeper within each other than the limit" ||
                error == "a number's exponent is too large");
    return 0;
  }
  BRUME_CHECK(record.value() && record.error() == nullptr);
  BRUME_CHECK(brume::is_utf8(line));
  BRUME_CHECK(!other.is_discarded() || has_huge_number(record.value()));
  if (!other.is_discarded()) check_same(record.value(), other);
  std::string again;
  append_json(record.value(), again);
  static brume::JsonRecord second;
  BRUME_CHECK(second.parse(again));
  std::string third;
  append_json(second.value(), third);
  BRUME_CHECK(third == again && again.size() <= 6 * line.size());
  return 0;
}
