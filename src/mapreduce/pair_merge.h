// Sorted sequences of pairs (docs/formats/records.md, "Sorted pairs") become one, in the memory that there is: what is
// more than can be read at once is merged to scratch first.
#pragma once

#include <brume/detail/pairs.h>

#include <vector>

#include "base/result.h"

namespace brume::mapreduce {

// One of the sequences.
struct PairSequence {
  std::function<std::unique_ptr<ByteSource>(std::size_t window)> open;  // called once
  std::uint64_t largest_pair = 0;  // bytes of key and value; a larger one is refused
};

// A reader over all of them; `scratch` outlives it. Refuses what is malformed or out of order. No more are read at once
// than memory has room for pairs of theirs, but two always are. Equal keys are combined in what goes through scratch,
// and else come one after another.
Result<std::unique_ptr<detail::PairReader>> merge_pairs(std::vector<PairSequence> sources, Scratch& scratch,
                                                        const detail::PairRules& rules);

// Pairs with equal keys become one where the rules say how. `from` outlives it.
std::unique_ptr<detail::PairReader> combine_pairs(detail::PairReader& from, const detail::PairRules& rules);

// Writes all of `from` as one run. `scratch` outlives what is returned.
Result<PairSequence> write_run(detail::PairReader& from, Scratch& scratch);

// What the reading of one sequence takes besides its window: a block of its stream, opened and unopened.
inline constexpr std::size_t kSourceMemory = 128u << 10;
inline constexpr std::size_t kLeastWindow = 64u << 10;
inline constexpr std::size_t kLargestWindow = 1u << 20;
inline constexpr std::size_t kLeastFanIn = 2;

}  // namespace brume::mapreduce
