// How often each value occurs at a place in JSON lines, the most frequent first: a value, a tab and its count.
//
//   -p path=/user/country    the place, a JSON Pointer (RFC 6901); the default is the whole line's value
//   -p arrays=elements       an array there counts as each of its elements; the default, whole, as one value
//   -p output=json           lines of JSON, {"value":"DE","count":3}; the default is text, "DE", a tab and 3
//
// Values are written as JSON, so that the string "1" and the number 1 stay apart. Numbers that are equal are one value
// (1, 1.0 and 1e0), objects where their members are the same, in the same order. A line without that place counts as
// values.missing. A line that is no JSON is a malformed record: -p on-malformed=fail (the default) or skip.
#include <brume/job.h>
#include <brume/json.h>
#include <brume/json_writer.h>
#include <brume/lines.h>

#include <cmath>

struct JsonCount {
  using Value = std::uint64_t;

  void configure(brume::Parameters& parameters) {
    std::string pointer;
    parameters.text("path", pointer);
    if (const auto parsed = brume::JsonPath::parse(pointer)) {
      path = *parsed;
    } else {
      parameters.refuse("path", "is a JSON Pointer (RFC 6901), like /user/name or /tags/0");
    }
    parameters.choose("arrays", each_element, {{"whole", false}, {"elements", true}});
    parameters.choose("output", as_json, {{"text", false}, {"json", true}});
  }

  brume::ByteSet separators() const { return {'\n'}; }

  void map(const brume::Piece& piece, brume::Emitter<Value>& out) const {
    brume::JsonRecord record;
    std::string key;
    for (const std::string_view line : brume::Lines(piece.text)) {
      if (!record.parse(line)) {
        out.malformed(piece.offset + static_cast<std::uint64_t>(line.data() - piece.text.data()));
        continue;
      }
      const brume::JsonValue value = record.at(path);
      if (!value) {
        out.count("values.missing");
      } else if (each_element && value.kind() == brume::JsonKind::kArray) {
        for (const brume::JsonValue element : value.elements()) emit(element, key, out);
      } else {
        emit(value, key, out);
      }
    }
  }

  static constexpr auto combine = brume::sum;
  static constexpr auto order = brume::value_descending;

  void format(std::string_view, const Value& count, brume::Line& line) const {
    if (as_json) {
      line << ",\"count\":" << count << "}\n";
    } else {
      line << '\t' << count << '\n';
    }
  }

 private:
  // A line of the result begins with its key, and so the key is what it begins with.
  void emit(const brume::JsonValue& value, std::string& key, brume::Emitter<Value>& out) const {
    key.assign(as_json ? "{\"value\":" : "");
    append(value, key);
    out.emit(key, 1);
  }
  static void append(const brume::JsonValue& value, std::string& out) {
    if (value.kind() == brume::JsonKind::kNumber) {
      append_number(value, out);
    } else {
      brume::append_json(value, out);
    }
  }
  // One form for each number: all digits of what fits into 64 bits, else the nearest double's; as it stands beyond
  // these.
  static void append_number(const brume::JsonValue& value, std::string& out) {
    if (const auto whole = value.int64()) {
      brume::append_json_number(*whole, out);
    } else if (const auto large = value.uint64()) {
      brume::append_json_number(*large, out);
    } else if (const auto number = value.number()) {
      append_double(*number, out);
    } else {
      out += *value.number_text();
    }
  }

  // Where it is whole, it is written as integers are: 1e5 is 100000.
  static void append_double(double number, std::string& out) {
    if (number != std::trunc(number)) {
      brume::append_json_number(number, out);
    } else if (number >= -0x1p63 && number < 0x1p63) {
      brume::append_json_number(static_cast<std::int64_t>(number), out);
    } else if (number > 0 && number < 0x1p64) {
      brume::append_json_number(static_cast<std::uint64_t>(number), out);
    } else {
      brume::append_json_number(number, out);
    }
  }

  brume::JsonPath path;
  bool each_element = false;
  bool as_json = false;
};

BRUME_JOB(JsonCount);
