// Pairs in memory, sorted by reference, and what became too much in runs at the host.
#include <brume/codec.h>
#include <brume/detail/pairs.h>

#include <algorithm>
#include <limits>
#include <new>

#include "mapreduce/pair_merge.h"
#include "mapreduce/pair_sort.h"

namespace brume::detail {
namespace {

using mapreduce::PairItem;
using mapreduce::RecordBuffer;

constexpr std::size_t kLargestPiece = std::size_t{256} << 10;
constexpr std::size_t kPiecesInMemory = 16;  // at least

// The pair that is read a little later: a pair of 100 bytes takes two or three lines of the cache.
void fetch_ahead(const std::vector<PairItem>& items, std::size_t at) {
  constexpr std::size_t kAhead = 8;
  constexpr std::size_t kLine = 64;
  if (at + kAhead >= items.size()) return;
  const std::uint8_t* const place = items[at + kAhead].place;
  __builtin_prefetch(place);
  __builtin_prefetch(place + kLine);
  __builtin_prefetch(place + 2 * kLine);
}

// Most differ in how they begin.
bool same_key(const PairItem& a, const PairItem& b) {
  const auto begin = [](const PairItem& item) { return mapreduce::key_prefix(item.key_begin(), item.key_size); };
  return a.key_size == b.key_size && begin(a) == begin(b) && a.key() == b.key();
}

class InMemory final : public PairReader {
 public:
  explicit InMemory(const std::vector<PairItem>& items) : items_(items) {}
  std::expected<bool, std::string> next(Pair& pair) override {
    if (at_ == items_.size()) return false;
    fetch_ahead(items_, at_);
    const PairItem& item = items_[at_];
    pair = {item.key(), item.value(), at_ > 0 && same_key(item, items_[at_ - 1])};
    ++at_;
    return true;
  }

 private:
  const std::vector<PairItem>& items_;
  std::size_t at_ = 0;
};

// Lists become the values that are in them, all of a key in their order.
class Expanded final : public PairReader {
 public:
  Expanded(const std::vector<PairItem>& items, Ties ties) : items_(items), ties_(ties) {}
  std::expected<bool, std::string> next(Pair& pair) override {
    const bool same_key = at_ < values_.size();
    if (!same_key && !next_key()) return false;
    pair = {key_, values_[at_++].bytes, same_key};
    return true;
  }

 private:
  struct Value {
    std::uint64_t prefix;  // tells most apart
    std::string_view bytes;

    bool operator<(const Value& other) const {
      return prefix != other.prefix ? prefix < other.prefix : bytes < other.bytes;
    }
  };

  bool next_key() {
    values_.clear();
    at_ = 0;
    while (values_.empty() && item_ < items_.size()) {
      key_ = items_[item_].key();
      for (; item_ < items_.size() && items_[item_].key() == key_; ++item_) take(items_[item_].value());
    }
    if (ties_ == Ties::kByValue && !std::is_sorted(values_.begin(), values_.end()))
      std::sort(values_.begin(), values_.end());
    return !values_.empty();
  }
  void take(std::string_view list) {
    fetch_ahead(items_, item_);
    std::string_view value;
    while (Codec<std::string_view>::decode(list, value)) {
      const auto* const bytes = reinterpret_cast<const std::uint8_t*>(value.data());
      values_.push_back({mapreduce::key_prefix(bytes, value.size()), value});
    }
  }

  const std::vector<PairItem>& items_;
  const Ties ties_;
  std::size_t item_ = 0;
  std::string_view key_;
  std::vector<Value> values_;
  std::size_t at_ = 0;
};

class Sorter final : public PairSorter {
 public:
  Sorter(Scratch& scratch, PairRules rules) : scratch_(scratch), rules_(std::move(rules)) {
    rules_.memory = std::max(rules_.memory, kLeastPairMemory);
    piece_size_ = std::min(rules_.memory / kPiecesInMemory, kLargestPiece);
  }

  JobStatus add(std::string_view key, std::string_view value) override {
    const std::size_t size = PairItem::kHeaderSize + key.size() + value.size();
    if (size > std::min<std::size_t>(rules_.memory / 2, std::numeric_limits<std::uint32_t>::max()))
      return job_error(
          "a key with its value is larger than half of a task's memory for sorting: give tasks more, with brume image "
          "build --heap-mb, or --memory of brume run --local");
    if (auto status = make_room(size); !status) return status;
    const auto value_size = static_cast<std::uint32_t>(value.size());
    std::uint8_t* const key_begin = free_ + PairItem::kHeaderSize;
    std::memcpy(free_, &value_size, sizeof value_size);
    if (!key.empty()) std::memcpy(key_begin, key.data(), key.size());
    if (!value.empty()) std::memcpy(key_begin + key.size(), value.data(), value.size());
    items_.push_back({mapreduce::key_prefix(key_begin, key.size()), free_, static_cast<std::uint32_t>(key.size()),
                      static_cast<std::uint32_t>(items_.size())});
    free_ += size;
    return {};
  }

  JobStatus spill() override {
    if (items_.empty()) return {};
    const auto sorted = sort();
    auto run = mapreduce::write_run(*mapreduce::combine_pairs(*sorted, rules_), scratch_);
    if (!run) return job_error(run.error().what);
    runs_.push_back(std::move(*run));
    items_.clear();
    used_pieces_ = 0;
    large_.clear();
    large_size_ = 0;
    free_ = end_ = nullptr;
    return {};
  }

  std::expected<PairReader*, std::string> read() override {
    if (runs_.empty()) {
      sorted_ = sort();
      result_ = mapreduce::combine_pairs(*sorted_, rules_);
      return result_.get();
    }
    if (auto status = spill(); !status) return std::unexpected(std::move(status.error()));
    pieces_.clear();
    items_.shrink_to_fit();
    auto merged = mapreduce::merge_pairs(std::move(runs_), scratch_, rules_);
    if (!merged) return std::unexpected(std::move(merged.error().what));
    sorted_ = std::move(*merged);
    result_ = mapreduce::combine_pairs(*sorted_, rules_);
    return result_.get();
  }

  std::size_t bytes() const override {
    return pieces_.size() * piece_size_ + large_size_ + items_.capacity() * sizeof(PairItem);
  }

 private:
  using Piece = std::unique_ptr<std::uint8_t[]>;

  // What is in memory.
  std::unique_ptr<PairReader> sort() {
    mapreduce::sort_pairs(items_, rules_.lists ? Ties::kAsTheyCame : rules_.ties);
    if (rules_.lists) return std::make_unique<Expanded>(items_, rules_.ties);
    return std::make_unique<InMemory>(items_);
  }

  // So that `size` bytes fit at free_, and one item more into the list.
  JobStatus make_room(std::size_t size) {
    const bool list_grows = items_.size() == items_.capacity();
    const bool needs_piece = static_cast<std::size_t>(end_ - free_) < size;
    const bool large = size > piece_size_ / 4;
    std::size_t more = list_grows ? 2 * std::max<std::size_t>(items_.capacity(), 512) * sizeof(PairItem) : 0;
    if (needs_piece) more += large ? size : (used_pieces_ == pieces_.size() ? piece_size_ : 0);
    const bool full = items_.size() == std::numeric_limits<decltype(PairItem::sequence)>::max();
    if (full || (bytes() + more > rules_.memory && !items_.empty())) {
      if (auto status = spill(); !status) return status;
      return make_room(size);
    }
    try {
      take_room(size, list_grows, needs_piece, large);
    } catch (const std::bad_alloc&) {
      // Others have more of it than they should: this one does with what it got.
      if (items_.empty()) throw;
      rules_.memory = std::max(std::min(rules_.memory, bytes()), kLeastPairMemory);
      if (auto status = spill(); !status) return status;
      return make_room(size);
    }
    return {};
  }

  void take_room(std::size_t size, bool list_grows, bool needs_piece, bool large) {
    if (list_grows) items_.reserve(2 * std::max<std::size_t>(items_.capacity(), 512));
    if (!needs_piece) return;
    if (large) {
      large_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(size + RecordBuffer::kSlack));
      large_size_ += size;
      free_ = large_.back().get();
      end_ = free_ + size;
      return;
    }
    if (used_pieces_ == pieces_.size()) {
      pieces_.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(piece_size_));
    }
    free_ = pieces_[used_pieces_++].get();
    end_ = free_ + piece_size_ - RecordBuffer::kSlack;
  }

  Scratch& scratch_;
  PairRules rules_;
  std::size_t piece_size_ = 0;
  std::vector<PairItem> items_;
  std::vector<Piece> pieces_;
  std::size_t used_pieces_ = 0;
  std::vector<Piece> large_;  // a pair each
  std::size_t large_size_ = 0;
  std::uint8_t* free_ = nullptr;
  std::uint8_t* end_ = nullptr;
  std::vector<mapreduce::PairSequence> runs_;
  std::unique_ptr<PairReader> sorted_;
  std::unique_ptr<PairReader> result_;
};

}  // namespace

std::unique_ptr<PairSorter> make_pair_sorter(Scratch& scratch, PairRules rules) {
  return std::make_unique<Sorter>(scratch, std::move(rules));
}

}  // namespace brume::detail
