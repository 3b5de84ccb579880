// Where a reduce function puts the lines of the result.
#pragma once

#include <brume/counters.h>
#include <brume/detail/pairs.h>
#include <brume/output_format.h>
#include <brume/task_ends.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace brume {

namespace detail {

// Lines in any order, of all outputs of a job; beyond memory.
class LineSorter {
 public:
  LineSorter(Scratch& scratch, std::size_t memory)
      : sorter_(make_pair_sorter(scratch, {.ties = Ties::kAsTheyCame, .combine = {}, .memory = memory})) {}

  // The line is `key` and `rest`, or `rest` alone where the kind hides the key. Errors wait for finish().
  void add(std::uint32_t output, std::uint64_t rank, std::string_view key, std::string_view rest, OutputKind kind) {
    place_.assign(1, static_cast<char>(output));
    append_big<std::uint64_t>(rank, place_);
    place_ += key;
    text_.assign(1, static_cast<char>(kind));
    text_ += rest;
    if (status_) status_ = sorter_->add(place_, text_);
  }
  const JobStatus& status() const { return status_; }

  // Every output 0..count-1, in order.
  JobStatus finish(OutputWriter& writer, std::uint32_t count) {
    if (!status_) return status_;
    auto reader = sorter_->read();
    if (!reader) return std::unexpected(std::move(reader.error()));
    std::uint32_t at = 0;
    const auto go_to = [&](std::uint32_t output) -> JobStatus {
      for (; at < output; ++at) {
        if (auto status = writer.next_output(); !status) return status;
      }
      return {};
    };
    for (Pair pair;;) {
      auto more = (*reader)->next(pair);
      if (!more) return std::unexpected(std::move(more.error()));
      if (!*more) break;
      if (auto status = go_to(static_cast<std::uint8_t>(pair.key[0])); !status) return status;
      std::string_view key = pair.key.substr(1);
      std::uint64_t rank = 0;
      take_big_endian(key, rank);
      if (auto status = writer.write(rank, key, pair.value.substr(1), static_cast<OutputKind>(pair.value[0])); !status)
        return status;
    }
    return go_to(count - 1);
  }

 private:
  std::unique_ptr<PairSorter> sorter_;
  std::string place_;  // output | rank | key
  std::string text_;   // kind | rest of the line
  JobStatus status_;
};

}  // namespace detail

// One of the job's outputs, for one key.
class Output {
 public:
  // names: of the outputs behind the first. key: at hand. All outlive it.
  Output(detail::LineSorter& lines, JobCounters& counters, std::span<const std::string_view> names,
         std::string_view key = {}, std::uint32_t index = 0)
      : lines_(lines), counters_(counters), names_(names), key_(key), index_(index) {}

  // The result has lower ranks first, then keys ascending; the line is `key` then `rest`, and
  // `rest` ends with the newline where one is wanted.
  void line(std::uint64_t rank, std::string_view key, std::string_view rest) {
    lines_.add(index_, rank, key, rest, OutputKind::kLine);
  }
  // A whole line, at the place of the key that is reduced.
  void line(std::string_view text) { line(std::uint64_t{0}, text); }
  void line(std::uint64_t rank, std::string_view text) { lines_.add(index_, rank, key_, text, OutputKind::kHiddenKey); }

  // Another output, by a name of the job's `outputs`.
  Output to(std::string_view name) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i] == name) return {lines_, counters_, names_, key_, static_cast<std::uint32_t>(i + 1)};
    }
    throw detail::TaskEnds("the job writes to an output that it did not name");
  }

  // For input that has no result, in words that hold no data: "there is no mean: the input is empty". Ends the run.
  [[noreturn]] static void refuse(const std::string& rule) { throw detail::TaskEnds(rule); }

  // Adds to a counter of the run (counters.h); told beside the result and in the receipt.
  void count(std::string_view name, std::uint64_t amount = 1) { counters_.add(name, amount); }

 private:
  detail::LineSorter& lines_;
  JobCounters& counters_;
  std::span<const std::string_view> names_;
  std::string_view key_;
  std::uint32_t index_;
};

}  // namespace brume
