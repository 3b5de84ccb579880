// For tests: scratch and streams that lie in memory.
#pragma once

#include <brume/program.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/bytes.h"

namespace brume::mapreduce::testing {

// In pieces of at most so many bytes, each a copy of its own, so that a sanitizer sees what reads behind it.
class TestSource final : public ByteSource {
 public:
  TestSource(Bytes bytes, std::size_t piece) : bytes_(std::move(bytes)), piece_size_(piece) {}
  std::expected<std::span<const std::uint8_t>, std::string> next() override {
    const ByteView view = ByteView(bytes_).subspan(at_, std::min(piece_size_, bytes_.size() - at_));
    at_ += view.size();
    piece_ = to_bytes(view);
    return std::span<const std::uint8_t>(piece_);
  }

 private:
  Bytes bytes_;
  std::size_t piece_size_;
  std::size_t at_ = 0;
  Bytes piece_;
};

class TestScratch final : public Scratch {
 public:
  explicit TestScratch(std::size_t piece = 64 << 10) : piece_(piece) {}
  JobStatus write(std::span<const std::uint8_t> bytes) override {
    append(filling_, bytes);
    return {};
  }
  std::expected<std::size_t, std::string> end_run() override {
    runs.push_back(std::exchange(filling_, {}));
    return runs.size() - 1;
  }
  std::unique_ptr<ByteSource> open(std::size_t run, std::size_t) override {
    return std::make_unique<TestSource>(runs[run], piece_);
  }

  std::vector<Bytes> runs;

 private:
  std::size_t piece_;
  Bytes filling_;
};

class TestStreams final : public StreamSet {
 public:
  explicit TestStreams(std::vector<Bytes> streams, std::size_t piece = 64 << 10)
      : streams_(std::move(streams)), piece_(piece) {}
  // What their tasks say of them; else what holds of any.
  void say_largest_pair(std::uint64_t size) { largest_pair_ = size; }
  std::uint64_t largest_pair(std::size_t index) const override {
    return largest_pair_.value_or(streams_[index].size());
  }
  std::expected<std::size_t, std::string> count() override { return streams_.size(); }
  std::unique_ptr<ByteSource> open(std::size_t index, std::size_t) override {
    return std::make_unique<TestSource>(streams_[index], piece_);
  }

 private:
  std::vector<Bytes> streams_;
  std::size_t piece_;
  std::optional<std::uint64_t> largest_pair_;
};

}  // namespace brume::mapreduce::testing
