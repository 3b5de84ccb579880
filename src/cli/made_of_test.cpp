#include "cli/made_of.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace brume::cli {
namespace {

namespace fs = std::filesystem;

TEST(MadeOf, ReadsWhatTheCompilerLists) {
  EXPECT_EQ(files_of_rules("a.o: /x/a.cpp /x/my\\ file.h \\\n /x/b$$.inc\nb.o: /x/b.cpp /x/my\\ file.h\n"),
            (std::vector<fs::path>{"/x/a.cpp", "/x/b$.inc", "/x/b.cpp", "/x/my file.h"}));
  EXPECT_TRUE(files_of_rules("").empty());
}

TEST(MadeOf, NoticesEveryChange) {
  std::string name = (fs::temp_directory_path() / "brume-made-XXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  const fs::path source = folder / "a b.cpp";
  const fs::path header = folder / "h.inc";
  const auto write = [](const fs::path& path, const char* text) { std::ofstream(path) << text; };
  write(source, "one");
  write(header, "two");
  std::string made = describe_files({source, header});
  EXPECT_TRUE(is_unchanged(made, {source}));
  EXPECT_FALSE(is_unchanged("", {}));
  EXPECT_FALSE(is_unchanged(made, {source, folder / "new.cpp"})) << "a source came";
  // As long and as old: another file all the same.
  write(folder / "other", "too");
  fs::last_write_time(folder / "other", fs::last_write_time(header));
  fs::rename(folder / "other", header);
  EXPECT_FALSE(is_unchanged(made, {source}));
  made = describe_files({source, header});
  write(header, "three");
  EXPECT_FALSE(is_unchanged(made, {source}));
  made = describe_files({source, header});
  fs::remove(header);
  EXPECT_FALSE(is_unchanged(made, {source})) << "a file went";
  EXPECT_FALSE(is_unchanged(describe_files({source, header}), {source})) << "what was never there is no match";
  fs::remove_all(folder);
}

}  // namespace
}  // namespace brume::cli
