#include "files/output_places.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/test_folder.h"

namespace brume::files {
namespace {

namespace fs = std::filesystem;

class OutputPlace : public testing::WithFolder {
 protected:
  OutputPlace() {
    fs::create_directory(folder_ / "sub");
    fs::create_symlink("sub", folder_ / "link");
    std::ofstream(folder_ / "sub/a.csv") << "x";
    fs::create_symlink("sub/a.csv", folder_ / "a-link");
    fs::create_symlink("sub/new", folder_ / "new-link");
    fs::create_symlink("round", folder_ / "round");
    fs::create_symlink("/dev/null", folder_ / "null-link");
    fs::current_path(folder_);
  }
  ~OutputPlace() override { fs::current_path("/"); }
  static std::string added(const std::vector<std::string>& paths) {
    OutputPlaces places;
    for (const std::string& path : paths)
      if (const auto status = places.add(path); !status) return status.error().what;
    return "taken";
  }
  std::string target(const fs::path& path) const {
    const auto found = replaceable_target(path);
    return found ? found->lexically_proximate(folder_).string() : "error: " + found.error().what;
  }
};

TEST_F(OutputPlace, IsOnesOwn) {
  EXPECT_EQ(added({"a.csv", "sub/a.csv", "b.csv"}), "taken");
  EXPECT_EQ(added({"a.csv", "./a.csv"}), "./a.csv: two outputs cannot go there");
  EXPECT_EQ(added({"a.csv", (folder_ / "sub/../a.csv").string()}).ends_with("two outputs cannot go there"), true);
  EXPECT_EQ(added({"link/b.csv", "sub/b.csv"}), "sub/b.csv: two outputs cannot go there");
  EXPECT_EQ(added({"a-link", "sub/a.csv"}), "sub/a.csv: two outputs cannot go there");
  EXPECT_EQ(added({"new-link", "sub/new"}), "sub/new: two outputs cannot go there");
  EXPECT_EQ(added({"-", "-"}), "-: two outputs cannot go there");
  EXPECT_EQ(added({"/dev/null", "/dev/null"}), "taken");
}

TEST_F(OutputPlace, FollowsLinksToWhatIsReplaced) {
  EXPECT_EQ(target("b.csv"), "b.csv");
  EXPECT_EQ(target("a-link"), "sub/a.csv");
  EXPECT_EQ(target("new-link"), "sub/new");
  EXPECT_EQ(target("none/b.csv"), "none/b.csv");
  EXPECT_EQ(target("link/b.csv"), "link/b.csv") << "as it was said";
  EXPECT_TRUE(target("round").starts_with("error: round: ")) << target("round");
}

TEST_F(OutputPlace, RefusesToReplaceWhatIsNoFile) {
  EXPECT_EQ(target("/dev/null"), "error: /dev/null: is a device; name a file for the result");
  EXPECT_EQ(target("null-link"), "error: null-link: is a device; name a file for the result");
  EXPECT_EQ(target("sub"), "error: sub: is a folder; name a file for the result");
  ASSERT_EQ(::mkfifo("pipe", 0600), 0);
  EXPECT_EQ(target("pipe"), "error: pipe: is a pipe; name a file for the result");
}

}  // namespace
}  // namespace brume::files
