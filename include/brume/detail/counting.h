// The border between a typed job (job.h) and the kernels for the commonest kind of job: byte
// string keys whose integer values are summed. Not for authors.
#pragma once

#include <brume/line.h>
#include <brume/output_format.h>
#include <brume/program.h>
#include <brume/words.h>

namespace brume::detail {

enum class LineOrder : std::uint8_t { kValueDescending, kValueAscending, kKey };

// Where the pairs of a counting job go. Integers travel as 64 bits, two's complement.
class CountSink {
 public:
  virtual void add(std::string_view key, std::uint64_t value) = 0;
  virtual void add_words(const Words& words, std::string_view text, std::uint64_t value) = 0;

 protected:
  ~CountSink() = default;
};

struct CountingHooks {
  void* job = nullptr;
  void (*map)(void* job, const Piece& piece, CountSink& out) = nullptr;
  void (*end_of_map)(void* job, CountSink& out) = nullptr;  // may be missing
  void (*format)(const void* job, std::string_view key, std::uint64_t value, Line& line) = nullptr;
  LineOrder order = LineOrder::kValueDescending;
  OutputKind line_kind = OutputKind::kLine;
  bool is_signed = false;
  unsigned value_bits = 64;  // sums wrap at the type's size
};

// Makes tasks and keeps their memory from one to the next.
class CountingEngine {
 public:
  virtual ~CountingEngine() = default;
  virtual JobStatus configure(const JobConfig& config) = 0;
  virtual std::unique_ptr<MapTask> new_map() = 0;
  // `scratch` outlives the task.
  virtual std::unique_ptr<ReduceTask> new_reduce(Scratch& scratch) = 0;
};
std::unique_ptr<CountingEngine> make_counting_engine(const CountingHooks& hooks);

}  // namespace brume::detail
