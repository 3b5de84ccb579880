// What a job says about its values after map: how they combine, in which order lines stand, and
// what a reduce function reads and writes.
#pragma once

#include <brume/codec.h>
#include <brume/line.h>
#include <brume/parameters.h>
#include <brume/program.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <new>
#include <vector>

namespace brume {

struct Sum {
  template <typename T>
  void operator()(T& into, const T& more) const {
    into = static_cast<T>(into + more);
  }
};
// Integers wrap at their type's size.
inline constexpr Sum sum;

struct Minimum {
  template <typename T>
  void operator()(T& into, const T& more) const {
    if (more < into) into = more;
  }
};
inline constexpr Minimum minimum;

struct Maximum {
  template <typename T>
  void operator()(T& into, const T& more) const {
    if (into < more) into = more;
  }
};
inline constexpr Maximum maximum;

// The order of the result's lines; equal values stand by key, bytes ascending.
enum class Order : std::uint8_t { kValueDescending, kValueAscending, kKey };
inline constexpr Order value_descending = Order::kValueDescending;
inline constexpr Order value_ascending = Order::kValueAscending;
inline constexpr Order key_ascending = Order::kKey;

// All values of one key, decoded while they are read; in no particular order.
template <typename Value>
class Values {
 public:
  explicit Values(std::string_view encoded) : encoded_(encoded) {}

  class Iterator {
   public:
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(std::string_view rest) : rest_(rest) { ++*this; }
    const Value& operator*() const { return value_; }
    Iterator& operator++() {
      ended_ = rest_.empty() || !Codec<Value>::decode(rest_, value_);
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return ended_; }

   private:
    std::string_view rest_;
    Value value_{};
    bool ended_ = false;
  };
  Iterator begin() const { return Iterator(encoded_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::string_view encoded_;
};

// Takes the lines of a reduce function.
class Output {
 public:
  explicit Output(JobCounters& counters) : counters_(counters) {}

  // The result has lower ranks first, then keys ascending; the line is `key` then `rest`, and
  // `rest` ends with the newline where one is wanted.
  void line(std::uint64_t rank, std::string_view key, std::string_view rest) {
    lines_.push_back({rank, text_.size(), key.size(), key.size() + rest.size()});
    text_ += key;
    text_ += rest;
  }

  // Adds to a counter of the run (counters.h); told beside the result and in the receipt.
  void count(std::string_view name, std::uint64_t amount = 1) { counters_.add(name, amount); }

  std::size_t bytes() const { return text_.capacity() + lines_.capacity() * sizeof(Stored); }

  // For the engine: all lines in order, each by write(rank, key size, line).
  template <typename Write>
  JobStatus sorted(Write write) {
    const std::string_view text = text_;
    std::stable_sort(lines_.begin(), lines_.end(), [text](const Stored& a, const Stored& b) {
      if (a.rank != b.rank) return a.rank < b.rank;
      return text.substr(a.begin, a.key_size) < text.substr(b.begin, b.key_size);
    });
    for (const Stored& line : lines_) {
      if (auto status = write(line.rank, line.key_size, text.substr(line.begin, line.size)); !status) return status;
    }
    return {};
  }

 private:
  struct Stored {
    std::uint64_t rank;
    std::size_t begin;
    std::size_t key_size;
    std::size_t size;
  };
  JobCounters& counters_;
  std::vector<Stored> lines_;
  std::string text_;
};

namespace detail {

template <typename Job>
concept Configures = requires(Job& job, Parameters& parameters) { job.configure(parameters); };
template <typename Job>
concept Separates = requires(const Job& job) {
  { job.separators() } -> std::convertible_to<ByteSet>;
};
template <typename Job>
concept FixesRecords = requires(const Job& job) {
  { job.records() } -> std::convertible_to<Records>;
};
template <typename Job>
concept Combines = requires(typename Job::Value& into, const typename Job::Value& more) { Job::combine(into, more); };
template <typename Job>
concept ReducesValue = Combines<Job> && requires(const Job& job, std::string_view key, const typename Job::Value& value,
                                                 Output& out) { job.reduce(key, value, out); };
template <typename Job>
concept ReducesList =
    !Combines<Job> && requires(const Job& job, std::string_view key, Values<typename Job::Value> values, Output& out) {
      job.reduce(key, values, out);
    };
template <typename Job>
concept Formats = requires(const Job& job, std::string_view key, const typename Job::Value& value, Line& line) {
  job.format(key, value, line);
};
template <typename Value>
concept Printable = requires(const Value& value, Line& line) { line << value; };

template <typename Job>
consteval Order order_of() {
  if constexpr (requires { Job::order; }) return Job::order;
  return Order::kKey;
}

// What the counting kernels do: integers, summed, one line for each key.
template <typename Job>
concept IsCounting = std::integral<typename Job::Value> && !std::same_as<typename Job::Value, bool> && requires {
  requires std::same_as<std::remove_cvref_t<decltype(Job::combine)>, Sum>;
} && !ReducesValue<Job>;

// Lower ranks come first, and a rank depends on the value alone, so that partitions merge.
template <typename Value>
std::uint64_t rank_by_value(Order order, const Value& value) {
  std::uint64_t ascending = 0;
  if constexpr (std::integral<Value>) {
    ascending = static_cast<std::uint64_t>(value);
    if constexpr (std::signed_integral<Value>) ascending ^= std::uint64_t{1} << 63;
  } else if constexpr (std::floating_point<Value>) {
    const auto bits = std::bit_cast<std::uint64_t>(static_cast<double>(value));
    ascending = (bits >> 63) != 0 ? ~bits : bits | std::uint64_t{1} << 63;  // -NaN lowest, NaN highest
  }
  if (order == Order::kKey) return 0;
  return order == Order::kValueAscending ? ascending : ~ascending;
}

template <typename Job, typename Value>
void format_line(const Job& job, std::string_view key, const Value& value, Line& line) {
  if constexpr (Formats<Job>) {
    job.format(key, value, line);
  } else {
    line << '\t' << value << '\n';
  }
}

// Whether errors carry an exception's words: never in an enclave, where they may hold data.
inline bool tell_exceptions = false;

// Where a configured job's input may be cut.
template <typename Job>
JobStatus set_borders(const Job& job, Borders& borders) {
  if constexpr (FixesRecords<Job>) {
    const Records records = job.records();
    if (records.size == 0) return job_error("records: their size is at least 1");
    borders = Borders(records);
  } else {
    borders = Borders(ByteSet(job.separators()));
  }
  return {};
}

// Runs what a job's author wrote: what it throws ends the task, not the program.
template <typename Function>
JobStatus guarded(Function function) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    return job_error("out of memory");
  } catch (const std::exception& error) {
    return job_error(tell_exceptions ? std::string("the job threw: ") + error.what() : "the job threw an exception");
  } catch (...) {
    return job_error("the job threw an exception");
  }
}

}  // namespace detail
}  // namespace brume
