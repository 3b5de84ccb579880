// Named sums that a job's functions keep beside their results: how many records were odd, how many lines were
// empty. They travel with a task's report over the channel to the master, which adds up those of the attempts
// that count, so a task that ran twice is counted once.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace brume {

struct JobCounter {
  std::string name;  // [a-z0-9._-]{1,64}
  std::uint64_t sum = 0;
  friend bool operator==(const JobCounter&, const JobCounter&) = default;
};

inline constexpr std::size_t kCounterLimit = 64;  // names in one task: all of them travel in its report
inline constexpr std::size_t kCounterNameSizeLimit = 64;

constexpr bool is_counter_name(std::string_view name) {
  if (name.empty() || name.size() > kCounterNameSizeLimit) return false;
  for (const char c : name) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-')) return false;
  }
  return true;
}

// Sums stop at the largest number instead of wrapping.
constexpr std::uint64_t add_to_limit(std::uint64_t a, std::uint64_t b) {
  return b > std::numeric_limits<std::uint64_t>::max() - a ? std::numeric_limits<std::uint64_t>::max() : a + b;
}

// What becomes of a record that map calls malformed: `-p on-malformed=fail` (the default) or `skip`.
enum class OnMalformed : std::uint8_t { kFail, kSkip };
inline constexpr std::string_view kMalformedCounter = "records.malformed";
inline constexpr std::size_t kMalformedPlaceLimit = 16;  // in one task's report, and in the run's

// Where a record begins.
struct RecordPlace {
  std::uint32_t input = 0;   // which of the run's inputs
  std::uint64_t offset = 0;  // bytes after that input's begin
  friend auto operator<=>(const RecordPlace&, const RecordPlace&) = default;
};

// Adds a place to the lowest ones; each stands once.
inline void keep_lowest(std::vector<RecordPlace>& places, const RecordPlace& place) {
  const auto at = std::lower_bound(places.begin(), places.end(), place);
  if (at != places.end() && *at == place) return;
  places.insert(at, place);
  if (places.size() > kMalformedPlaceLimit) places.pop_back();
}

// Those of one task.
class JobCounters {
 public:
  // For all tasks from now on.
  void on_malformed(OnMalformed what) { on_malformed_ = what; }
  // The records to come are of that input.
  void at_input(std::uint32_t input, std::string_view name) {
    input_ = input;
    input_name_ = name;
  }
  // A record that begins `offset` bytes after the begin of its input.
  void malformed(std::uint64_t offset) {
    add(kMalformedCounter, 1);
    keep_lowest(malformed_places_, {input_, offset});
    if (on_malformed_ == OnMalformed::kSkip || !status_) return;
    status_ = std::unexpected("the record at byte " + std::to_string(offset) + " of " +
                              (input_name_.empty() ? "the input" : input_name_) +
                              " is malformed (-p on-malformed=skip leaves such records out)");
  }
  // The first use of a name makes the counter. What breaks a limit ends the task: see status().
  void add(std::string_view name, std::uint64_t amount) {
    if (last_ >= counters_.size() || counters_[last_].name != name) {
      last_ = 0;
      while (last_ < counters_.size() && counters_[last_].name < name) ++last_;
      if (last_ == counters_.size() || counters_[last_].name != name) {
        if (!may_be_new(name)) return;
        counters_.insert(counters_.begin() + static_cast<std::ptrdiff_t>(last_), {std::string(name), 0});
      }
    }
    counters_[last_].sum = add_to_limit(counters_[last_].sum, amount);
  }
  void clear() {
    counters_.clear();
    malformed_places_.clear();
    status_ = {};
  }
  // By name, ascending.
  const std::vector<JobCounter>& all() const { return counters_; }
  // Ascending, the lowest kMalformedPlaceLimit of them.
  const std::vector<RecordPlace>& malformed_places() const { return malformed_places_; }
  const std::expected<void, std::string>& status() const { return status_; }

 private:
  bool may_be_new(std::string_view name) {
    if (!is_counter_name(name)) {
      status_ = std::unexpected("a counter's name is 1 to 64 bytes of a-z, 0-9, '.', '_' and '-'");
    } else if (counters_.size() == kCounterLimit) {
      status_ = std::unexpected("a task has at most " + std::to_string(kCounterLimit) + " counters");
    } else {
      return true;
    }
    return false;
  }

  std::vector<JobCounter> counters_;
  std::size_t last_ = 0;  // used last, as the next one often is
  std::uint32_t input_ = 0;
  std::string input_name_;
  std::vector<RecordPlace> malformed_places_;
  OnMalformed on_malformed_ = OnMalformed::kFail;
  std::expected<void, std::string> status_;
};

}  // namespace brume
