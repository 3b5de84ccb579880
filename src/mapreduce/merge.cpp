#include "mapreduce/merge.h"

#include <brume/detail/copy_bytes.h>
#include <brume/output_format.h>

#include "mapreduce/loser_tree.h"

namespace brume::mapreduce {
namespace {

constexpr std::size_t kHeaderLimit = 3 * kMaxVarintSize;
constexpr std::size_t kWord = 8;

// Where a record stands behind the one that was merged last: the first word in which the two differ, of rank, key and
// key size, and what the record has there. What differs later is nearer, and has the lower code; so whole records are
// compared only where codes are equal, and only from there on (offset-value coding: Graefe, Do: Offset-value coding in
// database query processing, EDBT 2023).
using Code = unsigned __int128;
constexpr Code code_of(std::uint64_t distance, std::uint64_t word) { return Code{distance} << 64 | word; }
constexpr std::uint64_t kRankDistance = std::uint64_t{1} << 32;  // the key's words come after it: a line has fewer
constexpr std::uint64_t kSizeDistance = 1;
constexpr Code kSame = 0;
constexpr Code kLast = ~Code{0};

struct Key {
  const std::uint8_t* bytes = nullptr;  // readable kWord behind
  std::size_t size = 0;

  std::uint64_t word_at(std::size_t at) const { return at < size ? key_prefix(bytes + at, size - at) : 0; }
};

// One stream, positioned at a record.
struct Head {
  Code code = kLast;
  std::uint64_t rank = 0;
  Key key = {};  // what the record begins with
  std::size_t size = 0;
  bool hidden = false;
  bool at_mark = false;  // the stream's present output is over
  bool done = false;     // the stream is over, and its last output with it

  bool waits() const { return at_mark || done; }
  ByteView line() const { return hidden ? ByteView(key.bytes + key.size, size - key.size) : ByteView(key.bytes, size); }
};

struct Codes {
  Code a, b;
};

// Of keys against each other, which share what is before `at`.
Codes tell_apart(const Key& a, const Key& b, std::size_t at) {
  const auto codes_at = [&](std::size_t place) {
    const std::uint64_t distance = kRankDistance - 1 - place / kWord;
    return Codes{code_of(distance, a.word_at(place)), code_of(distance, b.word_at(place))};
  };
  for (const std::size_t common = std::min(a.size, b.size); at + kWord <= common; at += kWord) {
    if (std::memcmp(a.bytes + at, b.bytes + at, kWord) != 0) return codes_at(at);
  }
  for (const std::size_t longer = std::max(a.size, b.size); at < longer; at += kWord) {
    if (a.word_at(at) != b.word_at(at)) return codes_at(at);
  }
  if (a.size == b.size) return {kSame, kSame};
  return {code_of(kSizeDistance, a.size), code_of(kSizeDistance, b.size)};
}

struct Before {
  // Where both are as far behind the record before, the later one gets its code behind the earlier one.
  bool operator()(Head& a, Head& b, std::size_t a_index, std::size_t b_index) const {
    if (a.code != b.code) [[likely]]
      return a.code < b.code;
    if (a.code == kLast) return a_index < b_index;
    const auto distance = static_cast<std::uint64_t>(a.code >> 64);
    const Codes codes =
        distance <= kSizeDistance ? Codes{kSame, kSame} : tell_apart(a.key, b.key, (kRankDistance - distance) * kWord);
    const bool a_first = codes.a == codes.b ? a_index < b_index : codes.a < codes.b;
    (a_first ? b : a).code = a_first ? codes.b : codes.a;
    return a_first;
  }
};

class Cursor {
 public:
  explicit Cursor(PieceSource& source) : buffer_(source) {}

  Head& head() { return head_; }

  Status advance() {
    std::uint64_t delta = 0;
    std::uint64_t size = 0;
    std::uint64_t key_field = 0;
    const bool begins = head_.waits() || head_.key.bytes == nullptr;
    Key last = head_.key;
    BRUME_TRY(want(kHeaderLimit, last));
    if (buffer_.size() == 0) {
      head_ = {.done = true};
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
    BRUME_TRY(want(size, last));
    if (buffer_.size() < size) return malformed("output stream: ends within a record");
    head_.at_mark = false;
    head_.rank += delta;
    head_.key = {buffer_.data(), static_cast<std::size_t>(key_size)};
    const std::uint64_t last_word = std::exchange(first_word_, head_.key.word_at(0));
    head_.size = size;
    head_.hidden = key_field % 4 == static_cast<std::uint64_t>(OutputKind::kHiddenKey);
    buffer_.skip(size);
    if (begins || delta != 0) {
      head_.code = code_of(kRankDistance, head_.rank);
      return {};
    }
    const Codes codes = last_word == first_word_
                            ? tell_apart(last, head_.key, kWord)
                            : Codes{code_of(kRankDistance - 1, last_word), code_of(kRankDistance - 1, first_word_)};
    if (codes.b < codes.a) return malformed("output stream: records out of order");
    head_.code = codes.b;
    return {};
  }

 private:
  // RecordBuffer::want(); the last key outlives it.
  Status want(std::size_t least, Key& last) {
    if (buffer_.size() >= least) [[likely]]
      return {};
    if (last.bytes != nullptr && last.bytes != last_key_.data()) {
      last_key_.assign(last.bytes, last.bytes + last.size);
      last_key_.resize(last.size + kWord);
      last.bytes = last_key_.data();
    }
    return buffer_.want(least);
  }

  RecordBuffer buffer_;
  Head head_;
  std::uint64_t first_word_ = 0;  // of the key
  Bytes last_key_;
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
    static_assert(detail::kWideSize <= RecordBuffer::kSlack);
    detail::copy_bytes(buffer_.data() + size_, line.data(), line.size());
    size_ += line.size();
    return {};
  }
  Status flush() {
    if (size_ == 0) return {};
    return sink_.take(buffer_, std::exchange(size_, 0));
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
    for (Cursor& cursor : cursors) {
      if (cursor.head().done != done) return malformed("output streams: of different numbers of outputs");
    }
    if (done) return totals;
    BRUME_TRY(sink.next_output());
    for (Cursor& cursor : cursors) BRUME_TRY(cursor.advance());
  }
}

}  // namespace brume::mapreduce
