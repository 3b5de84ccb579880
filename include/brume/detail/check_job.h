// What a job must be like. A mistake that can be seen in its shape is a compile error that says what is expected.
#pragma once

#include <brume/codec.h>
#include <brume/detail/configuration.h>
#include <brume/detail/member_names.h>
#include <brume/emitter.h>
#include <brume/key.h>
#include <brume/output_format.h>
#include <brume/reduction.h>

namespace brume::detail {

template <typename Job>
concept CopiesState =
    KeepsState<Job> && requires(const Job& job, const Piece& piece, StateOf<Job>&& copy, EmitterOf<Job>& out) {
      requires requires { job.map(piece, std::move(copy), out); } || requires { job.finish(std::move(copy), out); };
    };

template <typename Job>
constexpr bool are_names() {
  for (const std::string_view name : outputs_of<Job>()) {
    if (!is_counter_name(name)) return false;
  }
  if constexpr (NamesSides<Job>) {
    for (const Side& side : Job::sides) {
      if (!is_counter_name(side.name)) return false;
    }
  }
  return true;
}

template <typename Job>
constexpr void check_map() {
  static_assert(
      KeepsState<Job> || requires(const Job& job, const Piece& piece, EmitterOf<Job>& out) { job.map(piece, out); },
      "a job maps: void map(std::string_view text, brume::Emitter<Value>& out) const, or the same with a "
      "const brume::Piece&; where the job names a Key, with a brume::Emitter<Value, Key>&");
  static_assert(
      !KeepsState<Job> ||
          requires(const Job& job, const Piece& piece, StateOf<Job>& state, EmitterOf<Job>& out) {
            job.map(piece, state, out);
            job.finish(state, out);
          },
      "a job that names a State has void map(std::string_view text, State& state, brume::Emitter<Value>& out) const "
      "and void finish(State& state, brume::Emitter<Value>& out) const");
  static_assert(!CopiesState<Job>, "map and finish take State&, not a copy: what they change stays");
  static_assert(KeepsState<Job> || !SaysFinish<Job>, "a job with finish names what it keeps: struct State { ... };");
}

// Those that a job may have: whichever it names has a shape that is called.
template <typename Job>
constexpr void check_functions() {
  static_assert(!SaysConfigure<Job> || Configures<Job>, "configure is void configure(brume::Parameters&), public");
  static_assert(!SaysLoad<Job> || Loads<Job>, "load is void load(const brume::SideData& data), public");
  static_assert(!SaysStage<Job> || Stages<Job>, "stage is brume::Stage stage() const");
  static_assert(!SaysCombine<Job> || Combines<Job>,
                "combine is brume::sum, minimum, maximum of a Value that can be added or compared, or static void "
                "combine(Value& into, const Value& more), public: it changes `into` and returns nothing");
  static_assert(!(Combines<Job> && kHoldsViews<typename Job::Value>),
                "values that are combined own what they hold: std::string, not std::string_view");
  static_assert(!SaysReduce<Job> || Reduces<Job>,
                "reduce is void reduce(std::string_view key, const Value&, brume::Output&) const with combine, and "
                "takes brume::Values<Value> without; where the job names a Key, with a const Key& key; public");
  static_assert(!SaysFormat<Job> || Formats<Job>,
                "format is void format(std::string_view key, const Value&, brume::Line&) const, or with a const Key& "
                "key");
  static_assert(!SaysPartition<Job> || ChoosesPartition<Job>,
                "partition is std::uint32_t partition(std::string_view key, std::uint32_t partitions) const, or with a "
                "const Key& key; public");
  static_assert(!(SaysReduce<Job> && SaysFormat<Job>), "a job has reduce or format: reduce writes whole lines");
}

// What it gets besides its input, and writes besides its result.
template <typename Job>
constexpr void check_names() {
  static_assert(!SaysSides<Job> || NamesSides<Job>,
                "sides is static constexpr std::array<brume::Side, N> sides{{{\"name\"}, ...}}");
  static_assert(NamesSides<Job> || !SaysLoad<Job>,
                "a job with load names what it takes: static constexpr std::array<brume::Side, N> sides{{{\"name\"}}}");
  static_assert(!SaysOutputs<Job> || NamesOutputs<Job>,
                "outputs is static constexpr std::array<std::string_view, N> outputs{\"name\", ...}");
  static_assert(are_names<Job>(), "names of outputs and sides are 1 to 64 of a-z, 0-9, '.', '_' and '-'");
  static_assert(outputs_of<Job>().empty() || Reduces<Job>, "a job with more outputs has a reduce function");
  static_assert(outputs_of<Job>().size() < kOutputLimit, "a job has at most 16 outputs");
}

// And how its lines stand.
template <typename Job>
constexpr void check_order() {
  static_assert(!SaysOrder<Job> || Orders<Job>,
                "order is static constexpr auto order = brume::value_descending, value_ascending or key_ascending");
  static_assert(!(SaysReduce<Job> && SaysOrder<Job>),
                "a job with reduce has no order: out.line(rank, key, rest) says where a line stands");
  if constexpr (!Reduces<Job>) {
    static_assert(order_of<Job>() == Order::kKey || std::integral<typename Job::Value> ||
                      std::floating_point<typename Job::Value>,
                  "an order by value needs a Value that is a number; else write a reduce function");
  }
  static_assert(Reduces<Job> || Formats<Job> || (Printable<typename Job::Value> && Printable<KeyOf<Job>>),
                "a Key or Value that brume::Line cannot print needs a format or reduce function");
}

template <typename Job>
constexpr void check_job() {
  static_assert(requires { typename Job::Value; }, "a job names the type of its values: using Value = ...;");
  static_assert(Encodable<typename Job::Value>,
                "Value is an integer, float, std::string, a tuple, pair, array or vector of these, or a type with "
                "fields() const or a brume::Codec");
  static_assert(
      static_cast<int>(Separates<Job>) + static_cast<int>(FixesRecords<Job>) + static_cast<int>(TakesFiles<Job>) == 1,
      "a job says where its input may be cut, in one way: brume::ByteSet separators() const, brume::Records "
      "records() const, or brume::WholeFiles files() const");
  static_assert(TextKey<KeyOf<Job>> || Key<KeyOf<Job>>,
                "Key is an integer, float, std::string, a tuple, pair or array of these, or a type with "
                "fields() const or a brume::KeyCodec");
  check_map<Job>();
  check_functions<Job>();
  check_names<Job>();
  check_order<Job>();
}

}  // namespace brume::detail
