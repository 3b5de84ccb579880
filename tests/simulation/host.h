// What a hostile host can do with what it keeps and carries: the attacks of a simulated cluster.
#pragma once

#include <map>
#include <vector>

#include "abi/frames.h"
#include "simulation/seeded_random.h"

namespace brume::simulation {

// How often, in a thousand answers, a host does what it should not.
struct Hostility {
  std::uint64_t per_mille = 0;
  friend bool operator==(const Hostility&, const Hostility&) = default;
};

enum class Attack {
  kNone,
  kFlipBit,
  kDropPiece,
  kDoublePiece,
  kSwapPieces,
  kTruncate,
  kEmptyAnswer,
  kForeignPiece,   // of another stream or file: other task, partition, attempt or run
  kForeignAnswer,  // all of it
  kSilence,
  kRefuse,
  kLengthen,
};
inline constexpr std::uint64_t kAttackCount = 12;

using Pieces = std::vector<Bytes>;

struct StoredStream {
  Pieces blocks;
  bool complete = false;
};
using Storage = std::map<abi::StreamName, StoredStream>;

// Changes an answer as the attack says; `foreign` is another answer of the same kind, maybe empty.
// False: the host stays silent. kRefuse and kNone leave the pieces as they are.
bool distort(Attack attack, Pieces& pieces, const Pieces& foreign, SeededRandom& random);

// A stream that is not the one of this name, most often one that is close to it.
const Pieces* foreign_stream(const Storage& storage, const abi::StreamName& name, SeededRandom& random);

}  // namespace brume::simulation
