#include "local/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/check.h"

namespace brume::local {
namespace {

// What the blocks being filled may take in all, as in an enclave.
constexpr std::size_t kFillingLimit = 16u << 20;
constexpr std::size_t kSmallestBlock = 4u << 10;
constexpr std::size_t kLargestBlock = 256u << 10;

std::unexpected<Error> failed(const char* what) {
  return fail(ErrorCode::kIo, std::string("the temporary file: ") + what + ": " + std::strerror(errno));
}

Result<UniqueFd> open_nameless() {
  const char* folder = std::getenv("TMPDIR");
  std::string pattern = std::string(folder == nullptr || *folder == '\0' ? "/tmp" : folder) + "/brume-local-XXXXXX";
  UniqueFd file(::mkostemp(pattern.data(), O_CLOEXEC));
  if (!file) return failed(pattern.c_str());
  ::unlink(pattern.c_str());
  return file;
}

}  // namespace

Result<Spool> Spool::create(std::uint32_t lane_count) {
  BRUME_CHECK(lane_count > 0);
  Spool spool;
  BRUME_ASSIGN(spool.file_, open_nameless());
  spool.block_size_ = std::clamp(kFillingLimit / lane_count, kSmallestBlock, kLargestBlock);
  spool.lanes_.resize(lane_count);
  return spool;
}

Status Spool::write(std::uint32_t index, ByteView bytes) {
  Lane& lane = lanes_[index];
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(bytes.size(), block_size_ - lane.filling.size()));
    append(lane.filling, part);
    bytes = bytes.subspan(part.size());
    if (lane.filling.size() == block_size_) BRUME_TRY(flush(lane, false));
  }
  return {};
}

Status Spool::end_of_stream(std::uint32_t index) { return flush(lanes_[index], true); }

void Spool::largest_pair(std::uint32_t index, std::uint64_t size) {
  lanes_[index].largest_pair = std::max(lanes_[index].largest_pair, size);
}

Status Spool::flush(Lane& lane, bool ends_stream) {
  for (ByteView rest = lane.filling; !rest.empty();) {
    const auto at = static_cast<off_t>(size_ + (lane.filling.size() - rest.size()));
    const ssize_t put = ::pwrite(file_.get(), rest.data(), rest.size(), at);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return failed("could not be written");
    rest = rest.subspan(static_cast<std::size_t>(put));
  }
  lane.pieces.push_back({size_, static_cast<std::uint32_t>(lane.filling.size()), ends_stream});
  size_ += lane.filling.size();
  lane.filling.clear();
  return {};
}

std::vector<std::size_t> Spool::begins(std::uint32_t lane) const {
  std::vector<std::size_t> begins;
  const std::vector<Piece>& pieces = lanes_[lane].pieces;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i == 0 || pieces[i - 1].ends_stream) begins.push_back(i);
  }
  return begins;
}

Result<std::optional<Spool::Block>> Spool::Reader::next() {
  const std::vector<Piece>& pieces = spool_.lanes_[lane_].pieces;
  if (at_ == pieces.size()) return std::nullopt;
  const Piece& piece = pieces[at_++];
  buffer_.resize(piece.size);
  for (MutableByteView rest = buffer_; !rest.empty();) {
    const auto at = static_cast<off_t>(piece.offset + (piece.size - rest.size()));
    const ssize_t got = ::pread(spool_.file_.get(), rest.data(), rest.size(), at);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return failed("could not be read");
    rest = rest.subspan(static_cast<std::size_t>(got));
  }
  return Block{buffer_, piece.ends_stream};
}

void Spool::clear(std::uint32_t index) { lanes_[index] = Lane{}; }

}  // namespace brume::local
