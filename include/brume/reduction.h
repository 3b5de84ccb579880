// What a job says about its values after map: how they combine, in which order lines stand, and
// what a reduce function reads and writes.
#pragma once

#include <brume/codec.h>
#include <brume/emitter.h>
#include <brume/line.h>
#include <brume/output.h>
#include <brume/parameters.h>
#include <brume/program.h>
#include <brume/values.h>

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <utility>

namespace brume {

struct Sum {
  template <typename T>
    requires requires(const T& a, const T& b) { static_cast<T>(a + b); }
  void operator()(T& into, const T& more) const {
    if constexpr (std::integral<T> && !std::same_as<T, bool>) {
      using Bits = std::make_unsigned_t<T>;
      into = static_cast<T>(static_cast<Bits>(static_cast<Bits>(into) + static_cast<Bits>(more)));
    } else {
      into = static_cast<T>(into + more);
    }
  }
};
// Integers wrap at their type's size.
inline constexpr Sum sum;

// Which of two it is does not depend on their order: floats have -0 before 0 and one NaN, above all else.
struct Minimum {
  template <typename T>
    requires requires(const T& a, const T& b) {
      { a < b } -> std::convertible_to<bool>;
    }
  void operator()(T& into, const T& more) const {
    if constexpr (std::floating_point<T>) {
      into = detail::from_ordered_bits<T>(std::min(detail::ordered_bits(into), detail::ordered_bits(more)));
    } else if (more < into) {
      into = more;
    }
  }
};
inline constexpr Minimum minimum;

struct Maximum {
  template <typename T>
    requires requires(const T& a, const T& b) {
      { a < b } -> std::convertible_to<bool>;
    }
  void operator()(T& into, const T& more) const {
    if constexpr (std::floating_point<T>) {
      into = detail::from_ordered_bits<T>(std::max(detail::ordered_bits(into), detail::ordered_bits(more)));
    } else if (into < more) {
      into = more;
    }
  }
};
inline constexpr Maximum maximum;

// The order of the result's lines; equal values stand by key, bytes ascending.
enum class Order : std::uint8_t { kValueDescending, kValueAscending, kKey };
inline constexpr Order value_descending = Order::kValueDescending;
inline constexpr Order value_ascending = Order::kValueAscending;
inline constexpr Order key_ascending = Order::kKey;

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
concept TakesFiles = requires(const Job& job) {
  { job.files() } -> std::convertible_to<WholeFiles>;
};
// A function that takes `into` without an object to change has a copy: what it combines would be lost, as would be what
// it returns.
template <typename Job>
concept Combines = requires(typename Job::Value& into, const typename Job::Value& more) {
  { Job::combine(into, more) } -> std::same_as<void>;
} && !requires(typename Job::Value&& copy, const typename Job::Value& more) { Job::combine(std::move(copy), more); };
template <typename Job>
struct KeyTypeOf {
  using Type = std::string_view;
};
template <typename Job>
  requires requires { typename Job::Key; }
struct KeyTypeOf<Job> {
  using Type = typename Job::Key;
};
// What map emits and reduce gets.
template <typename Job>
using KeyOf = typename KeyTypeOf<Job>::Type;
template <typename Job>
using EmitterOf = Emitter<typename Job::Value, KeyOf<Job>>;

// What a map task keeps from one piece to the next.
struct NoState {};
template <typename Job>
struct StateTypeOf {
  using Type = NoState;
};
template <typename Job>
  requires requires { typename Job::State; }
struct StateTypeOf<Job> {
  using Type = typename Job::State;
};
template <typename Job>
using StateOf = typename StateTypeOf<Job>::Type;
template <typename Job>
concept KeepsState = requires { typename Job::State; };

// The state is made when it is first used: what its constructor throws ends the task.
template <typename Job>
void map_piece(const Job& job, const Piece& piece, std::optional<StateOf<Job>>& state, EmitterOf<Job>& out) {
  if constexpr (KeepsState<Job>) {
    if (!state) state.emplace();
    job.map(piece, *state, out);
  } else {
    job.map(piece, out);
  }
}
template <typename Job>
void end_of_map(const Job& job, std::optional<StateOf<Job>>& state, EmitterOf<Job>& out) {
  if constexpr (KeepsState<Job>) {
    if (!state) state.emplace();
    job.finish(*state, out);
  }
}

template <typename Job>
concept ReducesValue =
    Combines<Job> && requires(const Job& job, const KeyOf<Job>& key, const typename Job::Value& value, Output& out) {
      job.reduce(key, value, out);
    };
template <typename Job>
concept ReducesList =
    !Combines<Job> && requires(const Job& job, const KeyOf<Job>& key, Values<typename Job::Value> values, Output& out) {
      job.reduce(key, values, out);
    };
template <typename Job>
concept Reduces = ReducesValue<Job> || ReducesList<Job>;
template <typename Job>
concept Formats = requires(const Job& job, const KeyOf<Job>& key, const typename Job::Value& value, Line& line) {
  job.format(key, value, line);
};
template <typename Job>
concept ChoosesPartition = requires(const Job& job, const KeyOf<Job>& key, std::uint32_t partitions) {
  { job.partition(key, partitions) } -> std::convertible_to<std::uint32_t>;
};
template <typename T>
concept Printable = requires(const T& value, Line& line) { line << value; };

// Keys as the engine has them.
template <typename Job>
KeyOf<Job> key_from(std::string_view bytes) {
  if constexpr (TextKey<KeyOf<Job>>) {
    return KeyOf<Job>(bytes);
  } else {
    KeyOf<Job> key{};
    if (!KeyCodec<KeyOf<Job>>::decode(bytes, key) || !bytes.empty()) throw TaskEnds("map stream: a key is malformed");
    return key;
  }
}
template <typename Job>
inline constexpr OutputKind kLineKind = TextKey<KeyOf<Job>> ? OutputKind::kLine : OutputKind::kHiddenKey;

template <typename Job>
concept NamesOutputs = requires { std::span<const std::string_view>(Job::outputs); };
// The names of the outputs behind the first.
template <typename Job>
constexpr std::span<const std::string_view> outputs_of() {
  if constexpr (NamesOutputs<Job>) return Job::outputs;
  return {};
}

template <typename Job>
concept Orders = requires {
  { Job::order } -> std::convertible_to<Order>;
};
template <typename Job>
consteval Order order_of() {
  if constexpr (Orders<Job>) return Job::order;
  return Order::kKey;
}

// What the counting kernels do: integers, summed, one line for each key.
template <typename Job>
concept IsCounting = std::integral<typename Job::Value> && !std::same_as<typename Job::Value, bool> && requires {
  requires std::same_as<std::remove_cvref_t<decltype(Job::combine)>, Sum>;
} && !ReducesValue<Job> && !ChoosesPartition<Job>;

// Lower ranks come first, and a rank depends on the value alone, so that partitions merge.
template <typename Value>
std::uint64_t rank_by_value(Order order, const Value& value) {
  std::uint64_t ascending = 0;
  if constexpr (std::integral<Value>) {
    ascending = static_cast<std::uint64_t>(value);
    if constexpr (std::signed_integral<Value>) ascending ^= std::uint64_t{1} << 63;
  } else if constexpr (std::floating_point<Value>) {
    ascending = ordered_bits(static_cast<double>(value == Value{0} ? Value{0} : value));  // as keys: one zero, one NaN
  }
  if (order == Order::kKey) return 0;
  return order == Order::kValueAscending ? ascending : ~ascending;
}

// What follows a key that is text, or the whole line.
template <typename Job, typename Value>
void format_line(const Job& job, const KeyOf<Job>& key, const Value& value, Line& line) {
  if constexpr (Formats<Job>) {
    job.format(key, value, line);
  } else {
    if constexpr (!TextKey<KeyOf<Job>>) line << key;
    line << '\t' << value << '\n';
  }
}

// Whether errors carry an exception's words: never in an enclave, where they may hold data.
inline bool tell_exceptions = false;

inline constexpr const char* kOutOfMemory =
    "out of memory: enclaves with more of it come by brume image build --heap-mb, smaller tasks by --split-size and "
    "--partitions";

// Runs what a job's author wrote: what it throws ends the task, not the program.
template <typename Function>
JobStatus guarded(Function function) {
  try {
    return function();
  } catch (const TaskEnds& why) {
    return job_error(why.what());
  } catch (const std::bad_alloc&) {
    return job_error(kOutOfMemory);
  } catch (const std::exception& error) {
    return job_error(tell_exceptions ? std::string("the job threw: ") + error.what() : "the job threw an exception");
  } catch (...) {
    return job_error("the job threw an exception");
  }
}

}  // namespace detail
}  // namespace brume
