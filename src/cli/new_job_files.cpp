#include "cli/new_job_files.h"

namespace brume::cli {
namespace {

// @NAME@: line-heads, @FILE@: line_heads, @TYPE@: LineHeads, @KIT@: a folder.
constexpr const char* kSource = R"file(// How many lines begin with each word: the most frequent first.
//
//   -p least=N   leaves out words of fewer than N bytes (the default: 1, none)
#include <brume/job.h>
#include <brume/lines.h>

struct @TYPE@ {
  using Value = std::uint64_t;

  void configure(brume::Parameters& parameters) { parameters.number("least", least, 1u, 1000u); }

  // Records are lines: the input is cut at line ends only.
  brume::ByteSet separators() const { return brume::ByteSet{'\n'}; }

  // `text` is any number of whole lines.
  void map(std::string_view text, brume::Emitter<Value>& out) const {
    for (const std::string_view line : brume::Lines(text)) {
      const std::string_view word = line.substr(0, line.find(' '));
      if (word.size() >= least) {
        out.emit(word, 1);
      } else {
        out.count("lines.left-out");  // told beside the result
      }
    }
  }

  // How two values of a key become one, and in which order lines stand.
  static constexpr auto combine = brume::sum;
  static constexpr auto order = brume::value_descending;

  // What follows the key in its line.
  void format(std::string_view, const Value& count, brume::Line& line) const { line << '\t' << count << '\n'; }

  unsigned least = 1;
};

BRUME_JOB(@TYPE@);
)file";

constexpr const char* kCMake = R"file(cmake_minimum_required(VERSION 3.25)
project(@FILE@ LANGUAGES CXX)

# Where Brume was built: -Dbrume_job_DIR=... or CMAKE_PREFIX_PATH names another place.
find_package(brume_job REQUIRED HINTS "@KIT@")

# @FILE@-local: the job as an ordinary program, for tests and debuggers. The enclave's program is built and
# measured by `brume image build`.
brume_job(@FILE@ @FILE@.cpp)

enable_testing()
add_test(NAME @FILE@ COMMAND ${CMAKE_SOURCE_DIR}/test/run $<TARGET_FILE:@FILE@-local>)
)file";

constexpr const char* kTest = R"file(#!/usr/bin/env bash
# The result must be that of test/expected.txt, wherever the input is cut and however many parts reduce.
#   test/run PROGRAM        PROGRAM: @FILE@-local
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$1
for split_size in 1 5 64 64K; do
  for partitions in 1 2 7; do
    "$program" --quiet --input "$here/input.txt" --split-size $split_size --partitions $partitions |
      cmp - "$here/expected.txt" || { echo "splits of $split_size bytes, $partitions partitions: another result"; exit 1; }
  done
done
"$program" --quiet --input "$here/input.txt" -p least=2 | cmp - <(grep -v "^a\s" "$here/expected.txt")
echo "all results are as expected"
)file";

constexpr const char* kInput = R"file(the first line
a line of words
the second line

sea and sand
The case of letters counts
the third
a line
under the last line stands no more)file";

constexpr const char* kExpected =
    "the\t3\n"
    "a\t2\n"
    "The\t1\n"
    "sea\t1\n"
    "under\t1\n";

constexpr const char* kReadme = R"file(# @NAME@

A job for Brume: how many lines begin with each word. Change `@FILE@.cpp` to what you want computed, and `test/` with
it; Brume's docs/guide/jobs.md says what a job can have.

Build, test and run it here, without any cluster:

```sh
cmake -S . -B build && cmake --build build
ctest --test-dir build
build/@FILE@-local --input test/input.txt
gdb --args build/@FILE@-local --input test/input.txt
```

`brume run --local . --input test/input.txt` does the same without CMake.

Run it on a cluster, sealed and attested:

```sh
brume image build . -o build/image
brume up --workers 3 --image build/image
brume run @NAME@ --input test/input.txt --output result.txt
brume down
```

After a change: `brume image build . -o build/image --force`, and `brume up` again.
)file";

std::string filled(std::string text, const std::string& mark, const std::string& value) {
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size())
    text.replace(at, mark.size(), value);
  return text;
}

}  // namespace

std::vector<NewFile> new_job_files(const std::string& name, const std::string& type, const std::string& kit) {
  const std::string file = filled(name, "-", "_");
  std::vector<NewFile> files{{file + ".cpp", kSource},   {"CMakeLists.txt", kCMake}, {"README.md", kReadme},
                             {"test/run", kTest, true},  {"test/input.txt", kInput}, {"test/expected.txt", kExpected},
                             {".gitignore", "/build/\n"}};
  for (NewFile& each : files) {
    each.text = filled(filled(filled(filled(each.text, "@NAME@", name), "@FILE@", file), "@TYPE@", type), "@KIT@", kit);
  }
  return files;
}

}  // namespace brume::cli
