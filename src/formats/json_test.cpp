#include <brume/json.h>
#include <brume/json_writer.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

namespace brume::formats {
namespace {

// Where it is malformed, and why; "" if it is not.
std::string fault_of(std::string_view line, const JsonLimits& limits = {}) {
  JsonRecord record(limits);
  // Exactly as long as it says: a read behind it is seen by sanitizers.
  const std::vector<char> bytes(line.begin(), line.end());
  if (record.parse({bytes.data(), bytes.size()})) {
    EXPECT_EQ(record.error(), nullptr);
    return "";
  }
  EXPECT_FALSE(record.value());
  return std::to_string(record.error_offset()) + ": " + record.error();
}

// A line that lives as long as its record.
struct Parsed {
  explicit Parsed(std::string text) : line(std::move(text)) { EXPECT_TRUE(record.parse(line)) << line; }
  std::string line;
  JsonRecord record;
};

TEST(JsonRecord, TakesEveryKindOfValue) {
  const Parsed parsed(
      R"( {"null": null, "yes": true, "no": false, "n": -12.5e1, "s": "fog", "a": [1, "2", [3]], "o": {"x": 0}} )"
      "\r");
  const JsonRecord& record = parsed.record;
  EXPECT_EQ(record.value().kind(), JsonKind::kObject);
  EXPECT_EQ(record.value().size(), 7u);
  EXPECT_TRUE(record["null"].is_null());
  EXPECT_EQ(record["yes"].boolean(), true);
  EXPECT_EQ(record["no"].boolean(), false);
  EXPECT_EQ(record["n"].number(), -125.0);
  EXPECT_EQ(record["n"].number_text(), "-12.5e1");
  EXPECT_EQ(record["s"].string(), "fog");
  EXPECT_EQ(record["a"].size(), 3u);
  EXPECT_EQ(record["a"][0].int64(), 1);
  EXPECT_EQ(record["a"][1].string(), "2");
  EXPECT_EQ(record["a"][2][0].uint64(), 3u);
  EXPECT_EQ(record["o"]["x"].int64(), 0);
  for (const auto& [text, kind] : {std::pair("7", JsonKind::kNumber), std::pair("\"\"", JsonKind::kString),
                                   std::pair("[]", JsonKind::kArray), std::pair("{}", JsonKind::kObject),
                                   std::pair("null", JsonKind::kNull), std::pair("true", JsonKind::kBoolean)}) {
    EXPECT_EQ(Parsed(text).record.value().kind(), kind) << text;
  }
}

TEST(JsonRecord, GivesNothingForWhatIsNotThere) {
  const Parsed parsed(R"({"a": [1], "s": "7"})");
  const JsonRecord& record = parsed.record;
  for (const JsonValue value :
       {record["b"], record["a"][1], record["a"]["x"], record["s"][0], record["b"]["c"][0], record[0]}) {
    EXPECT_EQ(value.kind(), JsonKind::kMissing);
    EXPECT_FALSE(value);
    EXPECT_FALSE(value.is_null() || value.boolean() || value.string() || value.int64() || value.uint64() ||
                 value.number() || value.number_text());
    EXPECT_EQ(value.size(), 0u);
    EXPECT_TRUE(value.elements().begin() == value.elements().end());
    EXPECT_TRUE(value.members().begin() == value.members().end());
  }
  EXPECT_FALSE(record["s"].int64());
  EXPECT_FALSE(record["a"].string());
}

TEST(JsonRecord, GoesThroughElementsAndMembers) {
  const Parsed parsed(R"({"a": [[1, 2], {"x": [3]}, 4], "b": {"c": {}, "d": 5}, "e": 6})");
  std::string names;
  for (const auto& [name, value] : parsed.record.value().members())
    names += std::string(name) + std::to_string(value.size());
  EXPECT_EQ(names, "a3b2e0");
  std::vector<std::size_t> sizes;
  for (const JsonValue element : parsed.record["a"].elements()) sizes.push_back(element.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 1, 0}));
  EXPECT_EQ(parsed.record["b"]["d"].int64(), 5);
}

TEST(JsonRecord, ResolvesEscapes) {
  const Parsed parsed(
      R"({"\u0066og\n": "\"\\\/\b\f\n\r\t\u0000\u20AC\ud83d\udca8 é\u00e9", "x": "\u0031", "y": "plain"})");
  EXPECT_EQ(parsed.record["fog\n"].string(), std::string_view("\"\\/\b\f\n\r\t\0€💨 éé", 21));
  EXPECT_EQ(parsed.record["x"].string(), "1");
  EXPECT_EQ(parsed.record["y"].string(), "plain");
}

TEST(JsonRecord, ResolvesLongStringsWithEscapes) {
  // Longer than any buffer of the parser, with characters of every size at each of its borders.
  for (std::size_t shift = 0; shift < 5; ++shift) {
    nlohmann::json expected = std::string(shift, 'x');
    std::string text = expected;
    for (int i = 0; i < 5000; ++i) text += "\n€é💨a";
    const Parsed parsed(nlohmann::json(text).dump());
    EXPECT_TRUE(parsed.record.value().string() == text) << shift;
    const Parsed escaped(nlohmann::json(text).dump(-1, ' ', true));
    EXPECT_TRUE(escaped.record.value().string() == text) << shift;
  }
}

TEST(JsonRecord, KeepsNumbersExact) {
  const auto value = [](const char* text) { return Parsed(text); };
  EXPECT_EQ(value("9223372036854775807").record.value().int64(), INT64_MAX);
  EXPECT_EQ(value("-9223372036854775808").record.value().int64(), INT64_MIN);
  EXPECT_EQ(value("9223372036854775808").record.value().int64(), std::nullopt);
  EXPECT_EQ(value("9223372036854775808").record.value().uint64(), 9223372036854775808u);
  EXPECT_EQ(value("18446744073709551615").record.value().uint64(), UINT64_MAX);
  EXPECT_EQ(value("18446744073709551616").record.value().uint64(), std::nullopt);
  EXPECT_EQ(value("18446744073709551616").record.value().number(), 0x1p64);
  EXPECT_EQ(value("9007199254740993").record.value().int64(), 9007199254740993);
  EXPECT_EQ(value("-1").record.value().uint64(), std::nullopt);
  EXPECT_EQ(value("-0").record.value().uint64(), 0u);
  EXPECT_EQ(value("-0").record.value().int64(), 0);
  EXPECT_TRUE(std::signbit(*value("-0").record.value().number()));
  EXPECT_EQ(value("1.0").record.value().int64(), std::nullopt);
  EXPECT_EQ(value("1e2").record.value().int64(), std::nullopt);
  EXPECT_EQ(value("0.1").record.value().number(), 0.1);
  EXPECT_EQ(value("123456789012345678901234567890.5").record.value().number_text(), "123456789012345678901234567890.5");
  EXPECT_EQ(value("1.7976931348623157e308").record.value().number(), 1.7976931348623157e308);
  EXPECT_EQ(value("5e-324").record.value().number(), 5e-324);
  EXPECT_EQ(value("0.30000000000000004").record.value().number(), 0.1 + 0.2);
}

TEST(JsonRecord, TellsHugeNumbersFromTinyOnes) {
  for (const char* const huge : {"1e309", "-1e400", "1E+9999", "0.001e400", "1000000e306"})
    EXPECT_EQ(Parsed(huge).record.value().number(), std::nullopt) << huge;
  for (const char* const tiny : {"1e-400", "1E-9999", "0.000000001e-320", "1000e-330", "0.01e-400"})
    EXPECT_EQ(Parsed(tiny).record.value().number(), 0.0) << tiny;
  EXPECT_TRUE(std::signbit(*Parsed("-1e-400").record.value().number()));
  EXPECT_EQ(Parsed("0e99999").record.value().number(), 0.0);
  EXPECT_EQ(Parsed(std::string(400, '9')).record.value().number(), std::nullopt);
  EXPECT_EQ(Parsed("0." + std::string(400, '0') + "1").record.value().number(), 0.0);
}

// After RFC 8259 and the test suite of N. Seriot (JSON parsing test suite): each must be refused.
TEST(JsonRecord, RefusesWhatIsNotJson) {
  for (const std::string_view line : {"",
                                      " ",
                                      "{",
                                      "}",
                                      "[",
                                      "]",
                                      "[1",
                                      "[1,",
                                      "[1,]",
                                      "[,1]",
                                      "[1 2]",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":1,}",
                                      "{\"a\" 1}",
                                      "{1:1}",
                                      "{,}",
                                      "[1]]",
                                      "1 2",
                                      "nul",
                                      "True",
                                      "NaN",
                                      "Infinity",
                                      "-",
                                      "+1",
                                      "01",
                                      "-01",
                                      "1.",
                                      ".5",
                                      "1e",
                                      "1e+",
                                      "0x1",
                                      "1.e1",
                                      "--1",
                                      "\"",
                                      "\"\\\"",
                                      "\"\\x\"",
                                      "\"\\u12\"",
                                      "\"\\u12G4\"",
                                      "\"a\tb\"",
                                      "\"a\nb\"",
                                      "'a'",
                                      "\"\\",
                                      "[1]//",
                                      "/**/1",
                                      "\xEF\xBB\xBF"
                                      "1",
                                      "1,",
                                      "tru",
                                      "truee",
                                      "\"\\a\"",
                                      "\f1",
                                      "[\"a\",\n1"}) {
    EXPECT_NE(fault_of(line), "") << line;
  }
  EXPECT_NE(fault_of(std::string_view("1\0", 2)), "");
  EXPECT_NE(fault_of(std::string_view("\"\0\"", 3)), "");
}

TEST(JsonRecord, RefusesWhatIsNotUtf8) {
  for (const std::string_view text :
       {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xED\xA0\x80", "\xF0\x80\x80\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x92", "\xC3(", "\xE2(\xA1"}) {
    EXPECT_FALSE(is_utf8(text));
    EXPECT_NE(fault_of("\"" + std::string(text) + "\""), "");
    EXPECT_NE(fault_of("{\"" + std::string(text) + "\":1}"), "");
    EXPECT_NE(fault_of("\"\\n" + std::string(text) + "\""), "");
  }
}

TEST(JsonRecord, AgreesWithTheTableOfUtf8) {
  JsonRecord record;
  for (unsigned first = 0x80; first < 0x100; ++first) {
    for (unsigned second = 0x70; second < 0x100; ++second) {
      for (const std::string& rest : {std::string(), std::string("\x80"), std::string("\xBF\x80")}) {
        const std::string text = std::string{static_cast<char>(first), static_cast<char>(second)} + rest;
        EXPECT_EQ(record.parse("\"" + text + "\""), is_utf8(text)) << first << " " << second << " " << rest.size();
      }
    }
  }
}

TEST(JsonRecord, SaysWhatIsMalformedAndWhere) {
  EXPECT_EQ(fault_of(R"({"a": 1, "b": x})"), "14: not JSON in UTF-8 (RFC 8259)");
  EXPECT_EQ(fault_of(R"({"a": 1)"), "7: the line ends within a JSON text");
  EXPECT_EQ(fault_of(""), "0: the line ends within a JSON text");
  EXPECT_EQ(fault_of(R"({"a": 1} {"b": 2})"), "9: something stands behind the JSON text");
  EXPECT_EQ(fault_of(R"({"a": 1, "b": {"c": 2, "c": 3}})"), "29: a name stands twice in an object");
  EXPECT_EQ(fault_of(R"(["\ud83d\u0041"])"), "10: an escape is half of a surrogate pair");
  EXPECT_EQ(fault_of(R"(["\udca8"     ])"), "3: an escape is half of a surrogate pair");
  EXPECT_EQ(fault_of(R"(["\u00g0"     ])"), "5: an escape has a byte that is no hexadecimal digit");
  EXPECT_EQ(fault_of("1e99999999999"), "11: a number's exponent is too large");
}

TEST(JsonRecord, FindsNamesThatStandTwice) {
  for (const int count : {2, 8, 9, 100}) {
    for (int twice = 0; twice < count; twice += 7) {
      std::string line = "{\"" + std::to_string(twice) + "\":{}";
      for (int i = 0; i < count; ++i)
        line += ",\"\\u003" + std::to_string(i % 10) + std::string(i / 10, 'x') + "\":{\"0\":[0]}";
      // Escaped or not, it is the same name.
      const bool collides = twice < 10;
      EXPECT_EQ(fault_of(line + "}") != "", collides) << count << " " << twice;
    }
  }
  EXPECT_EQ(fault_of(R"({"a": {"a": 1}, "b": {"a": 1}})"), "");
}

TEST(JsonRecord, KeepsItsLimits) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(fault_of(nested(64)), "");
  EXPECT_EQ(fault_of(nested(65)), "64: arrays and objects are deeper within each other than the limit");
  EXPECT_EQ(fault_of(std::string(1 << 20, '[')), "64: arrays and objects are deeper within each other than the limit");
  EXPECT_EQ(fault_of(nested(3), {.depth = 2}), "2: arrays and objects are deeper within each other than the limit");
  EXPECT_EQ(fault_of("[1,2,3]", {.values = 4}), "");
  EXPECT_EQ(fault_of("[1,2,3]", {.values = 3}), "6: more values and names than the limit");
  EXPECT_EQ(fault_of("\"12345\"", {.size = 7}), "");
  EXPECT_EQ(fault_of("\"12345\"", {.size = 6}), "0: the line is longer than the limit");
}

TEST(JsonRecord, MayBeUsedAgain) {
  JsonRecord record;
  EXPECT_FALSE(record.parse("[[[\"\\u"));
  EXPECT_TRUE(record.parse("[\"\\n\"]"));
  EXPECT_EQ(record[0].string(), "\n");
  EXPECT_TRUE(record.parse("2"));
  EXPECT_EQ(record.value().int64(), 2);
  JsonRecord moved = std::move(record);
  EXPECT_TRUE(moved.parse("3"));
  EXPECT_EQ(moved.value().int64(), 3);
}

TEST(JsonRecord, RefusesEveryTruncation) {
  const std::string line = R"({"a": [1, -2.5e3, "x\u20acé"], "b": {"c": true, "d": null}})";
  EXPECT_EQ(fault_of(line), "");
  for (std::size_t size = 0; size < line.size(); ++size) EXPECT_NE(fault_of(line.substr(0, size)), "") << size;
}

TEST(JsonPath, FindsPlaces) {
  // The examples of RFC 6901, section 5.
  const Parsed parsed(
      R"({"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8})");
  const auto at = [&](std::string_view pointer) { return parsed.record.at(*JsonPath::parse(pointer)); };
  EXPECT_EQ(at("").size(), 10u);
  EXPECT_EQ(at("/foo").size(), 2u);
  EXPECT_EQ(at("/foo/0").string(), "bar");
  EXPECT_EQ(at("/").int64(), 0);
  EXPECT_EQ(at("/a~1b").int64(), 1);
  EXPECT_EQ(at("/c%d").int64(), 2);
  EXPECT_EQ(at("/e^f").int64(), 3);
  EXPECT_EQ(at("/g|h").int64(), 4);
  EXPECT_EQ(at("/i\\j").int64(), 5);
  EXPECT_EQ(at("/k\"l").int64(), 6);
  EXPECT_EQ(at("/ ").int64(), 7);
  EXPECT_EQ(at("/m~0n").int64(), 8);
  for (const char* const missing : {"/foo/2", "/foo/00", "/foo/-", "/foo/x", "/foo/0/1", "/bar",
                                    "/foo/18446744073709551615", "/foo/99999999999999999999"})
    EXPECT_FALSE(at(missing)) << missing;
  const Parsed numbered(R"({"0": {"01": 5}})");
  EXPECT_EQ(numbered.record.at(*JsonPath::parse("/0/01")).int64(), 5);
  for (const char* const wrong : {"foo", "~", "/~", "/a~2", "/a/~x/b"}) EXPECT_FALSE(JsonPath::parse(wrong)) << wrong;
}

// Any tree, also in the words of another library.
nlohmann::json some_tree(std::mt19937_64& random, int depth) {
  switch (random() % (depth > 0 ? 8 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return random() >> random() % 64;
    case 3:
      return static_cast<std::int64_t>(random()) >> random() % 64;
    case 4: {
      const double number = std::bit_cast<double>(random());
      return std::isfinite(number) ? number : 0.5;
    }
    case 5: {
      std::string text;
      for (std::uint64_t size = random() % 9; size > 0; --size) {
        constexpr const char* kCharacters[] = {"a", "\"", "\\", "\n", "\x01", "é", "€", "💨", "/", "\x7f", " "};
        text += kCharacters[random() % std::size(kCharacters)];
      }
      return text;
    }
    case 6: {
      auto array = nlohmann::json::array();
      for (std::uint64_t size = random() % 5; size > 0; --size) array.push_back(some_tree(random, depth - 1));
      return array;
    }
    default: {
      auto object = nlohmann::json::object();
      for (std::uint64_t size = random() % 12; size > 0; --size)
        object[std::to_string(random() % 100)] = some_tree(random, depth - 1);
      return object;
    }
  }
}

TEST(JsonRecord, ReadsAndWritesWhatAnotherLibraryDoes) {
  std::mt19937_64 random(5);
  JsonRecord record;
  for (int i = 0; i < 3000; ++i) {
    const nlohmann::json tree = some_tree(random, 5);
    const std::string line = tree.dump(random() % 2 == 0 ? -1 : 1, ' ', random() % 2 == 0);
    ASSERT_TRUE(record.parse(line)) << record.error() << " " << line;
    std::string again;
    append_json(record.value(), again);
    EXPECT_EQ(nlohmann::json::parse(again), tree) << line;
  }
}

TEST(JsonWriter, WritesRecords) {
  Line line;
  JsonWriter json(line);
  json.begin_object().member("word", "f\"og").member("count", 3u).member("mean", 0.1).member("ok", true);
  json.name("list").begin_array().value(1).value("x").begin_object().end_object().value(nullptr).end_array();
  json.name("none").begin_array().end_array().member("float", 0.1f).end_object();
  line << '\n';
  EXPECT_EQ(line.view(),
            R"({"word":"f\"og","count":3,"mean":0.1,"ok":true,"list":[1,"x",{},null],"none":[],"float":0.1})"
            "\n");
}

TEST(JsonWriter, CopiesParsedValues) {
  const Parsed parsed(R"({"a" : [ 1.50, {"b": "\u0041"}, [], {} ]})");
  std::string out;
  JsonWriter(out).begin_array().value(parsed.record["a"]).value(parsed.record["missing"]).end_array();
  EXPECT_EQ(out, R"([[1.50,{"b":"A"},[],{}],null])");
}

TEST(JsonWriter, EscapesWhatItMust) {
  for (unsigned byte = 0; byte < 0x80; ++byte) {
    const std::string text{'a', static_cast<char>(byte), 'b'};
    std::string out;
    append_json_string(text, out);
    EXPECT_EQ(nlohmann::json::parse(out), text);
    EXPECT_EQ(out, nlohmann::json(text).dump());
    EXPECT_EQ(Parsed(out).record.value().string(), text);
  }
  std::string out;
  append_json_string("€ 💨 /", out);
  EXPECT_EQ(out, "\"€ 💨 /\"");
}

TEST(JsonWriter, WritesNumbersThatReadBackTheSame) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 20'000; ++i) {
    const double number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    std::string out;
    append_json_number(number, out);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(*Parsed(out).record.value().number()), std::bit_cast<std::uint64_t>(number));
    out.clear();
    append_json_number(static_cast<std::int64_t>(random()), out);
    append_json_number(random(), out);
  }
  std::string out;
  append_json_number(INT64_MIN, out);
  EXPECT_EQ(Parsed(out).record.value().int64(), INT64_MIN);
}

TEST(JsonWriter, RefusesWhatJsonHasNoFormFor) {
  std::string out;
  EXPECT_THROW(append_json_number(std::nan(""), out), std::invalid_argument);
  EXPECT_THROW(append_json_number(-INFINITY, out), std::invalid_argument);
  EXPECT_THROW(append_json_number(static_cast<float>(INFINITY), out), std::invalid_argument);
  EXPECT_THROW(append_json_string("\xFF", out), std::invalid_argument);
  EXPECT_THROW(JsonWriter(out).name("\xED\xA0\x80"), std::invalid_argument);
  EXPECT_EQ(out, "");
}

TEST(Utf8, AgreesWithTheTable) {
  EXPECT_TRUE(is_utf8("") && is_utf8("fog") && is_utf8("é€💨") && is_utf8("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"));
  EXPECT_TRUE(is_utf8(std::string_view("\0", 1)));
}

}  // namespace
}  // namespace brume::formats
