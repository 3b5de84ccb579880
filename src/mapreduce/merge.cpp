#include "mapreduce/merge.h"

#include <brume/output_format.h>

#include "mapreduce/loser_tree.h"

namespace brume::mapreduce {
namespace {

constexpr std::size_t kHeaderLimit = 3 * kMaxVarintSize;

// One stream, positioned at a record.
struct Head {
  std::uint64_t rank = 0;
  std::uint64_t prefix = 0;  // of the key
  const std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  std::size_t key_size = 0;
  bool hidden = false;
  bool at_mark = false;  // the stream's present output is over
  bool done = false;     // the stream is over, and its last output with it

  bool waits() const { return at_mark || done; }
  ByteView line() const { return hidden ? ByteView(bytes + key_size, size - key_size) : ByteView(bytes, size); }
};

int compare_keys(const Head& a, const Head& b) {
  const std::size_t common = std::min(a.key_size, b.key_size);
  const int order = common > 0 ? std::memcmp(a.bytes, b.bytes, common) : 0;
  if (order != 0) return order;
  return a.key_size < b.key_size ? -1 : (a.key_size > b.key_size ? 1 : 0);
}

struct Before {
  bool operator()(const Head& a, const Head& b, std::size_t a_index, std::size_t b_index) const {
    if (a.waits() || b.waits()) return a.waits() == b.waits() ? a_index < b_index : b.waits();
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = compare_keys(a, b);
    return order != 0 ? order < 0 : a_index < b_index;
  }
};

class Cursor {
 public:
  explicit Cursor(PieceSource& source) : buffer_(source) {}

  const Head& head() const { return head_; }

  Status advance() {
    std::uint64_t delta = 0;
    std::uint64_t size = 0;
    std::uint64_t key_field = 0;
    head_.at_mark = false;
    BRUME_TRY(buffer_.want(kHeaderLimit));
    if (buffer_.size() == 0) {
      head_.done = true;
      return {};
    }
    if (!buffer_.varint(delta) || !buffer_.varint(size) || !buffer_.varint(key_field))
      return malformed("output stream: a record's header");
    const std::uint64_t key_size = key_field / 4;
    if (key_field % 4 == static_cast<std::uint64_t>(OutputKind::kNextOutput)) {
      if (delta != 0 || size != 0 || key_size != 0) return malformed("output stream: a mark with content");
      head_ = {.at_mark = true};
      return {};
    }
    if (key_field % 4 > 1) return malformed("output stream: a record of an unknown kind");
    if (size > kLineSizeLimit) return fail(ErrorCode::kLimit, "output stream: line over 1 GiB");
    if (key_size > size) return malformed("output stream: key longer than its line");
    if (delta > ~head_.rank) return malformed("output stream: rank over 2^64");
    BRUME_TRY(buffer_.want(size));
    if (buffer_.size() < size) return malformed("output stream: ends within a record");
    head_.rank += delta;
    head_.bytes = buffer_.data();
    head_.size = size;
    head_.key_size = key_size;
    head_.hidden = key_field % 4 == static_cast<std::uint64_t>(OutputKind::kHiddenKey);
    head_.prefix = key_prefix(head_.bytes, key_size);
    buffer_.skip(size);
    return {};
  }

 private:
  RecordBuffer buffer_;
  Head head_;
};

class LineWriter {
 public:
  explicit LineWriter(LineSink& sink) : sink_(sink), buffer_(kMergePieceSize + RecordBuffer::kSlack) {}

  // Up to RecordBuffer::kSlack bytes behind the line are readable.
  Status write(ByteView line) {
    if (line.size() > kMergePieceSize - size_) {
      BRUME_TRY(flush());
      if (line.size() > kMergePieceSize) return sink_.write(line);
    }
    if (line.size() <= RecordBuffer::kSlack) {
      std::memcpy(buffer_.data() + size_, line.data(), RecordBuffer::kSlack);
    } else {
      std::memcpy(buffer_.data() + size_, line.data(), line.size());
    }
    size_ += line.size();
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

Result<MergeTotals> merge_outputs(std::span<PieceSource* const> sources, LineSink& sink) {
  MergeTotals totals;
  if (sources.empty()) return totals;
  std::vector<Cursor> cursors;
  cursors.reserve(sources.size());
  for (PieceSource* source : sources) {
    cursors.emplace_back(*source);
    BRUME_TRY(cursors.back().advance());
  }
  LineWriter out(sink);
  for (;;) {
    LoserTree<Cursor, Before> tree(cursors);
    for (; !cursors[tree.winner()].head().waits(); tree.replay()) {
      Cursor& cursor = cursors[tree.winner()];
      const ByteView line = cursor.head().line();
      BRUME_TRY(out.write(line));
      ++totals.records;
      totals.bytes += line.size();
      BRUME_TRY(cursor.advance());
    }
    BRUME_TRY(out.flush());
    const bool done = cursors.front().head().done;
    for (const Cursor& cursor : cursors) {
      if (cursor.head().done != done) return malformed("output streams: of different numbers of outputs");
    }
    if (done) return totals;
    BRUME_TRY(sink.next_output());
    for (Cursor& cursor : cursors) BRUME_TRY(cursor.advance());
  }
}

}  // namespace brume::mapreduce
