// For tests: a folder of their own, which goes with them.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

namespace brume::testing {

class WithFolder : public ::testing::Test {
 protected:
  WithFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "brume-test-XXXXXX").string();
    folder_ = std::filesystem::canonical(::mkdtemp(name.data()));
  }
  ~WithFolder() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

}  // namespace brume::testing
