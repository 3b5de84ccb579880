// Against the stock `age` and `age-keygen`: each reads what the other writes.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "crypto/random.h"
#include "sealed/age.h"

namespace brume::sealed {
namespace {

namespace fs = std::filesystem;

crypto::SystemRandom g_random;

Bytes read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_file(const fs::path& path, ByteView bytes) { std::ofstream(path, std::ios::binary) << as_chars(bytes); }

struct StockAge : testing::Test {
  void SetUp() override {
    if (std::system("command -v age >/dev/null && command -v age-keygen >/dev/null") != 0) {
      GTEST_SKIP() << "stock age is not installed (Debian package age)";
    }
    std::string pattern = fs::temp_directory_path() / "brume-age-XXXXXX";
    folder = ::mkdtemp(pattern.data());
    for (std::size_t size : {0, 1, 65535, 65536, 65537, 131072, 1000000}) {
      Bytes data(size);
      g_random.fill(data);
      texts.push_back(data);
    }
  }
  void TearDown() override {
    if (!folder.empty()) fs::remove_all(folder);
  }
  bool run(const std::string& command) {
    return std::system(("cd " + folder.string() + " && " + command + " 2>err").c_str()) == 0;
  }

  fs::path folder;
  std::vector<Bytes> texts;
};

TEST_F(StockAge, OpensWhatBrumeSealed) {
  ASSERT_TRUE(run("age-keygen -o key"));
  ASSERT_TRUE(run("age-keygen -o key2"));
  std::vector<AgeRecipient> recipients;
  for (const char* name : {"key", "key2"}) {
    auto keys = parse_identity_file(as_chars(read_file(folder / name)));
    ASSERT_TRUE(keys);
    recipients.push_back((*keys)[0].recipient());
  }
  for (const Bytes& text : texts) {
    AgeWriter writer = *AgeWriter::create(recipients, g_random);
    Bytes file = writer.prefix();
    writer.push(text, file);
    writer.finish(file);
    write_file(folder / "sealed", file);
    for (const char* name : {"key", "key2"}) {
      ASSERT_TRUE(run(std::string("age -d -i ") + name + " -o plain sealed"));
      EXPECT_EQ(read_file(folder / "plain"), text);
    }
  }
}

TEST_F(StockAge, SealsWhatBrumeOpens) {
  AgeIdentity owner = AgeIdentity::generate(g_random);
  AgeIdentity other = AgeIdentity::generate(g_random);
  for (const Bytes& text : texts) {
    write_file(folder / "plain", text);
    ASSERT_TRUE(run("age -r " + other.recipient().text() + " -r " + owner.recipient().text() + " -o sealed plain"));
    Bytes file = read_file(folder / "sealed");
    for (const AgeIdentity& identity : {owner, other}) {
      AgeReader reader(identity);
      Bytes out;
      ASSERT_TRUE(reader.push(file, out));
      ASSERT_TRUE(reader.finish(out));
      EXPECT_EQ(out, text);
    }
    Bytes out;
    AgeReader stranger(AgeIdentity::generate(g_random));
    EXPECT_EQ(stranger.push(file, out).error().code, ErrorCode::kNotFound);
  }
}

TEST_F(StockAge, ReadsBrumesKeys) {
  AgeIdentity owner = AgeIdentity::generate(g_random);
  write_file(folder / "key", as_bytes("# a comment\n" + owner.secret_text() + "\n"));
  ASSERT_TRUE(run("age-keygen -y -o public key"));
  EXPECT_EQ(std::string(as_chars(read_file(folder / "public"))), owner.recipient().text() + "\n");
}

}  // namespace
}  // namespace brume::sealed
