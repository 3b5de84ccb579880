#include "master/run_inputs.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "crypto/random.h"
#include "master/result_file.h"

namespace brume::master {
namespace {

class RunInputsTest : public testing::WithFolder {
 protected:
  // A file anew at that path, sealed to the same key.
  RunFile put(const std::string& name, const std::filesystem::path& path) {
    auto sealed = ResultFile::create(path, identity_.recipient().text(), random_).value();
    EXPECT_TRUE(sealed->write(Bytes(150'000, 'x')));
    EXPECT_TRUE(sealed->commit());
    auto file = InputFile::open({InputName::Kind::kShared, path.string()}, {}, formats::Compression::kNone,
                                std::span(&identity_, 1), Fetching{"brume-fetch"}, 0);
    return {name, std::make_shared<const InputFile>(std::move(file.value()))};
  }

  crypto::SystemRandom random_;
  sealed::AgeIdentity identity_ = sealed::AgeIdentity::generate(random_);
};

TEST_F(RunInputsTest, AFileThatIsSealedToTheSameKeyIsNotThePinnedOne) {
  const auto path = folder_ / "in.age";
  const RunFile file = put("left", path);
  const Sha256Digest pin = file.file->opening().commitment.header;
  EXPECT_TRUE(check_pin(file, pin));
  const RunFile other = put("left", path);
  const auto refused = check_pin(other, pin);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kAuthFailed);
  EXPECT_TRUE(refused.error().what.starts_with(
      "input left (shared:" + path.string() + "): is another sealed file than the pinned one: its header's hash is " +
      other.file->opening().commitment.header.hex() + ", expected " + pin.hex()))
      << refused.error().what;
}

}  // namespace
}  // namespace brume::master
