#include "mapreduce/merge.h"

#include <brume/varint.h>

#include <algorithm>
#include <bit>

namespace brume::mapreduce {
namespace {

// Readable bytes after a buffer's content, so that short copies and prefixes need no branch.
constexpr std::size_t kSlack = 32;
constexpr std::size_t kHeaderLimit = 3 * kMaxVarintSize;

// One stream, positioned at a record.
struct Head {
  std::uint64_t rank = 0;
  std::uint64_t prefix = 0;  // first 8 bytes of the key, big-endian, zeros behind a short one
  const std::uint8_t* line = nullptr;
  std::size_t line_size = 0;
  std::size_t key_size = 0;
  bool done = false;
};

int compare_keys(const Head& a, const Head& b) {
  const std::size_t common = std::min(a.key_size, b.key_size);
  const int order = common > 0 ? std::memcmp(a.line, b.line, common) : 0;
  if (order != 0) return order;
  return a.key_size < b.key_size ? -1 : (a.key_size > b.key_size ? 1 : 0);
}

bool comes_before(const Head& a, const Head& b, std::size_t a_index, std::size_t b_index) {
  if (a.done || b.done) return a.done == b.done ? a_index < b_index : b.done;
  if (a.rank != b.rank) return a.rank < b.rank;
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  const int order = compare_keys(a, b);
  return order != 0 ? order < 0 : a_index < b_index;
}

class Cursor {
 public:
  explicit Cursor(OutputSource& source) : source_(&source), buffer_(kSlack) {}

  const Head& head() const { return head_; }

  Status advance() {
    std::uint64_t delta = 0;
    std::uint64_t line_size = 0;
    std::uint64_t key_size = 0;
    if (size_ - at_ < kHeaderLimit && !ended_) BRUME_TRY(refill(kHeaderLimit));
    if (at_ == size_) {
      head_.done = true;
      return {};
    }
    if (!varint(delta) || !varint(line_size) || !varint(key_size)) return malformed("output stream: a record's header");
    if (line_size > kLineSizeLimit) return fail(ErrorCode::kLimit, "output stream: line over 1 GiB");
    if (key_size > line_size) return malformed("output stream: key longer than its line");
    if (delta > ~head_.rank) return malformed("output stream: rank over 2^64");
    if (size_ - at_ < line_size) {
      BRUME_TRY(refill(line_size));
      if (size_ - at_ < line_size) return malformed("output stream: ends within a record");
    }
    head_.rank += delta;
    head_.line = buffer_.data() + at_;
    head_.line_size = line_size;
    head_.key_size = key_size;
    std::uint64_t word = 0;
    std::memcpy(&word, head_.line, sizeof word);
    if constexpr (std::endian::native == std::endian::little) word = __builtin_bswap64(word);
    head_.prefix = key_size >= 8 ? word : (key_size == 0 ? 0 : word & (~std::uint64_t{0} << (64 - 8 * key_size)));
    at_ += line_size;
    return {};
  }

 private:
  bool varint(std::uint64_t& value) {
    const std::uint8_t* at = buffer_.data() + at_;
    if (get_varint(at, buffer_.data() + size_, value) != VarintResult::kDone) return false;
    at_ = static_cast<std::size_t>(at - buffer_.data());
    return true;
  }

  // Keeps what is unread and appends pieces until `least` bytes are there or the stream ends.
  Status refill(std::size_t least) {
    const std::size_t rest = size_ - at_;
    std::memmove(buffer_.data(), buffer_.data() + at_, rest);
    at_ = 0;
    size_ = rest;
    while (size_ < least && !ended_) {
      BRUME_ASSIGN(const ByteView piece, source_->next());
      ended_ = piece.empty();
      if (buffer_.size() < size_ + piece.size() + kSlack) buffer_.resize(2 * (size_ + piece.size()) + kSlack);
      if (!piece.empty()) std::memcpy(buffer_.data() + size_, piece.data(), piece.size());
      size_ += piece.size();
    }
    return {};
  }

  OutputSource* source_;
  Bytes buffer_;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  bool ended_ = false;
  Head head_;
};

// Loser tree (Knuth, TAOCP vol. 3, 5.4.1): one comparison a level for each record. nodes_[0] is the
// winner, nodes_[i] the loser of match i.
class LoserTree {
 public:
  explicit LoserTree(std::vector<Cursor>& cursors)
      : cursors_(cursors), nodes_(std::max<std::size_t>(cursors.size(), 1)) {
    nodes_[0] = cursors.size() > 1 ? play(1) : 0;
  }
  std::size_t winner() const { return nodes_[0]; }

  // The winner's cursor moved on: replays its path.
  void replay() {
    std::size_t winner = nodes_[0];
    for (std::size_t node = (winner + cursors_.size()) / 2; node > 0; node /= 2) {
      if (before(nodes_[node], winner)) std::swap(nodes_[node], winner);
    }
    nodes_[0] = winner;
  }

 private:
  bool before(std::size_t a, std::size_t b) const { return comes_before(cursors_[a].head(), cursors_[b].head(), a, b); }
  std::size_t play(std::size_t node) {
    if (node >= cursors_.size()) return node - cursors_.size();
    const std::size_t left = play(2 * node);
    const std::size_t right = play(2 * node + 1);
    const bool left_wins = before(left, right);
    nodes_[node] = left_wins ? right : left;
    return left_wins ? left : right;
  }

  std::vector<Cursor>& cursors_;
  std::vector<std::size_t> nodes_;
};

class LineWriter {
 public:
  explicit LineWriter(LineSink& sink) : sink_(sink), buffer_(kMergePieceSize + kSlack) {}

  Status write(const Head& head) {
    if (head.line_size > kMergePieceSize - size_) {
      BRUME_TRY(flush());
      if (head.line_size > kMergePieceSize) return sink_.write({head.line, head.line_size});
    }
    if (head.line_size <= kSlack) {
      std::memcpy(buffer_.data() + size_, head.line, kSlack);
    } else {
      std::memcpy(buffer_.data() + size_, head.line, head.line_size);
    }
    size_ += head.line_size;
    return {};
  }
  Status flush() {
    if (size_ == 0) return {};
    const ByteView full = ByteView(buffer_).first(size_);
    size_ = 0;
    return sink_.write(full);
  }

 private:
  LineSink& sink_;
  Bytes buffer_;
  std::size_t size_ = 0;
};

}  // namespace

Result<MergeTotals> merge_outputs(std::span<OutputSource* const> sources, LineSink& sink) {
  MergeTotals totals;
  if (sources.empty()) return totals;
  std::vector<Cursor> cursors;
  cursors.reserve(sources.size());
  for (OutputSource* source : sources) {
    cursors.emplace_back(*source);
    BRUME_TRY(cursors.back().advance());
  }
  LoserTree tree(cursors);
  LineWriter out(sink);
  for (;;) {
    Cursor& cursor = cursors[tree.winner()];
    const Head& head = cursor.head();
    if (head.done) break;
    BRUME_TRY(out.write(head));
    ++totals.records;
    totals.bytes += head.line_size;
    BRUME_TRY(cursor.advance());
    tree.replay();
  }
  BRUME_TRY(out.flush());
  return totals;
}

}  // namespace brume::mapreduce
