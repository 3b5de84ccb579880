#include "cli/job_image.h"

#include <fstream>

#include "base/test_folder.h"
#include "image/reference_values.h"

namespace brume::cli {
namespace {

class FindProgram : public testing::WithFolder {
 protected:
  FindProgram() {
    values_.job_name = "word-count";
    values_.measurement.bytes.fill(0xab);
    std::ofstream(file()) << image::encode_reference_values(values_);
  }
  std::string file() const { return (folder_ / "reference-values.json").string(); }
  static ErrorCode refusal(const std::string& word, const std::string& job = "word_count") {
    const auto program = find_program(word, job);
    EXPECT_FALSE(program) << word;
    return program ? ErrorCode::kState : program.error().code;
  }

  image::ReferenceValues values_;
};

TEST_F(FindProgram, TakesAllThatAnOwnerHas) {
  EXPECT_EQ(find_program(values_.measurement.hex(), "word_count"), values_.measurement);
  EXPECT_EQ(find_program(file(), "word_count"), values_.measurement);
  EXPECT_EQ(find_program(folder_.string(), "word-count"), values_.measurement);
}

TEST_F(FindProgram, RefusesWhatNamesNoProgramOfTheJob) {
  EXPECT_EQ(refusal(file(), "grep"), ErrorCode::kUsage);
  EXPECT_EQ(refusal(std::string(63, 'a')), ErrorCode::kNotFound);
  EXPECT_EQ(refusal(std::string(66, 'a')), ErrorCode::kNotFound);
  EXPECT_EQ(refusal((folder_ / "none").string()), ErrorCode::kNotFound);
  std::ofstream(file()) << "{}";
  EXPECT_EQ(refusal(folder_.string()), ErrorCode::kMalformed);
}

}  // namespace
}  // namespace brume::cli
