#include "simulation/host.h"

namespace brume::simulation {

bool distort(Attack attack, Pieces& pieces, const Pieces& foreign, SeededRandom& random) {
  const auto pick = [&](const Pieces& from) { return static_cast<std::size_t>(random.below(from.size())); };
  const auto at = [&](std::size_t index) { return pieces.begin() + static_cast<std::ptrdiff_t>(index); };
  switch (attack) {
    case Attack::kNone:
    case Attack::kRefuse:
      return true;
    case Attack::kSilence:
      return false;
    case Attack::kEmptyAnswer:
      pieces.clear();
      return true;
    case Attack::kForeignAnswer:
      if (!foreign.empty()) pieces = foreign;
      return true;
    case Attack::kLengthen:
      pieces.push_back(Bytes(17 + random.below(100), 7));
      return true;
    default:
      break;
  }
  if (pieces.empty()) return true;
  const std::size_t index = pick(pieces);
  switch (attack) {
    case Attack::kFlipBit: {
      Bytes& piece = pieces[index];
      piece[random.below(piece.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
      break;
    }
    case Attack::kDropPiece:
      pieces.erase(at(index));
      break;
    case Attack::kDoublePiece:
      pieces.insert(at(index), Bytes(pieces[index]));
      break;
    case Attack::kSwapPieces:
      std::swap(pieces[index], pieces[pick(pieces)]);
      break;
    case Attack::kTruncate: {
      pieces.resize(index + 1);
      pieces[index].resize(random.below(pieces[index].size()));
      if (pieces[index].empty()) pieces.pop_back();
      break;
    }
    case Attack::kForeignPiece:
      if (!foreign.empty()) pieces[index] = foreign[pick(foreign)];
      break;
    default:
      break;
  }
  return true;
}

const Pieces* foreign_stream(const Storage& storage, const abi::StreamName& name, SeededRandom& random) {
  std::vector<const Pieces*> all;
  std::vector<const Pieces*> close;  // differs in one of run, split, partition, attempt only
  for (const auto& [other, stream] : storage) {
    if (other == name || !stream.complete) continue;
    all.push_back(&stream.blocks);
    const int differences = (other.run != name.run ? 1 : 0) + (other.stage != name.stage ? 1 : 0) +
                            (other.split != name.split ? 1 : 0) + (other.partition != name.partition ? 1 : 0);
    if (differences <= 1) close.push_back(&stream.blocks);
  }
  const auto& from = close.empty() || random.below(4) == 0 ? all : close;
  return from.empty() ? nullptr : from[random.below(from.size())];
}

}  // namespace brume::simulation
