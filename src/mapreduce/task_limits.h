// What one task may hold, by the memory that its process has: an enclave's heap, or what a local run
// is given in its place.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace brume::mapreduce {

// Of the process that does the tasks, since its begin; zeros where nobody keeps count.
struct MemoryUse {
  std::uint64_t peak = 0;   // bytes
  std::uint64_t limit = 0;  // bytes; more is refused to it
  friend bool operator==(const MemoryUse&, const MemoryUse&) = default;
};

struct TaskLimits {
  std::uint64_t memory_budget = 256u << 20;  // bytes, for the job's tables
  std::size_t longest_record = 32u << 20;    // bytes; the job's program gets a record in one piece
  std::uint64_t heap_size = 512u << 20;      // bytes, all that the process has
  MemoryUse (*memory_use)() = [] { return MemoryUse{}; };

  // Bytes of input that a task may have asked for and keeps, before its turn and in it. What is kept in pieces costs up
  // to twice its size. Before its turn that is beside a task that may fill seven eighths of the heap.
  std::uint64_t asked_before_turn() const { return std::min<std::uint64_t>(heap_size / 32, kMostAsked); }
  std::uint64_t asked_in_turn() const { return std::min<std::uint64_t>(heap_size / 8, kMostAsked); }
  static constexpr std::uint64_t kMostAsked = 8u << 20;  // enough to hide how long a host takes
};

inline constexpr std::uint64_t kSmallestLongRecord = 1u << 20;

// Half of the memory for the job's tables, the rest for blocks, buffers and single long records.
inline TaskLimits limits_for_heap(std::uint64_t heap_size) {
  TaskLimits limits;
  limits.heap_size = heap_size;
  limits.memory_budget = heap_size / 2;
  // A growing record is held up to three times over, and the job copies it once more.
  limits.longest_record = static_cast<std::size_t>(std::max(heap_size / 8, kSmallestLongRecord));
  return limits;
}

}  // namespace brume::mapreduce
