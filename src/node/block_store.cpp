#include "node/block_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace brume::node {
namespace {

using transport::FetchFailure;

constexpr std::string_view kSuffix = ".blocks";

std::string file_name(const RunId& run) { return run.hex() + std::string(kSuffix); }

bool is_file_of_a_store(std::string_view name) {
  if (name.size() != 2 * RunId::kSize + kSuffix.size() || !name.ends_with(kSuffix)) return false;
  return RunId::parse_hex(name.substr(0, 2 * RunId::kSize)).has_value();
}

std::unexpected<Error> io_failed(const char* what) {
  return fail(ErrorCode::kIo, std::string("block store: ") + what + ": " + std::generic_category().message(errno));
}

}  // namespace

Result<std::unique_ptr<BlockStore>> BlockStore::open(const std::string& directory, const BlockStoreLimits& limits) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return io_failed("open its directory");
  std::unique_ptr<BlockStore> store(new BlockStore(std::move(fd), limits));
  BRUME_TRY(store->remove_left_files());
  return store;
}

BlockStore::~BlockStore() {
  for (const auto& [id, run] : runs_) (void)::unlinkat(directory_.get(), file_name(id).c_str(), 0);
}

Status BlockStore::remove_left_files() {
  const int copy = ::fcntl(directory_.get(), F_DUPFD_CLOEXEC, 0);
  DIR* listing = copy < 0 ? nullptr : ::fdopendir(copy);
  if (listing == nullptr) return io_failed("list its directory");
  while (const dirent* entry = ::readdir(listing)) {
    if (is_file_of_a_store(entry->d_name)) (void)::unlinkat(directory_.get(), entry->d_name, 0);
  }
  ::closedir(listing);
  return {};
}

Result<BlockStore::Run*> BlockStore::run_of(const RunId& id) {
  const auto found = runs_.find(id);
  if (found != runs_.end()) return &found->second;
  if (runs_.size() >= limits_.run_count) return fail(ErrorCode::kLimit, "block store: too many runs");
  auto file = std::make_shared<UniqueFd>(
      ::openat(directory_.get(), file_name(id).c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!*file) return io_failed("create a run's file");
  Run& run = runs_[id];
  run.file = std::move(file);
  return &run;
}

Result<BlockStore::Stream*> BlockStore::stream_of(Run& run, const abi::StreamName& name) {
  const auto found = run.streams.find(name);
  if (found != run.streams.end()) return &found->second;
  if (stream_count_ >= limits_.stream_count) return fail(ErrorCode::kLimit, "block store: too many streams");
  ++stream_count_;
  return &run.streams[name];
}

Status BlockStore::put(const abi::StreamName& name, ByteView blocks) {
  if (blocks.empty()) return malformed("block store: no block to put");
  const auto whole = abi::split_blocks(blocks, transport::kAnswerFrameLimit);
  const std::lock_guard lock(mutex_);
  BRUME_ASSIGN(Run * run, run_of(name.run));
  BRUME_ASSIGN(Stream * stream, stream_of(*run, name));
  if (stream->complete) return fail(ErrorCode::kState, "block store: the stream has ended");
  if (stream->broken) return fail(ErrorCode::kState, "block store: the stream is broken");
  Status stored;
  if (!whole) {
    stored = within("block store", whole.error());
  } else if (blocks.size() > transport::kAnswerFrameLimit) {
    stored = fail(ErrorCode::kLimit, "block store: more than one answer frame at once");
  } else if (blocks.size() > limits_.size - stored_size_) {
    stored = fail(ErrorCode::kLimit, "block store: the node's storage limit is reached");
  } else {
    stored = append_blocks(*run, *stream, blocks, *whole);
  }
  if (!stored) {
    stream->broken = true;
    stream->blocks->clear();
  }
  return stored;
}

Status BlockStore::append_blocks(Run& run, Stream& stream, ByteView blocks, std::span<const ByteView> each) {
  for (std::size_t at = 0; at < blocks.size();) {
    const ssize_t size =
        ::pwrite(run.file->get(), blocks.data() + at, blocks.size() - at, static_cast<off_t>(run.size + at));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return io_failed("write");  // the next put overwrites what came this far
    at += static_cast<std::size_t>(size);
  }
  for (const ByteView block : each) {
    const std::uint64_t size = block.size() + abi::kBlockFraming;
    stream.blocks->push_back({run.size, stream.size, size});
    stream.size += size;
    run.size += size;
  }
  stored_size_ += blocks.size();
  return {};
}

Status BlockStore::end(const abi::StreamName& name) {
  const std::lock_guard lock(mutex_);
  BRUME_ASSIGN(Run * run, run_of(name.run));
  BRUME_ASSIGN(Stream * stream, stream_of(*run, name));
  if (stream->broken) return fail(ErrorCode::kState, "block store: the stream is broken");
  if (stream->complete) return fail(ErrorCode::kState, "block store: the stream has ended");
  stream->complete = true;
  return {};
}

void BlockStore::drop_run(const RunId& run) {
  const std::lock_guard lock(mutex_);
  const auto found = runs_.find(run);
  if (found == runs_.end()) return;
  (void)::unlinkat(directory_.get(), file_name(run).c_str(), 0);
  stored_size_ -= found->second.size - found->second.dropped_size;
  stream_count_ -= found->second.streams.size();
  runs_.erase(found);
}

void BlockStore::drop_stream(const abi::StreamName& name) {
  const std::lock_guard lock(mutex_);
  const auto run = runs_.find(name.run);
  if (run == runs_.end()) return;
  const auto stream = run->second.streams.find(name);
  if (stream == run->second.streams.end()) return;
  for (const Block& block : *stream->second.blocks) {
    (void)::fallocate(run->second.file->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                      static_cast<off_t>(block.place), static_cast<off_t>(block.size));
  }
  stored_size_ -= stream->second.size;
  run->second.dropped_size += stream->second.size;
  run->second.streams.erase(stream);
  --stream_count_;
}

// Small blocks share an answer frame; neighbours in the file share an extent.
class BlockStore::BlockSource final : public transport::FetchSource {
 public:
  BlockSource(std::shared_ptr<const UniqueFd> file, std::shared_ptr<const Blocks> blocks, std::size_t begin,
              std::size_t end)
      : file_(std::move(file)), blocks_(std::move(blocks)), at_(begin), end_(end) {}
  transport::FrameExtents next() override {
    transport::FrameExtents frame;
    for (std::uint64_t size = 0; at_ < end_; ++at_) {
      const Block& block = (*blocks_)[at_];
      if (!frame.empty() && size + block.size > transport::kPreferredFrameSize) break;
      if (!frame.empty() && frame.back().offset + frame.back().size == block.place) {
        frame.back().size += block.size;
      } else {
        frame.push_back({file_, block.place, block.size});
      }
      size += block.size;
    }
    return frame;
  }

 private:
  std::shared_ptr<const UniqueFd> file_;
  std::shared_ptr<const Blocks> blocks_;
  std::size_t at_;
  const std::size_t end_;
};

std::expected<std::unique_ptr<transport::FetchSource>, FetchFailure> BlockStore::open_stream(
    const abi::StreamPart& part) {
  const std::lock_guard lock(mutex_);
  const auto run = runs_.find(part.name.run);
  if (run == runs_.end()) return std::unexpected(FetchFailure::kNotFound);
  const auto found = run->second.streams.find(part.name);
  if (found == run->second.streams.end()) return std::unexpected(FetchFailure::kNotFound);
  const Stream& stream = found->second;
  if (stream.broken) return std::unexpected(FetchFailure::kStorage);
  if (!stream.complete) return std::unexpected(FetchFailure::kNotFound);
  const Blocks& blocks = *stream.blocks;
  const auto begin = std::ranges::lower_bound(blocks, part.offset, {}, &Block::offset);
  if (begin == blocks.end() ? part.offset != stream.size : begin->offset != part.offset)
    return std::unexpected(FetchFailure::kBadRequest);
  auto end = blocks.end();
  if (part.size != 0 && begin != blocks.end() && part.size < stream.size - part.offset)
    end = std::ranges::lower_bound(begin, blocks.end(), part.offset + part.size, {}, &Block::offset);
  return std::make_unique<BlockSource>(run->second.file, stream.blocks,
                                       static_cast<std::size_t>(begin - blocks.begin()),
                                       static_cast<std::size_t>(end - blocks.begin()));
}

std::uint64_t BlockStore::stored_size() const {
  const std::lock_guard lock(mutex_);
  return stored_size_;
}

}  // namespace brume::node
