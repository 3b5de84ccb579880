#include "files/parameter_words.h"

#include <gtest/gtest.h>

namespace brume::files {
namespace {

TEST(ParameterWords, AreKeysAndValues) {
  const auto parameters = parse_parameter_words({"least=2", "pattern=a=b", "empty="});
  ASSERT_TRUE(parameters) << parameters.error().what;
  EXPECT_EQ(*parameters, (std::map<std::string, std::string>{{"least", "2"}, {"pattern", "a=b"}, {"empty", ""}}));
}

TEST(ParameterWords, RefusesWhatHasNoKeyAndAKeyThatIsSaidTwice) {
  EXPECT_EQ(parse_parameter_words({"=2"}).error().what, "-p =2: expected KEY=VALUE");
  EXPECT_EQ(parse_parameter_words({"least"}).error().code, ErrorCode::kUsage);
  const auto twice = parse_parameter_words({"least=2", "least=2"});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, ErrorCode::kUsage);
  EXPECT_EQ(twice.error().what, "-p least: is given twice; a parameter has one value");
}

}  // namespace
}  // namespace brume::files
