#include "mapreduce/pair_merge.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "mapreduce/loser_tree.h"
#include "mapreduce/record_buffer.h"

namespace brume::mapreduce {
namespace {

using detail::Pair;
using detail::PairReader;
using detail::PairRules;
using detail::Ties;

constexpr std::uint64_t kFieldLimit = std::uint64_t{1} << 32;

struct Head {
  std::uint64_t prefix = 0;
  std::string_view key{};
  std::string_view value{};
  bool same_key = false;  // as the pair before in its sequence
  bool done = false;
};

class JobBytes final : public PieceSource {
 public:
  explicit JobBytes(std::unique_ptr<ByteSource> source) : source_(std::move(source)) {}
  Result<ByteView> next() override {
    auto bytes = source_->next();
    if (!bytes) return fail(ErrorCode::kState, std::move(bytes.error()));
    return *bytes;
  }

 private:
  std::unique_ptr<ByteSource> source_;
};

// One sequence, positioned at a pair.
class PairCursor {
 public:
  PairCursor(const PairSequence& sequence, std::size_t window)
      : source_(std::make_unique<JobBytes>(sequence.open(window))),
        buffer_(*source_),
        largest_pair_(sequence.largest_pair) {}

  const Head& head() const { return head_; }

  Status advance() {
    std::uint64_t key_field = 0;
    std::uint64_t value_size = 0;
    BRUME_TRY(buffer_.want(kMaxVarintSize));
    if (buffer_.size() == 0) {
      head_ = {.done = true};
      return {};
    }
    if (!buffer_.varint(key_field)) return malformed("map stream: a key's size");
    if (key_field > kFieldLimit) return fail(ErrorCode::kLimit, "map stream: a key over 4 GiB");
    if (key_field == 0 && !any_) return malformed("map stream: begins with the key before");
    head_.same_key = key_field == 0;
    if (!head_.same_key) BRUME_TRY(take_key(static_cast<std::size_t>(key_field - 1)));
    BRUME_TRY(buffer_.want(kMaxVarintSize));
    if (!buffer_.varint(value_size)) return malformed("map stream: a value's size");
    if (value_size > kFieldLimit) return fail(ErrorCode::kLimit, "map stream: a value over 4 GiB");
    if (key_.size() + value_size > largest_pair_) return larger_than_said();
    BRUME_TRY(buffer_.want(value_size));
    if (buffer_.size() < value_size) return malformed("map stream: ends within a value");
    head_.key = key_;
    head_.value = as_chars({buffer_.data(), value_size});
    buffer_.skip(value_size);
    any_ = true;
    return {};
  }

 private:
  static std::unexpected<Error> larger_than_said() {
    return malformed("map stream: a pair larger than the largest that its task told of");
  }
  Status take_key(std::size_t size) {
    if (size > largest_pair_) return larger_than_said();
    BRUME_TRY(buffer_.want(size));
    if (buffer_.size() < size) return malformed("map stream: ends within a key");
    const std::string_view key = as_chars({buffer_.data(), size});
    const std::uint64_t prefix = key_prefix(buffer_.data(), size);
    const std::uint64_t last_prefix = std::exchange(head_.prefix, prefix);
    if (any_ && (prefix == last_prefix ? key <= key_ : prefix < last_prefix))
      return malformed("map stream: keys out of order");
    key_.assign(key);
    buffer_.skip(size);
    return {};
  }

  std::unique_ptr<JobBytes> source_;
  RecordBuffer buffer_;
  std::uint64_t largest_pair_;
  Head head_;
  std::string key_;
  bool any_ = false;
};

template <Ties ties>
struct Before {
  bool operator()(const Head& a, const Head& b, std::size_t a_index, std::size_t b_index) const {
    if (a.done || b.done) return a.done == b.done ? a_index < b_index : b.done;
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    if (const int order = a.key.compare(b.key); order != 0) return order < 0;
    if constexpr (ties == Ties::kByValue) {
      if (const int order = a.value.compare(b.value); order != 0) return order < 0;
    }
    return a_index < b_index;
  }
};

template <Ties ties>
class Merged final : public PairReader {
 public:
  static Result<std::unique_ptr<PairReader>> create(std::vector<PairCursor> cursors) {
    for (PairCursor& cursor : cursors) BRUME_TRY(cursor.advance());
    return std::unique_ptr<PairReader>(new Merged(std::move(cursors)));
  }

  std::expected<bool, std::string> next(Pair& pair) override {
    if (cursors_.empty()) return false;
    const std::size_t last = tree_.winner();
    if (begun_) {
      if (auto status = cursors_[last].advance(); !status) return std::unexpected(status.error().what);
      tree_.replay();
    }
    const Head& head = cursors_[tree_.winner()].head();
    if (head.done) {
      cursors_.clear();  // and with them their memory
      return false;
    }
    pair = {head.key, head.value, begun_ && ((tree_.winner() == last && head.same_key) || has_last_key(head))};
    if (!pair.same_key) last_key_.assign(head.key);
    last_prefix_ = head.prefix;
    begun_ = true;
    return true;
  }

 private:
  explicit Merged(std::vector<PairCursor> cursors) : cursors_(std::move(cursors)), tree_(cursors_) {}
  bool has_last_key(const Head& head) const { return head.prefix == last_prefix_ && head.key == last_key_; }

  std::vector<PairCursor> cursors_;
  LoserTree<PairCursor, Before<ties>> tree_;
  std::string last_key_;
  std::uint64_t last_prefix_ = 0;
  bool begun_ = false;
};

constexpr std::size_t kLeastOfSource = kSourceMemory + kLeastWindow;

// What reading one of them takes: it has its pair in its buffer, which had to grow for it, and the key once more. By
// powers of two: hosts see how many are read at once, and learn no more of pairs than that.
std::uint64_t memory_of_source(std::span<const PairSequence> sources) {
  std::uint64_t largest = 0;
  for (const PairSequence& sequence : sources) largest = std::max(largest, sequence.largest_pair);
  return std::max<std::uint64_t>(kLeastOfSource, 3 * std::bit_ceil(largest));
}

std::size_t fan_in_of(std::span<const PairSequence> sources, const PairRules& rules) {
  return std::max(static_cast<std::size_t>(rules.memory / memory_of_source(sources)), kLeastFanIn);
}

Result<std::unique_ptr<PairReader>> merge_all(std::span<const PairSequence> sources, const PairRules& rules) {
  const std::size_t share = rules.memory / std::max<std::size_t>(sources.size(), 1);
  const std::uint64_t for_pairs = std::min<std::uint64_t>(memory_of_source(sources) - kLeastOfSource, share);
  const std::size_t window = std::clamp(static_cast<std::size_t>(share - for_pairs) / 2, kLeastWindow, kLargestWindow);
  std::vector<PairCursor> cursors;
  cursors.reserve(sources.size());
  for (const PairSequence& sequence : sources) cursors.emplace_back(sequence, window);
  return rules.ties == Ties::kByValue ? Merged<Ties::kByValue>::create(std::move(cursors))
                                      : Merged<Ties::kAsTheyCame>::create(std::move(cursors));
}

class Combined final : public PairReader {
 public:
  Combined(PairReader& from, const detail::CombineEncoded& combine) : from_(from), combine_(combine) {}

  std::expected<bool, std::string> next(Pair& pair) override {
    if (!begun_) {
      begun_ = true;
      if (auto more = advance(); !more) return std::unexpected(std::move(more.error()));
    }
    if (!more_) return false;
    key_.assign(ahead_.key);
    value_.assign(ahead_.value);
    for (;;) {
      if (auto more = advance(); !more) return std::unexpected(std::move(more.error()));
      if (!more_ || !ahead_.same_key) break;
      if (!combine_(value_, ahead_.value)) return std::unexpected("map stream: a value is malformed");
    }
    pair = {key_, value_, false};
    return true;
  }

 private:
  JobStatus advance() {
    auto more = from_.next(ahead_);
    if (!more) return std::unexpected(std::move(more.error()));
    more_ = *more;
    return {};
  }

  PairReader& from_;
  const detail::CombineEncoded& combine_;
  Pair ahead_;
  bool more_ = false;
  bool begun_ = false;
  std::string key_;
  std::string value_;
};

class Passed final : public PairReader {
 public:
  explicit Passed(PairReader& from) : from_(from) {}
  std::expected<bool, std::string> next(Pair& pair) override { return from_.next(pair); }

 private:
  PairReader& from_;
};

}  // namespace

std::unique_ptr<PairReader> combine_pairs(PairReader& from, const PairRules& rules) {
  if (rules.combine) return std::make_unique<Combined>(from, rules.combine);
  return std::make_unique<Passed>(from);
}

Result<PairSequence> write_run(PairReader& from, Scratch& scratch) {
  const auto as_error = [](std::string why) { return fail(ErrorCode::kState, std::move(why)); };
  detail::PairWriter writer([&scratch](std::span<const std::uint8_t> bytes) { return scratch.write(bytes); });
  Pair pair;
  for (;;) {
    auto more = from.next(pair);
    if (!more) return as_error(std::move(more.error()));
    if (!*more) break;
    if (auto status = writer.put(pair); !status) return as_error(std::move(status.error()));
  }
  if (auto status = writer.finish(); !status) return as_error(std::move(status.error()));
  auto run = scratch.end_run();
  if (!run) return as_error(std::move(run.error()));
  return PairSequence{[&scratch, number = *run](std::size_t window) { return scratch.open(number, window); },
                      writer.largest_pair()};
}

Result<std::unique_ptr<PairReader>> merge_pairs(std::vector<PairSequence> sources, Scratch& scratch,
                                                const PairRules& rules) {
  for (;;) {
    const std::size_t fan_in = fan_in_of(sources, rules);  // anew: combined values may be larger
    if (sources.size() <= fan_in) return merge_all(sources, rules);
    // No more than are too many, and in their order, so that equal keys keep theirs.
    std::vector<PairSequence> fewer;
    std::size_t at = 0;
    for (;;) {
      const std::size_t left = sources.size() - at;
      const std::size_t over = std::max(fewer.size() + left, fan_in) - fan_in;
      const std::size_t count = std::min({fan_in, over + 1, left});
      if (count < 2) break;
      BRUME_ASSIGN(const auto first, merge_all(std::span(sources).subspan(at, count), rules));
      const auto combined = combine_pairs(*first, rules);
      BRUME_ASSIGN(PairSequence run, write_run(*combined, scratch));
      fewer.push_back(std::move(run));
      at += count;
    }
    for (; at < sources.size(); ++at) fewer.push_back(std::move(sources[at]));
    sources = std::move(fewer);
  }
}

}  // namespace brume::mapreduce

namespace brume::detail {

JobStatus PairWriter::put(const Pair& pair) {
  const bool same_key = any_ && pair.same_key;
  const std::size_t most = 2 * kMaxVarintSize + (same_key ? 0 : pair.key.size()) + pair.value.size();
  if (most > buffer_.size() - size_) {
    if (auto status = flush(); !status) return status;
    if (most > buffer_.size()) buffer_.resize(std::max(most, kPieceSize));
  }
  std::uint8_t* at = buffer_.data() + size_;
  const auto add = [&at](std::string_view bytes) {
    if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
    at += bytes.size();
  };
  at = put_varint(at, same_key ? 0 : pair.key.size() + 1);
  if (!same_key) add(pair.key);
  at = put_varint(at, pair.value.size());
  add(pair.value);
  size_ = static_cast<std::size_t>(at - buffer_.data());
  any_ = true;
  largest_pair_ = std::max(largest_pair_, pair.key.size() + pair.value.size());
  return {};
}

JobStatus PairWriter::flush() {
  if (size_ == 0) return {};
  return write_(std::span(buffer_).first(std::exchange(size_, 0)));
}

std::expected<std::unique_ptr<PairReader>, std::string> merge_streams(StreamSet& streams, Scratch& scratch,
                                                                      const PairRules& rules) {
  const auto count = streams.count();
  if (!count) return std::unexpected(count.error());
  std::vector<mapreduce::PairSequence> sources;
  sources.reserve(*count);
  for (std::size_t i = 0; i < *count; ++i) {
    sources.push_back({[&streams, i](std::size_t window) { return streams.open(i, window); }, streams.largest_pair(i)});
  }
  auto merged = mapreduce::merge_pairs(std::move(sources), scratch, rules);
  if (!merged) return std::unexpected(std::move(merged.error().what));
  return std::move(*merged);
}

}  // namespace brume::detail
