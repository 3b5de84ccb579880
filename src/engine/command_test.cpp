#include "engine/command.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

namespace brume::engine {
namespace {

using std::chrono::milliseconds;

TEST(Commands, GiveOutputAndExitCode) {
  const auto output = run_command({.arguments = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_code, 3);
  EXPECT_EQ(output->out, "out\n");
  EXPECT_EQ(output->err, "err\n");
}

TEST(Commands, ReadTheirInput) {
  const std::string much(3'000'000, 'x');  // more than a pipe holds
  const auto output = run_command({.arguments = {"wc", "-c"}, .input = much});
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "3000000\n");
  EXPECT_EQ(run_command({.arguments = {"cat"}})->out, "");
}

TEST(Commands, NeverMeetAShell) {
  const auto output = run_checked({.arguments = {"echo", "$HOME; `id`", "a  b"}});
  ASSERT_TRUE(output);
  EXPECT_EQ(*output, "$HOME; `id` a  b\n");
}

TEST(Commands, EndAtTheTimeLimitWithAllTheirChildren) {
  const auto start = std::chrono::steady_clock::now();
  const auto output = run_command({.arguments = {"sh", "-c", "sleep 60 & sleep 60"}, .timeout = milliseconds(200)});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Commands, EndWhenTheyAreGivenUp) {
  const auto start = std::chrono::steady_clock::now();
  int asked = 0;
  const auto output =
      run_command({.arguments = {"sh", "-c", "sleep 60 & sleep 60"}, .given_up = [&] { return ++asked > 2; }});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, ErrorCode::kState);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(Commands, DoNotWaitForADaemonThatKeepsTheirOutputOpen) {
  const auto start = std::chrono::steady_clock::now();
  const auto output = run_checked({.arguments = {"sh", "-c", "sleep 3 & echo started"}});
  ASSERT_TRUE(output);
  EXPECT_EQ(*output, "started\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

TEST(Commands, KeepTheFirstOfMuchOutput) {
  const auto output =
      run_command({.arguments = {"sh", "-c", "head -c 5000000 /dev/zero; head -c 5000000 /dev/zero >&2"}});
  ASSERT_TRUE(output);
  EXPECT_EQ(output->exit_code, 0);
  EXPECT_EQ(output->out.size(), kCommandOutputLimit);
  EXPECT_EQ(output->err.size(), kCommandOutputLimit);
}

TEST(Commands, GetNoKeysThatAreNotForThem) {
  ::setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
  const std::vector<std::string> print{"sh", "-c", "echo key $AWS_SECRET_ACCESS_KEY"};
  EXPECT_EQ(run_checked({.arguments = print}).value(), "key secret\n");
  EXPECT_EQ(run_checked({.arguments = print, .has_aws_variables = false}).value(), "key\n");
  const std::string log = ::testing::TempDir() + "brume-daemon-" + std::to_string(::getpid());
  const auto pid = start_daemon({.arguments = print}, log);
  ::unsetenv("AWS_SECRET_ACCESS_KEY");
  ASSERT_TRUE(pid);
  ::waitpid(*pid, nullptr, 0);
  std::string said;
  std::getline(std::ifstream(log), said);
  EXPECT_EQ(said, "key");
  ::unlink(log.c_str());
}

TEST(Commands, SetVariablesOnTopOfTheirs) {
  ::setenv("BRUME_TEST_VARIABLE", "old", 1);
  const auto output = run_checked(
      {.arguments = {"sh", "-c", "echo $BRUME_TEST_VARIABLE $PATH"}, .environment = {"BRUME_TEST_VARIABLE=new"}});
  ASSERT_TRUE(output);
  EXPECT_EQ(output->substr(0, 4), "new ");
  EXPECT_GT(output->size(), 6u);
}

TEST(Commands, SayWhatWentWrong) {
  EXPECT_EQ(run_command({.arguments = {"brume-no-such-program"}}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(run_command({.arguments = {"sh", "-c", "kill -9 $$"}})->exit_code, 137);
  const auto failed = run_checked({.arguments = {"sh", "-c", "echo the >&2; echo reason: x >&2; exit 1"}});
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().what.find("exit code 1: reason: x"), std::string::npos);
}

TEST(Commands, LastLinesArePrintable) {
  EXPECT_EQ(last_line("a\nb\n\n"), "b");
  EXPECT_EQ(last_line(""), "");
  EXPECT_EQ(last_line("x\x1b[31m"), "x?[31m");
}

}  // namespace
}  // namespace brume::engine
