// What a user reads who asks for help or types something wrong.
#include "files/command_line.h"

#include <gtest/gtest.h>

#include <sstream>

namespace brume::files {
namespace {

struct CommandLine : testing::Test {
  CommandLine() {
    set_manners(app);
    app.require_subcommand(1);
    CLI::App* up = app.add_subcommand("up", "Start all of it");
    up->add_option("IMAGE", image, "What to start")->required();
    up->add_option("--count", count, std::string(50, 'a') + " " + std::string(50, 'b'))->check(CLI::Range(1, 9));
    up->add_option("--kind", kind, "Which")->check(CLI::IsMember({"one", "two"}))->group("More");
    app.add_subcommand("down", "End it");
    app.add_subcommand("hidden", "Not for users")->group("");
  }

  // What is printed; the exit code is 0 for help only.
  std::string told(std::vector<std::string> words) {
    std::ranges::reverse(words);
    std::ostringstream out;
    try {
      app.parse(words);
    } catch (const CLI::ParseError& error) {
      app.exit(error, out, out);
    }
    return out.str();
  }

  CLI::App app{"A tool", "tool"};
  std::string image, kind;
  int count = 1;
};

TEST_F(CommandLine, ErrorsNameTheVerbAndWhereMoreIsSaid) {
  EXPECT_EQ(told({"up"}), "tool: error: up: IMAGE is required; 'tool up --help' says more\n");
  EXPECT_EQ(told({"up", "x", "--count", "12"}),
            "tool: error: up: --count: Value 12 not in range 1 to 9; 'tool up --help' says more\n");
}

TEST_F(CommandLine, WordsThatNobodyExpectedAreNamed) {
  EXPECT_EQ(told({"up", "x", "--cuont", "3"}),
            "tool: error: up: there is no option --cuont; 'tool up --help' says more\n");
  EXPECT_EQ(told({"up", "x", "y"}), "tool: error: up: 'y' was not expected; 'tool up --help' says more\n");
  EXPECT_EQ(told({"up", "--cuont"}),
            "tool: error: up: IMAGE is required, and there is no option --cuont; 'tool up --help' says more\n");
}

TEST_F(CommandLine, AVerbThatIsMissingOrUnknownGetsAllThatThereAre) {
  EXPECT_EQ(told({}), "tool: error: a verb is needed: up, down; 'tool --help' says more\n");
  EXPECT_EQ(told({"pu"}), "tool: error: there is no verb 'pu'; there are up, down; 'tool --help' says more\n");
  EXPECT_EQ(told({"--pu"}), "tool: error: there is no option --pu; 'tool --help' says more\n");
}

TEST_F(CommandLine, HelpIsNoWiderThanATerminal) {
  const std::string help = told({"up", "--help"});
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
  const std::string indent(30, ' ');
  EXPECT_NE(help.find("  --count N [1 - 9]           " + std::string(50, 'a') + '\n' + indent + std::string(50, 'b')),
            std::string::npos)
      << help;
  EXPECT_NE(help.find("\n\nMore:\n  --kind {one,two}            Which\n"), std::string::npos) << help;
  EXPECT_EQ(help.find("\n\n\n"), std::string::npos) << help;
}

TEST_F(CommandLine, HelpCallsVerbsVerbs) {
  const std::string help = told({"--help"});
  EXPECT_NE(help.find("Usage: tool [OPTIONS] VERB\n"), std::string::npos) << help;
  EXPECT_NE(help.find("\nVerbs:\n  up                          Start all of it\n"), std::string::npos) << help;
}

}  // namespace
}  // namespace brume::files
