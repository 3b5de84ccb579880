// Any values: what the writers of CSV, JSON and binary records write parses back to the same, and what they refuse is
// what their formats have no form for. The bytes are cut into texts at each zero byte, and into numbers every 8.
#include <brume/binary.h>
#include <brume/csv.h>
#include <brume/exact_sum.h>
#include <brume/json_writer.h>

#include <bit>
#include <cmath>

#include "base/check.h"

namespace brume {
namespace {

std::vector<std::string_view> texts_of(std::string_view bytes) {
  std::vector<std::string_view> texts;
  for (;;) {
    const std::size_t end = bytes.find('\0');
    texts.push_back(bytes.substr(0, end));
    if (end == std::string_view::npos) return texts;
    bytes.remove_prefix(end + 1);
  }
}

void check_csv(const std::vector<std::string_view>& texts) {
  std::string line;
  CsvWriter csv(line);
  for (const std::string_view text : texts) csv.field(text);
  csv.end();
  BRUME_CHECK(line.back() == '\n');
  line.pop_back();
  CsvRecord record;
  BRUME_CHECK(record.parse(line) && record.size() == texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) BRUME_CHECK(record[i] == texts[i]);
}

void check_json(const std::vector<std::string_view>& texts) {
  Line line;
  JsonWriter json(line);
  json.begin_array();
  std::vector<std::string_view> written;
  for (const std::string_view text : texts) {
    try {
      json.value(text);
      BRUME_CHECK(is_utf8(text));
      written.push_back(text);
    } catch (const std::invalid_argument&) {
      BRUME_CHECK(!is_utf8(text));
      return;
    }
  }
  json.end_array();
  JsonRecord record;
  BRUME_CHECK(record.parse(line.view()) && record.value().size() == written.size());
  BRUME_CHECK(line.view().find('\n') == std::string_view::npos);
  std::size_t i = 0;
  for (const JsonValue value : record.value().elements()) BRUME_CHECK(value.string() == written[i++]);
}

void check_number(std::uint64_t bits) {
  const auto number = std::bit_cast<double>(bits);
  std::string binary;
  append_little<double>(number, binary);
  append_big<std::uint64_t>(bits, binary);
  BinaryReader in(binary);
  BRUME_CHECK(std::bit_cast<std::uint64_t>(in.little<double>()) == bits && in.big<std::uint64_t>() == bits &&
              in.done());
  std::string text;
  append_json_number(static_cast<std::int64_t>(bits), text);
  JsonRecord record;
  BRUME_CHECK(record.parse(text) && record.value().int64() == static_cast<std::int64_t>(bits));
  std::string other;
  try {
    append_json_number(number, other);
    BRUME_CHECK(std::isfinite(number) && record.parse(other));
    BRUME_CHECK(std::bit_cast<std::uint64_t>(*record.value().number()) == bits);
  } catch (const std::invalid_argument&) {
    BRUME_CHECK(!std::isfinite(number));
  }
}

// In whatever order, and in two parts that travel.
void check_sum(const std::vector<double>& numbers) {
  ExactSum forth;
  ExactSum back;
  ExactSum part;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    forth.add(numbers[i]);
    (i % 2 == 0 ? back : part).add(numbers[numbers.size() - 1 - i]);
  }
  std::string bytes;
  Codec<ExactSum>::encode(part, bytes);
  std::string_view in = bytes;
  ExactSum arrived;
  BRUME_CHECK(Codec<ExactSum>::decode(in, arrived) && in.empty());
  back += arrived;
  BRUME_CHECK(back.value() == forth.value());
  for (const double number : numbers) forth.add(-number);
  BRUME_CHECK(forth.value() == 0);
}

}  // namespace
}  // namespace brume

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<char> bytes(data, data + size);
  const auto texts = brume::texts_of({bytes.data(), bytes.size()});
  // Line ends stay out of CSV here: a record that has one is cut in two on the way back.
  if (std::find(bytes.begin(), bytes.end(), '\n') == bytes.end()) brume::check_csv(texts);
  brume::check_json(texts);
  std::vector<double> numbers;
  brume::BinaryReader in({bytes.data(), bytes.size()});
  while (in.left() >= 8 && numbers.size() < 500) {
    const auto bits = in.little<std::uint64_t>();
    brume::check_number(bits);
    const auto number = std::bit_cast<double>(bits);
    if (std::fabs(number) <= brume::ExactSum::kLargest) numbers.push_back(number);
  }
  brume::check_sum(numbers);
  // Any bytes, as a sum that comes from another task.
  std::string_view rest(bytes.data(), bytes.size());
  brume::ExactSum sum;
  static_cast<void>(brume::Codec<brume::ExactSum>::decode(rest, sum));
  return 0;
}
