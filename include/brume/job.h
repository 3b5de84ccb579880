// How a job is written: a struct with types and functions, and BRUME_JOB(TheStruct) in its
// source file. docs/guide/jobs.md explains it, examples/ has whole ones.
//
//   struct Job {
//     using Key = ...;                                    // optional: numbers, tuples, structs (key.h); else strings
//     using Value = ...;                                  // the same, strings, lists, types with a Codec (codec.h)
//     void configure(brume::Parameters&);                 // optional; without it the job knows no parameter
//     brume::ByteSet separators() const;                  // bytes that belong to no record; or, for records of
//     brume::Records records() const;                     // one size: {size} or {size, size of the input's header}
//     brume::WholeFiles files() const;                    // or: each input is one record
//     void load(const brume::SideData&);                  // optional: data that every task gets, with `sides`
//     static constexpr std::array<brume::Side, 1> sides{{{"stopwords"}}};
//     brume::Stage stage() const;                         // optional: what it reads, and whether it repeats (stage.h)
//     void map(std::string_view text, brume::Emitter<Value>& out) const;       // or takes a const brume::Piece&
//     using State = ...;                                  // optional: what a map task keeps from piece to piece; then
//     void map(std::string_view text, State&, brume::Emitter<Value>&) const;   // map has it too, and at the task's end
//     void finish(State&, brume::Emitter<Value>& out) const;                   // emits what is left
//     static constexpr auto combine = brume::sum;         // optional: values of a key become one
//     std::uint32_t partition(const Key&, std::uint32_t partitions) const;     // optional: where a key goes
//     // and either one line for each key, or without combine for each value ...
//     static constexpr auto order = brume::value_descending;                   // optional: default by key
//     void format(const Key&, const Value&, brume::Line&) const;               // optional: default tab, value, newline
//     // ... or a function that writes any number of lines:
//     void reduce(const Key&, const Value&, brume::Output&) const;             // with combine
//     void reduce(const Key&, brume::Values<Value>, brume::Output&) const;     // without
//     static constexpr std::array<std::string_view, 1> outputs{"rejected"};    // optional: outputs besides the first
//   };
//
// Keys that are strings have any bytes, functions get them as std::string_view, and a line of the result begins with
// its key. Where Key is another type, map has a brume::Emitter<Value, Key>, and format writes whole lines.
#pragma once

#include <brume/codec.h>
#include <brume/detail/counting.h>
#include <brume/detail/counting_program.h>
#include <brume/detail/general_program.h>
#include <brume/detail/staged_program.h>
#include <brume/emitter.h>
#include <brume/input.h>
#include <brume/job_name.h>
#include <brume/key.h>
#include <brume/line.h>
#include <brume/parameters.h>
#include <brume/program.h>
#include <brume/reduction.h>
#include <brume/side.h>
#include <brume/stage.h>
#include <brume/words.h>

namespace brume::detail {

template <typename Job>
constexpr void check_job() {
  static_assert(requires { typename Job::Value; }, "a job names the type of its values: using Value = ...;");
  static_assert(Encodable<typename Job::Value>,
                "Value is an integer, float, std::string, a tuple, pair, array or vector of these, or a type with a "
                "brume::Codec");
  static_assert(
      static_cast<int>(Separates<Job>) + static_cast<int>(FixesRecords<Job>) + static_cast<int>(TakesFiles<Job>) == 1,
      "a job says where its input may be cut, in one way: brume::ByteSet separators() const, brume::Records "
      "records() const, or brume::WholeFiles files() const");
  static_assert(TextKey<KeyOf<Job>> || Key<KeyOf<Job>>,
                "Key is an integer, float, std::string, a tuple, pair or array of these, or a type with fields() or a "
                "brume::KeyCodec");
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
  static_assert(
      !requires { &Job::combine; } || Combines<Job>,
      "combine is brume::sum, minimum, maximum or static void combine(Value& into, const Value& more)");
  static_assert(!requires { &Job::configure; } || Configures<Job>, "configure is void configure(brume::Parameters&)");
  static_assert(
      !requires { &Job::reduce; } || ReducesValue<Job> || ReducesList<Job>,
      "reduce is void reduce(std::string_view key, const Value&, brume::Output&) const with combine, "
      "and takes brume::Values<Value> without; where the job names a Key, with a const Key& key");
  static_assert(
      !requires { &Job::format; } || Formats<Job>,
      "format is void format(std::string_view key, const Value&, brume::Line&) const, or with a const Key& key");
  static_assert(
      !requires { &Job::partition; } || ChoosesPartition<Job>,
      "partition is std::uint32_t partition(std::string_view key, std::uint32_t partitions) const, or with a "
      "const Key& key");
  static_assert(!(Combines<Job> && std::same_as<typename Job::Value, std::string_view>),
                "values that are combined own what they hold: std::string, not std::string_view");
  static_assert(!requires { &Job::load; } || Loads<Job>, "load is void load(const brume::SideData& data)");
  static_assert(
      !requires { Job::sides; } || NamesSides<Job>,
      "sides is static constexpr std::array<brume::Side, N> sides{{{\"name\"}, ...}}");
  static_assert(!requires { &Job::stage; } || Stages<Job>, "stage is brume::Stage stage() const");
  static_assert(outputs_of<Job>().empty() || Reduces<Job>, "a job with more outputs has a reduce function");
  static_assert(outputs_of<Job>().size() < kOutputLimit, "a job has at most 16 outputs");
  if constexpr (!Reduces<Job>) {
    static_assert(order_of<Job>() == Order::kKey || std::integral<typename Job::Value> ||
                      std::floating_point<typename Job::Value>,
                  "an order by value needs a Value that is a number; else write a reduce function");
  }
  static_assert(Reduces<Job> || Formats<Job> || (Printable<typename Job::Value> && Printable<KeyOf<Job>>),
                "a Key or Value that brume::Line cannot print needs a format or reduce function");
}

template <typename Job>
std::unique_ptr<JobProgram> make_program(std::string_view name) {
  check_job<Job>();
  if constexpr (IsCounting<Job>) {
    return std::make_unique<CountingProgram<Job>>(name);
  } else {
    return std::make_unique<GeneralProgram<Job>>(name);
  }
}

template <typename Job>
JobProgram& the_program(std::string_view type) {
  static const std::string name = job_name_of(type);
  static const std::unique_ptr<JobProgram> program = make_program<Job>(name);
  return *program;
}

template <typename... Jobs>
JobProgram& the_staged_program(std::string_view type) {
  static const std::string name = job_name_of(type);
  static StagedProgram program(name, [] {
    std::vector<std::unique_ptr<JobProgram>> stages;
    (stages.push_back(make_program<Jobs>(name)), ...);
    return stages;
  }());
  return program;
}

}  // namespace brume::detail

// Once per program, at file scope. The job is called by its type's name: WordCount is "word-count".
#define BRUME_JOB(Job)                                                                                 \
  [[gnu::used, gnu::retain, gnu::section(".brume.job")]] static const char brume_job_type[] = #Job;    \
  extern "C" brume::JobProgram* brume_job_program() { return &brume::detail::the_program<Job>(#Job); } \
  static_assert(true)

// A job of several stages, one after another: BRUME_STAGES(SortRecords, Sample, Sort). All of them get the same
// parameters.
#define BRUME_STAGES(Name, ...)                                                                                        \
  [[gnu::used, gnu::retain, gnu::section(".brume.job")]] static const char brume_job_type[] = #Name;                   \
  extern "C" brume::JobProgram* brume_job_program() { return &brume::detail::the_staged_program<__VA_ARGS__>(#Name); } \
  static_assert(true)
