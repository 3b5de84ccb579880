#include "base/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace brume {
namespace {

using nlohmann::json;

TEST(JsonText, TakesWhatIsNotUtf8) {
  for (const std::string bytes : {"\xff", "cut \xe2\x82", "\xc0\x80", "\xed\xa0\x80"}) {
    const json value{{"event", "run-failed"}, {"why", "map 3: " + bytes}};
    EXPECT_THROW(static_cast<void>(value.dump()), json::exception);
    const std::string text = json_text(value);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    const json read = json::parse(text);
    EXPECT_EQ(read["event"], "run-failed");
    EXPECT_TRUE(read["why"].get<std::string>().contains("\xef\xbf\xbd")) << text;
  }
}

TEST(JsonText, LeavesTheRestAsItIs) {
  const json value{{"name", "m\xc3\xa9moire"}, {"line", "a\nb"}};
  EXPECT_EQ(json_text(value), value.dump());
  EXPECT_EQ(json_text(value, 2), value.dump(2));
}

}  // namespace
}  // namespace brume
