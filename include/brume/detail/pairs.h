// The border between a typed job (job.h) and the engine of pairs: keys and values as bytes, sorted by key, beyond
// memory. Not for authors.
#pragma once

#include <brume/program.h>

#include <functional>
#include <vector>

namespace brume::detail {

struct Pair {
  std::string_view key;
  std::string_view value;
  bool same_key = false;  // as the pair before
};

// Pairs in ascending order of keys, as unsigned bytes.
class PairReader {
 public:
  virtual ~PairReader() = default;
  // False at the end. What `pair` shows stays until the next call. May wait.
  virtual std::expected<bool, std::string> next(Pair& pair) = 0;
};

// The order of pairs with equal keys.
enum class Ties : std::uint8_t {
  kByValue,     // as unsigned bytes
  kAsTheyCame,  // what was added first comes first
};

// Two encoded values of a key become one, in `into`. False: one of them is malformed.
using CombineEncoded = std::function<bool(std::string& into, std::string_view more)>;

struct PairRules {
  Ties ties = Ties::kByValue;
  CombineEncoded combine;  // empty: all values stay
  std::size_t memory = 0;  // bytes for what is held at once, at least kLeastPairMemory
  // A value that a sorter gets is a list of values, for each a varint size and its bytes; what is read has one in each
  // pair. Without `combine`.
  bool lists = false;
};
inline constexpr std::size_t kLeastPairMemory = std::size_t{256} << 10;

// Takes pairs in any order. What is over its memory goes to scratch, sorted.
class PairSorter {
 public:
  virtual ~PairSorter() = default;
  // Limits: a key that takes with its value more than half of the memory is refused.
  virtual JobStatus add(std::string_view key, std::string_view value) = 0;
  // All that was added since the last run becomes one, so that memory is free.
  virtual JobStatus spill() = 0;
  // All of it. Once, and nothing is added after it. Lives as long as the sorter.
  virtual std::expected<PairReader*, std::string> read() = 0;
  // About how much memory it holds.
  virtual std::size_t bytes() const = 0;
};
std::unique_ptr<PairSorter> make_pair_sorter(Scratch& scratch, PairRules rules);

// Sorted streams, merged. Equal keys come one after another: not all are combined. Refuses a pair that is larger than
// its stream is said to have.
std::expected<std::unique_ptr<PairReader>, std::string> merge_streams(StreamSet& streams, Scratch& scratch,
                                                                      const PairRules& rules);

// Writes a sorted stream (docs/formats/records.md, "Sorted pairs").
class PairWriter {
 public:
  using Write = std::function<JobStatus(std::span<const std::uint8_t>)>;
  explicit PairWriter(Write write) : write_(std::move(write)) {}
  // In ascending order of keys.
  JobStatus put(const Pair& pair);
  JobStatus finish() { return flush(); }
  // Key and value, in bytes, of what was put so far.
  std::size_t largest_pair() const { return largest_pair_; }

 private:
  static constexpr std::size_t kPieceSize = 64 * 1024;
  JobStatus flush();

  Write write_;
  std::vector<std::uint8_t> buffer_;
  std::size_t size_ = 0;  // of what is in it
  std::size_t largest_pair_ = 0;
  bool any_ = false;
};

}  // namespace brume::detail
