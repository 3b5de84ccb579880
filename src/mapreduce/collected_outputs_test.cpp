#include "mapreduce/collected_outputs.h"

#include <gtest/gtest.h>

#include "crypto/random.h"

namespace brume::mapreduce {
namespace {

crypto::SystemRandom g_random;

struct Sealed {
  crypto::Key32 key = crypto::Key32::random(g_random);
  sealed::StreamId id;
  Bytes text;
  std::vector<Bytes> blocks;
  sealed::StreamTotals totals;
};

Sealed seal(std::uint32_t partition, std::size_t size) {
  Sealed out;
  out.id.partition = partition;
  out.id.salt = g_random.make<Salt>();
  for (std::size_t i = 0; i < size; ++i) out.text.push_back(static_cast<std::uint8_t>(i * 131 >> 3));
  Bytes room(sealed::kSealedBlockLimit);
  const auto emit = [&](ByteView block) -> Status {
    out.blocks.push_back(to_bytes(block));
    return {};
  };
  sealed::BlockSealer sealer(out.key, out.id, {.block_size = 1'000});
  EXPECT_TRUE(sealer.push(out.text, room, emit));
  out.totals = sealer.finish(room, emit).value();
  return out;
}

// Says what it was asked to keep.
class WatchedStore final : public OutputStore {
 public:
  explicit WatchedStore(std::uint32_t partition_count) : kept_(partition_count) {}
  Status put(std::uint32_t partition, ByteView block) override {
    if (full) return fail(ErrorCode::kIo, "full");
    blocks.push_back(partition);
    return kept_.put(partition, block);
  }
  void discard(std::uint32_t partition) override { kept_.discard(partition); }
  Result<ByteView> get(std::uint32_t partition, std::uint64_t index) override {
    BRUME_ASSIGN(const ByteView block, kept_.get(partition, index));
    if (!alters || block.empty()) return block;
    altered_ = to_bytes(block);
    altered_[altered_.size() / 2] ^= 1;
    return ByteView(altered_);
  }

  bool full = false;
  bool alters = false;
  std::vector<std::uint32_t> blocks;  // of which partition each was

 private:
  MemoryOutputStore kept_;
  Bytes altered_;
};

void begin(CollectedOutputs& outputs, const Sealed& sealed) {
  outputs.begin(sealed.id.partition, sealed.key, sealed.id, sealed.totals);
}

void collect(CollectedOutputs& outputs, const Sealed& sealed) {
  begin(outputs, sealed);
  for (const Bytes& block : sealed.blocks) ASSERT_TRUE(outputs.add(sealed.id.partition, block));
  ASSERT_TRUE(outputs.end(sealed.id.partition));
}

Result<Bytes> read_all(PieceSource& source) {
  Bytes out;
  for (;;) {
    BRUME_ASSIGN(const ByteView piece, source.next());
    if (piece.empty()) return out;
    append(out, piece);
  }
}

TEST(CollectedOutputs, IsTheSameFromMemoryAndFromTheStore) {
  WatchedStore store(3);
  const Sealed sealed[] = {seal(0, 5'500), seal(1, 5'500), seal(2, 0)};
  CollectedOutputs outputs(3, store, sealed[0].totals.sealed_size + sealed[2].totals.sealed_size);
  for (const Sealed& one : sealed) collect(outputs, one);
  EXPECT_EQ(store.blocks, std::vector<std::uint32_t>(sealed[1].blocks.size(), 1));
  const auto sources = outputs.take();
  ASSERT_EQ(sources.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sources[i]->at_hand(), i != 1);
    EXPECT_EQ(read_all(*sources[i]).value(), sealed[i].text);
    EXPECT_TRUE(sources[i]->next()->empty());
  }
}

TEST(CollectedOutputs, WhatIsGoneMakesRoom) {
  WatchedStore store(2);
  const Sealed first = seal(0, 3'000);
  const Sealed other = seal(1, 3'000);
  CollectedOutputs outputs(2, store, first.totals.sealed_size);
  collect(outputs, seal(0, 3'000));
  collect(outputs, first);
  EXPECT_TRUE(store.blocks.empty());
  outputs.discard(0);
  collect(outputs, other);
  EXPECT_TRUE(store.blocks.empty());
  collect(outputs, first);
  const auto sources = outputs.take();
  EXPECT_FALSE(sources[0]->at_hand());
  EXPECT_TRUE(sources[1]->at_hand());
  EXPECT_EQ(read_all(*sources[0]).value(), first.text);
  EXPECT_EQ(read_all(*sources[1]).value(), other.text);
}

TEST(CollectedOutputs, RefusesWhatIsNotTheStream) {
  for (const std::uint64_t memory : {std::uint64_t{0}, std::uint64_t{1} << 20}) {
    WatchedStore store(1);
    const Sealed sealed = seal(0, 3'000);
    CollectedOutputs outputs(1, store, memory);
    begin(outputs, sealed);
    EXPECT_EQ(outputs.add(0, seal(0, 3'000).blocks[0]).error().code, ErrorCode::kAuthFailed);

    begin(outputs, sealed);
    ASSERT_TRUE(outputs.add(0, sealed.blocks[0]));
    EXPECT_EQ(outputs.add(0, sealed.blocks[2]).error().code, ErrorCode::kAuthFailed);

    begin(outputs, sealed);
    ASSERT_TRUE(outputs.add(0, sealed.blocks[0]));
    EXPECT_FALSE(outputs.end(0));

    Sealed other = sealed;
    ++other.totals.sealed_size;
    begin(outputs, other);
    for (const Bytes& block : sealed.blocks) ASSERT_TRUE(outputs.add(0, block));
    EXPECT_FALSE(outputs.end(0));

    other.totals.sealed_size -= 2;  // of a task that told of less than it seals
    begin(outputs, other);
    for (std::size_t i = 0; i + 1 < sealed.blocks.size(); ++i) ASSERT_TRUE(outputs.add(0, sealed.blocks[i]));
    EXPECT_EQ(outputs.add(0, sealed.blocks.back()).error().what, "longer than the committed stream");
  }
}

TEST(CollectedOutputs, AStoreThatFailsIsToldApart) {
  WatchedStore store(1);
  const Sealed sealed = seal(0, 3'000);
  CollectedOutputs outputs(1, store, 0);
  collect(outputs, sealed);
  store.alters = true;
  EXPECT_EQ(read_all(*outputs.take()[0]).error().code, ErrorCode::kAuthFailed);
  store.full = true;
  begin(outputs, sealed);
  EXPECT_EQ(outputs.add(0, sealed.blocks[0]).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace brume::mapreduce
