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
#include <brume/detail/check_job.h>
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

#define BRUME_NAMES_JOB(type)                                                       \
  static_assert(brume::detail::names_job(type),                                     \
                "a job is called by its type, in 1 to 64 letters, digits and '_': " \
                "name a template's job with using MyJob = ...;")

// Once per program, at file scope. The job is called by its type's name: WordCount is "word-count".
#define BRUME_JOB(Job)                                                                                 \
  [[gnu::used, gnu::retain, gnu::section(".brume.job")]] static const char brume_job_type[] = #Job;    \
  extern "C" brume::JobProgram* brume_job_program() { return &brume::detail::the_program<Job>(#Job); } \
  BRUME_NAMES_JOB(#Job)

// A job of several stages, one after another: BRUME_STAGES(SortRecords, Sample, Sort). All of them get the same
// parameters.
#define BRUME_STAGES(Name, ...)                                                                                        \
  [[gnu::used, gnu::retain, gnu::section(".brume.job")]] static const char brume_job_type[] = #Name;                   \
  extern "C" brume::JobProgram* brume_job_program() { return &brume::detail::the_staged_program<__VA_ARGS__>(#Name); } \
  BRUME_NAMES_JOB(#Name)
