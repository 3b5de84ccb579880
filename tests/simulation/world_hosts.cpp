// What hosts answer: input, streams and results, as they keep them or as they like.
#include "abi/ring.h"
#include "base/check.h"
#include "base/writer.h"
#include "simulation/world.h"

namespace brume::simulation {

using mapreduce::RunAction;

namespace {

// Blocks from the offset on, as many as it takes.
Pieces part_of(const Pieces& blocks, const abi::StreamPart& part) {
  Pieces out;
  std::uint64_t at = 0;
  std::uint64_t size = 0;
  for (const Bytes& block : blocks) {
    if (at >= part.offset && (part.size == 0 || size < part.size)) {
      out.push_back(block);
      size += block.size() + 4;
    }
    at += block.size() + 4;
  }
  return out;
}

}  // namespace

Attack World::attack() {
  if (!random_.chance(trouble_.hostility.per_mille)) return Attack::kNone;
  ++outcome_.attacks;
  return static_cast<Attack>(1 + random_.below(kAttackCount - 1));
}

void World::answer(Node& node, std::uint64_t id, abi::ToEnclave type, Pieces pieces, const Pieces& foreign,
                   bool known) {
  const Attack how = attack();
  if (!distort(how, pieces, foreign, random_)) return;
  const std::uint64_t link = node.serial() + (random_.below(4) + 2) * kMasterLink;  // several fetches at once
  const auto send = [&](abi::ToEnclave frame_type, Bytes payload) {
    in_order(link, [this, serial = node.serial(), frame_type, id, payload = std::move(payload)] {
      if (Node* found = find(serial)) found->frame_in(frame_type, id, payload);
    });
  };
  if (!known || how == Attack::kRefuse) return send(abi::ToEnclave::kFetchFailed, {});
  Bytes batch;
  for (const Bytes& piece : pieces) {
    if (batch.size() + piece.size() + 4 > abi::kFramePayloadLimit || random_.below(3) == 0) {
      if (!batch.empty()) send(type, std::exchange(batch, {}));
    }
    if (type == abi::ToEnclave::kBlock) append(batch, Writer().u32le(static_cast<std::uint32_t>(piece.size())).bytes());
    append(batch, piece);
  }
  if (!batch.empty()) send(type, std::move(batch));
  send(abi::ToEnclave::kFetchEnd, {});
}

void World::fetch_input(Node& node, std::uint64_t id, const abi::InputRange& range) {
  Pieces pieces;
  Pieces foreign;
  for (std::uint64_t i = 0; i < range.chunk_count && range.first_chunk + i < input_.size(); ++i) {
    pieces.push_back(input_[range.first_chunk + i]);
    if (range.first_chunk + i < other_input_.size()) foreign.push_back(other_input_[range.first_chunk + i]);
  }
  if (random_.below(2) == 0) foreign = {input_[random_.below(input_.size())]};
  answer(node, id, abi::ToEnclave::kInput, std::move(pieces), foreign, true);
}

// Of all that hosts ever kept; honest ones do not look.
const Pieces* World::foreign_to(const abi::StreamName& name) {
  if (trouble_.hostility.per_mille == 0) return nullptr;
  for (const auto& node : nodes_) graveyard_.insert(node->storage().begin(), node->storage().end());
  return foreign_stream(graveyard_, name, random_);
}

void World::fetch_stream(Node& node, std::uint64_t id, const abi::FetchStream& fetch) {
  Node* holder = fetch.holder.value == 0 ? &node : find_admitted(fetch.holder);
  const Storage::iterator found = holder == nullptr ? Storage::iterator{} : holder->storage().find(fetch.part.name);
  const bool known = holder != nullptr && found != holder->storage().end() && found->second.complete;
  const Pieces* foreign = foreign_to(fetch.part.name);
  answer(node, id, abi::ToEnclave::kBlock, known ? part_of(found->second.blocks, fetch.part) : Pieces{},
         foreign ? part_of(*foreign, fetch.part) : Pieces{}, known);
}

void World::fetch_output(const RunAction& action) {
  const abi::StreamName name{core_->descriptor().run(), abi::Stage::kOutput, action.output.split,
                             action.output.partition, action.output.salt};
  at(static_cast<UnixMs>(1 + random_.below(50)), [this, name, ticket = action.ticket, holder = action.node] {
    if (!core_) return;
    Node* node = find_admitted(holder);
    const auto how = attack();
    if (node == nullptr || !node->storage().contains(name) || how == Attack::kRefuse) {
      core_->on_output_failed(ticket, "not there");
      return act();
    }
    Pieces pieces = node->storage()[name].blocks;
    const Pieces* foreign = foreign_to(name);
    if (!distort(how, pieces, foreign ? *foreign : Pieces{}, random_)) return;
    for (const Bytes& piece : pieces) core_->on_output_block(ticket, piece);
    core_->on_output_end(ticket);
    act();
  });
}

}  // namespace brume::simulation
