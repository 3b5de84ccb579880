// keygen, seal and open as the owner calls them: exit codes, and that an output is whole or not there.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "cli/completion.h"
#include "cli/verbs.h"
#include "crypto/hash.h"

namespace brume::cli {
namespace {

namespace fs = std::filesystem;

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_all(const fs::path& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string some_text(std::size_t size) {
  std::mt19937 generator(42);
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(generator());
  return text;
}

struct AgeVerbs : testing::Test {
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "brume-cli-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    recipient = keygen("key");
  }
  void TearDown() override { fs::remove_all(folder); }

  std::string at(const std::string& name) { return (folder / name).string(); }

  // The exit code, as main() would give it.
  int run(std::vector<std::string> words) {
    CLI::App app{"", "brume"};
    add_keygen(app);
    add_seal(app);
    add_open(app);
    add_pin(app);
    std::reverse(words.begin(), words.end());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    int code = 0;
    try {
      app.parse(words);
    } catch (const CLI::RuntimeError& error) {
      code = error.get_exit_code();
    } catch (const CLI::ParseError&) {
      code = kExitUsage;
    }
    out = testing::internal::GetCapturedStdout();
    err = testing::internal::GetCapturedStderr();
    return code;
  }
  std::string keygen(const std::string& name) {
    EXPECT_EQ(run({"keygen", "-o", at(name)}), 0) << err;
    return out.substr(0, out.find('\n'));
  }
  // Nothing but what is named lies in the folder.
  void expect_files(std::vector<std::string> names) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder)) found.push_back(entry.path().filename().string());
    std::ranges::sort(found);
    std::ranges::sort(names);
    EXPECT_EQ(found, names);
  }

  fs::path folder;
  std::string recipient, out, err;
};

TEST_F(AgeVerbs, RoundTripOfEverySize) {
  for (std::size_t size : {0, 1, 65535, 65536, 65537, 1 << 20, (1 << 20) + 1, 5'000'000}) {
    write_all(at("plain"), some_text(size));
    ASSERT_EQ(run({"seal", "--force", "-r", recipient, at("plain"), "-o", at("sealed")}), 0) << err;
    ASSERT_EQ(run({"open", "--force", "-i", at("key"), at("sealed"), "-o", at("again")}), 0) << err;
    EXPECT_EQ(read_all(at("again")), read_all(at("plain"))) << size;
  }
  expect_files({"key", "plain", "sealed", "again"});
}

TEST_F(AgeVerbs, WithoutAKeyFileTheHomesOwnKeyOpens) {
  write_all(at("plain"), "hello");
  ASSERT_EQ(run({"seal", "-r", recipient, at("plain"), "-o", at("sealed")}), 0) << err;
  ::setenv("BRUME_HOME", folder.c_str(), 1);
  EXPECT_EQ(run({"open", at("sealed"), "-o", "-"}), kExitUsage);
  EXPECT_NE(err.find("-i"), std::string::npos) << err;
  fs::create_directory(at("owner"));
  fs::copy(at("key"), at("owner/identity.age"));
  EXPECT_EQ(run({"open", at("sealed"), "-o", "-"}), 0) << err;
  EXPECT_EQ(out, "hello");
  keygen("other");
  EXPECT_NE(run({"open", "-i", at("other"), at("sealed"), "-o", "-"}), 0) << "a key that is named stands alone";
  ::unsetenv("BRUME_HOME");
}

TEST_F(AgeVerbs, PipesDoAsFilesDo) {
  write_all(at("plain"), some_text(3'000'000));
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  auto feed = [&](const char* name) {
    return std::jthread([this, name] { write_all(at("pipe"), read_all(at(name))); });
  };
  {
    auto feeder = feed("plain");
    ASSERT_EQ(run({"seal", "-r", recipient, at("pipe"), "-o", at("sealed")}), 0) << err;
  }
  auto feeder = feed("sealed");
  ASSERT_EQ(run({"open", "-i", at("key"), at("pipe"), "-o", at("again")}), 0) << err;
  EXPECT_EQ(read_all(at("again")), read_all(at("plain")));
}

TEST_F(AgeVerbs, SeveralRecipientsFromLineAndFile) {
  std::string second = keygen("key2");
  std::string third = keygen("key3");
  write_all(at("list"), "# team\n" + second + "\n" + third + "\n");
  write_all(at("plain"), "hello");
  ASSERT_EQ(run({"seal", "-r", recipient, "-R", at("list"), at("plain"), "-o", at("sealed")}), 0) << err;
  for (const char* key : {"key", "key2", "key3"}) {
    EXPECT_EQ(run({"open", "--force", "-i", at(key), at("sealed"), "-o", at("again")}), 0) << err;
    EXPECT_EQ(read_all(at("again")), "hello");
  }
}

TEST_F(AgeVerbs, KeyFilesAreTheOwnersOnlyAndNeverReplacedUnasked) {
  struct stat info{};
  ASSERT_EQ(::stat(at("key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  std::string before = read_all(at("key"));
  EXPECT_EQ(run({"keygen", "-o", at("key")}), kExitFailed);
  EXPECT_NE(err.find("--force"), std::string::npos);
  EXPECT_EQ(read_all(at("key")), before);
  EXPECT_EQ(out.find("AGE-SECRET"), std::string::npos);
  EXPECT_EQ(run({"keygen", "--force", "-o", at("key")}), 0);
  EXPECT_NE(read_all(at("key")), before);
}

TEST_F(AgeVerbs, AnotherKeyIsRefusedAndLeavesNothing) {
  keygen("stranger");
  write_all(at("plain"), "hello");
  ASSERT_EQ(run({"seal", "-r", recipient, at("plain"), "-o", at("sealed")}), 0);
  EXPECT_EQ(run({"open", "-i", at("stranger"), at("sealed"), "-o", at("again")}), kExitFailed);
  EXPECT_NE(err.find("not sealed to any"), std::string::npos) << err;
  expect_files({"key", "stranger", "plain", "sealed"});
}

TEST_F(AgeVerbs, AlteredOrCutFilesLeaveNothing) {
  write_all(at("plain"), some_text(300'000));
  ASSERT_EQ(run({"seal", "-r", recipient, at("plain"), "-o", at("sealed")}), 0);
  std::string whole = read_all(at("sealed"));
  auto refused = [&](const std::string& bytes) {
    write_all(at("bad"), bytes);
    int code = run({"open", "-i", at("key"), at("bad"), "-o", at("again")});
    EXPECT_FALSE(fs::exists(at("again")));
    EXPECT_NE(err.find("bad"), std::string::npos) << err;
    return code;
  };
  std::string altered = whole;
  altered[whole.size() / 2] = static_cast<char>(altered[whole.size() / 2] ^ 1);
  EXPECT_EQ(refused(altered), kExitFailed);
  EXPECT_EQ(refused(whole.substr(0, whole.size() - 1)), kExitFailed);
  EXPECT_EQ(refused(whole.substr(0, whole.size() - 300'000 % 65536 - 16)), kExitFailed);  // at a chunk's border
  EXPECT_EQ(refused(whole + "x"), kExitFailed);
  EXPECT_EQ(refused(whole.substr(0, 50)), kExitInput);
  EXPECT_EQ(refused("plain text"), kExitInput);
  EXPECT_EQ(refused(""), kExitInput);
  expect_files({"key", "plain", "sealed", "bad"});
}

TEST_F(AgeVerbs, AnOutputThatExistsStaysUnlessForced) {
  write_all(at("plain"), "new");
  write_all(at("there"), "old");
  EXPECT_EQ(run({"seal", "-r", recipient, at("plain"), "-o", at("there")}), kExitFailed);
  EXPECT_EQ(read_all(at("there")), "old");
  // Also where the new one fails on the way.
  EXPECT_EQ(run({"open", "--force", "-i", at("key"), at("plain"), "-o", at("there")}), kExitInput);
  EXPECT_EQ(read_all(at("there")), "old");
  EXPECT_EQ(run({"seal", "--force", "-r", recipient, at("plain"), "-o", at("there")}), 0);
  EXPECT_NE(read_all(at("there")), "old");
}

TEST_F(AgeVerbs, ForcingThroughALinkKeepsTheLink) {
  write_all(at("plain"), "new");
  write_all(at("target"), "old");
  fs::create_symlink("target", at("link"));
  EXPECT_EQ(run({"seal", "--force", "-r", recipient, at("plain"), "-o", at("link")}), 0) << err;
  EXPECT_TRUE(fs::is_symlink(at("link")));
  EXPECT_NE(read_all(at("target")), "old");
}

TEST_F(AgeVerbs, ExitCodesTellWrongUseFromUnreadableInput) {
  write_all(at("plain"), "x");
  EXPECT_EQ(run({"seal", at("plain"), "-o", at("sealed")}), kExitUsage);                       // nobody to seal to
  EXPECT_EQ(run({"seal", "-r", "age1wrong", at("plain"), "-o", at("sealed")}), kExitUsage);    // mistyped
  EXPECT_EQ(run({"seal", "-r", recipient, at("plain")}), kExitUsage);                          // no output
  EXPECT_EQ(run({"seal", "-r", recipient, at("none"), "-o", at("sealed")}), kExitInput);       // no such file
  EXPECT_EQ(run({"seal", "-r", recipient, folder.string(), "-o", at("sealed")}), kExitInput);  // a folder
  EXPECT_EQ(run({"seal", "-r", recipient, at("plain"), "-o", at("no/such/folder")}), kExitFailed);
  EXPECT_EQ(run({"open", "-i", at("plain"), at("plain"), "-o", at("again")}), kExitInput);  // no key file
  EXPECT_NE(err.find("plain"), std::string::npos);
  expect_files({"key", "plain"});
}

// The hash is of the file's first bytes up to the payload: MAC line and nonce included.
TEST_F(AgeVerbs, PinNamesSealedFilesByTheirHeaders) {
  write_all(at("plain"), some_text(100'000));
  fs::create_directories(folder / "data/sub");
  for (const char* name : {"sealed", "data/a.age", "data/sub/b.age"})
    ASSERT_EQ(run({"seal", "-r", recipient, at("plain"), "-o", at(name)}), 0) << err;
  const auto header_of = [this](const char* name) {
    const std::string bytes = read_all(at(name));
    const std::size_t mac_line = bytes.find("\n--- ") + 1;
    return crypto::sha256(as_bytes(bytes).first(mac_line + 48 + 16)).hex();
  };
  EXPECT_EQ(run({"pin", at("sealed")}), 0) << err;
  EXPECT_EQ(out, header_of("sealed") + "  " + at("sealed") + "\n");
  EXPECT_EQ(run({"pin", "left=" + at("data"), "right=" + at("sealed")}), 0) << err;
  EXPECT_EQ(out, header_of("data/a.age") + "  left/a.age\n" + header_of("data/sub/b.age") + "  left/sub/b.age\n" +
                     header_of("sealed") + "  right\n");
}

TEST_F(AgeVerbs, PinRefusesWhatIsNotASealedFileHere) {
  write_all(at("plain"), some_text(100'000));
  write_all(at("empty"), "");
  EXPECT_EQ(run({"pin", at("plain")}), kExitInput);
  EXPECT_EQ(run({"pin", at("empty")}), kExitInput);
  EXPECT_EQ(run({"pin", at("none")}), kExitInput);
  EXPECT_EQ(run({"pin", "s3://bucket/key"}), kExitUsage);
  EXPECT_NE(err.find("your own copy"), std::string::npos) << err;
  EXPECT_EQ(run({"pin"}), kExitUsage);
  EXPECT_EQ(out, "");
}

TEST(Completion, NamesVerbsAndFlagsAndIsValidForTheShells) {
  CLI::App app{"", "brume"};
  add_keygen(app);
  add_seal(app);
  add_completion(app);
  app.add_subcommand("hidden", "not shown")->group("");
  std::string engine;
  app.add_subcommand("up", "It's up")->add_option("--engine", engine)->check(CLI::IsMember({"podman", "process"}));
  for (const std::string& script : {bash_completion(app), zsh_completion(app), fish_completion(app)}) {
    for (const char* word : {"keygen", "recipients-file", "completion", "podman process"}) {
      EXPECT_NE(script.find(word), std::string::npos) << word;
    }
    EXPECT_EQ(script.find("hidden"), std::string::npos);
  }
  fs::path file = fs::temp_directory_path() / ("brume-completion-" + std::to_string(::getpid()));
  write_all(file,
            bash_completion(app) +
                "\nCOMP_WORDS=(brume seal --f); COMP_CWORD=2; _brume; [ \"${COMPREPLY[*]}\" = --force ] || exit 1\n"
                "COMP_WORDS=(brume se); COMP_CWORD=1; _brume; [ \"${COMPREPLY[*]}\" = seal ] || exit 2\n"
                "COMP_WORDS=(brume up --engine po); COMP_CWORD=3; _brume; [ \"${COMPREPLY[*]}\" = podman ] || exit 3\n"
                "COMP_WORDS=(brume completion z); COMP_CWORD=2; _brume; [ \"${COMPREPLY[*]}\" = zsh ] || exit 4\n");
  EXPECT_EQ(std::system(("bash " + file.string()).c_str()), 0);
  fs::remove(file);
}

}  // namespace
}  // namespace brume::cli
