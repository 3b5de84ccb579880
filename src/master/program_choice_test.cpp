#include "master/program_choice.h"

#include <gtest/gtest.h>

namespace brume::master {
namespace {

Measurement program(std::uint8_t first) {
  Measurement out;
  out.bytes[0] = first;
  return out;
}

TEST(ProgramChoice, IsTheNodesWhereTheOwnerSaysNothing) {
  EXPECT_EQ(choose_program({{program(1), 2}, {program(2), 3}}, {}), program(2));
  EXPECT_EQ(choose_program({{program(1), 3}, {program(2), 2}}, {}), program(1));
}

TEST(ProgramChoice, IsTheOwnersHoweverManyHaveAnother) {
  EXPECT_EQ(choose_program({{program(1), 1}, {program(2), 1000}}, program(1)), program(1));
}

TEST(ProgramChoice, NoOtherProgramDoesWhatOneWasAskedFor) {
  const auto refused = choose_program({{program(1), 2}, {program(2), 3}}, program(3));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(refused.error().what.starts_with("--measurement " + program(3).hex() +
                                               ": no admitted node has this program; admitted are 2 of " +
                                               program(1).hex() + ", 3 of " + program(2).hex() + "."))
      << refused.error().what;
}

TEST(ProgramChoice, NobodyIsNotAProgram) {
  EXPECT_EQ(choose_program({}, {}).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(choose_program({}, program(1)).error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace brume::master
