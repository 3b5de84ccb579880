#include <brume/csv.h>
#include <gtest/gtest.h>

namespace brume::formats {
namespace {

std::vector<std::string> fields_of(std::string_view line, char comma = ',') {
  CsvRecord record(comma);
  EXPECT_TRUE(record.parse(line)) << record.error();
  std::vector<std::string> fields;
  for (std::size_t i = 0; i < record.size(); ++i) fields.emplace_back(record[i]);
  return fields;
}

std::string error_of(std::string_view line) {
  CsvRecord record;
  EXPECT_FALSE(record.parse(line));
  EXPECT_EQ(record.size(), 0u);
  return record.error() == nullptr ? "" : record.error();
}

using Fields = std::vector<std::string>;

TEST(CsvRecord, TakesPlainFields) {
  EXPECT_EQ(fields_of("a,b c,,d"), (Fields{"a", "b c", "", "d"}));
  EXPECT_EQ(fields_of(""), (Fields{""}));
  EXPECT_EQ(fields_of(","), (Fields{"", ""}));
  EXPECT_EQ(fields_of("a,b\r"), (Fields{"a", "b"}));
  EXPECT_EQ(fields_of("a,b;c", ';'), (Fields{"a,b", "c"}));
}

TEST(CsvRecord, TakesQuotedFields) {
  EXPECT_EQ(fields_of(R"("a,b","",x,"say ""fog""","""")"), (Fields{"a,b", "", "x", "say \"fog\"", "\""}));
  EXPECT_EQ(fields_of("\"a\"\r"), (Fields{"a"}));
  EXPECT_EQ(fields_of("\"a\rb\","), (Fields{"a\rb", ""}));
}

TEST(CsvRecord, SaysWhatIsMalformed) {
  EXPECT_EQ(error_of("a,\"b"), "a quoted field does not end");
  EXPECT_EQ(error_of("\"a\"\"\"x"), "a quoted field goes on behind its end");
  EXPECT_EQ(error_of("\"a\"b,c"), "a quoted field goes on behind its end");
  EXPECT_EQ(error_of("a\"b,c"), "a quote within a field that has none around it");
}

TEST(CsvRecord, MayBeUsedAgainAfterAMalformedLine) {
  CsvRecord record;
  EXPECT_FALSE(record.parse("\""));
  EXPECT_TRUE(record.parse("x"));
  EXPECT_EQ(record[0], "x");
  EXPECT_EQ(record.error(), nullptr);
}

TEST(CsvField, IsQuotedWhereItMustBe) {
  std::string line;
  for (const char* const field : {"a", "b,c", "d\"e", ""}) {
    if (!line.empty()) line.push_back(',');
    append_csv_field(field, line);
  }
  EXPECT_EQ(line, R"(a,"b,c","d""e",)");
  EXPECT_EQ(fields_of(line), (Fields{"a", "b,c", "d\"e", ""}));
}

}  // namespace
}  // namespace brume::formats
