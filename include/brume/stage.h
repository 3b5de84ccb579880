// Jobs of more than one pass: stages one after another, and stages that repeat until nothing changes. The sealed output
// of one pass is what the next one reads, or what all its tasks get beside their input.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brume {

enum class Reads : std::uint8_t {
  kInput = 1,     // the run's inputs
  kPrevious = 2,  // the output of the pass before
  kBoth = 3,      // the run's inputs, and the output of the pass before as one more, whose name is kPreviousInput
};
inline constexpr std::string_view kPreviousInput = "previous";

// What a job says of itself as a stage:  brume::Stage stage() const { return {.carries = "centres", .at_most = 10}; }
struct Stage {
  // Not said: the first stage and one that carries read the run's inputs, others the output before.
  std::optional<Reads> reads = std::nullopt;
  // The output before is side data under this name, and not input. The first pass has it from the run's --side, if at
  // all.
  std::string_view carries = {};
  // Reads only so many chunks of 64 KiB, evenly spread over the inputs, and of them whole records; 0: everything.
  std::uint32_t sample_chunks = 0;
  // Is repeated until a pass has nothing in this counter, but no more often than at_most says, which must be said then.
  std::string_view until_zero = {};
  // Passes. Not said: 1.
  std::optional<std::uint32_t> at_most = std::nullopt;
  // Of its reduce tasks; 0: as the run says.
  std::uint32_t partitions = 0;
};

// A stage as the engine has it; names as in Stage.
struct StageFacts {
  Reads reads = Reads::kInput;
  std::string carries;
  std::uint32_t sample_chunks = 0;
  std::string until_zero;
  std::uint32_t at_most = 1;
  std::uint32_t partitions = 0;
  bool may_cut = true;               // inputs may be cut into splits
  bool merges = false;               // pairs are sorted; beyond memory they go through scratch
  std::vector<std::string> outputs;  // besides the first
  // Side data that it may be given; `needed`: must be.
  struct Side {
    std::string name;
    bool needed = false;
    friend bool operator==(const Side&, const Side&) = default;
  };
  std::vector<Side> sides;
  friend bool operator==(const StageFacts&, const StageFacts&) = default;
};

}  // namespace brume
