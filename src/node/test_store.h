// For tests of what keeps streams: a folder, names, blocks and what a source gives.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "base/writer.h"
#include "node/block_store.h"

namespace brume::node::testing_store {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "brume-store-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }
  fs::path path;
};

inline abi::StreamName stream(std::uint8_t run, std::uint32_t partition) {
  abi::StreamName name;
  name.run.bytes.fill(run);
  name.partition = partition;
  return name;
}

inline Bytes block(std::size_t size, std::uint8_t fill) { return Writer().sized(Bytes(size, fill)).take(); }

inline Bytes read_all(transport::FetchSource& source) {
  Bytes out;
  for (auto frame = source.next(); !frame.empty(); frame = source.next()) {
    std::uint64_t frame_size = 0;
    for (const auto& extent : frame) {
      const std::size_t at = out.size();
      out.resize(at + extent.size);
      EXPECT_EQ(::pread(extent.file->get(), out.data() + at, extent.size, static_cast<off_t>(extent.offset)),
                static_cast<ssize_t>(extent.size));
      frame_size += extent.size;
    }
    EXPECT_LE(frame_size, transport::kAnswerFrameLimit);
  }
  return out;
}

}  // namespace brume::node::testing_store
