#include "image/image_diff.h"

#include <algorithm>
#include <cstdio>

#include "measure/elf_layout.h"
#include "measure/rootfs.h"

namespace brume::image {

namespace {

constexpr std::size_t kPageSize = 4096;

const char* kind_name(FileKind kind) {
  switch (kind) {
    case FileKind::kRegular:
      return "file";
    case FileKind::kDirectory:
      return "directory";
    case FileKind::kSymlink:
      return "symbolic link";
  }
  return "?";
}

std::string number(const char* format, std::uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof(text), format, static_cast<unsigned long long>(value));
  return text;
}

class Differ {
 public:
  void compare(const std::string& path, const ImageFile& before, const ImageFile& after) {
    if (before.kind != after.kind)
      return add(path, std::string("is a ") + kind_name(after.kind) + ", was a " + kind_name(before.kind));
    if (before.mode != after.mode)
      add(path, "mode " + number("%04llo", after.mode) + ", was " + number("%04llo", before.mode));
    if (before.target != after.target) add(path, "leads to " + after.target + ", led to " + before.target);
    if (before.content == after.content) return;
    if (before.content.size() != after.content.size())
      add(path, "size " + std::to_string(after.content.size()) + ", was " + std::to_string(before.content.size()));
    if ("/" + path == measure::kProgramPath && pages(path, before.content, after.content)) return;
    blocks(path, before.content, after.content);
  }
  void add(const std::string& path, std::string what) {
    if (out_.size() < kDifferencesLimit) out_.push_back({"/" + path, std::move(what)});
  }
  std::vector<Difference> take() { return std::move(out_); }

 private:
  // By enclave page, where both are enclave programs.
  bool pages(const std::string& path, const Bytes& before, const Bytes& after) {
    auto old_layout = measure::lay_out_program(before);
    auto new_layout = measure::lay_out_program(after);
    if (!old_layout || !new_layout) return false;
    std::size_t had = out_.size();
    std::map<std::uint64_t, const measure::PageRun*> old_runs;
    for (const auto& run : old_layout->runs) old_runs[run.offset] = &run;
    for (const auto& run : new_layout->runs) {
      auto found = old_runs.find(run.offset);
      if (found == old_runs.end() || found->second->page_count != run.page_count ||
          found->second->secinfo_flags != run.secinfo_flags) {
        add(path, "enclave pages from " + number("0x%llx", run.offset) + " are laid out differently");
        continue;
      }
      compare_run(path, *found->second, run);
    }
    if (out_.size() == had) add(path, "bytes that are not loaded differ");
    return true;
  }

  void compare_run(const std::string& path, const measure::PageRun& before, const measure::PageRun& after) {
    if (before.content.size() != after.content.size())
      return add(path, "pages from " + number("0x%llx", after.offset) + " differ");
    const char* what = (after.secinfo_flags & measure::kPageExecute) != 0 ? "code"
                       : (after.secinfo_flags & measure::kPageWrite) != 0 ? "data"
                                                                          : "read-only data";
    for (std::size_t at = 0; at < after.content.size(); at += kPageSize) {
      ByteView a = ByteView(before.content).subspan(at, kPageSize);
      ByteView b = ByteView(after.content).subspan(at, kPageSize);
      if (!equal(a, b))
        add(path, "page at enclave offset " + number("0x%llx", after.offset + at) + " (" + what + ") differs");
    }
  }

  void blocks(const std::string& path, const Bytes& before, const Bytes& after) {
    std::size_t common = std::min(before.size(), after.size());
    auto first =
        std::mismatch(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(common), after.begin()).first;
    add(path, "content differs from byte " + std::to_string(first - before.begin()) + " on");
  }

  std::vector<Difference> out_;
};

}  // namespace

std::vector<Difference> diff_images(const ImageFiles& before, const ImageFiles& after) {
  Differ differ;
  for (const auto& [path, file] : before) {
    auto found = after.find(path);
    if (found == after.end())
      differ.add(path, std::string("is missing (was a ") + kind_name(file.kind) + ")");
    else
      differ.compare(path, file, found->second);
  }
  for (const auto& [path, file] : after)
    if (!before.contains(path)) differ.add(path, std::string("is new (a ") + kind_name(file.kind) + ")");
  std::vector<Difference> out = differ.take();
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return out;
}

}  // namespace brume::image
