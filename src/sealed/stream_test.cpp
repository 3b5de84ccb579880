#include "sealed/stream.h"

#include <gtest/gtest.h>

#include "crypto/random.h"

namespace brume::sealed {
namespace {

crypto::SystemRandom g_random;

Bytes text_of(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 131 >> 3);
  return out;
}

StreamId some_id() {
  StreamId id;
  id.descriptor_hash.bytes.fill(7);
  id.stage = 1;
  id.split = 3;
  id.split_count = 10;
  id.partition = 2;
  id.partition_count = 4;
  id.salt = g_random.make<Salt>();
  return id;
}

struct Sealed {
  std::vector<Bytes> blocks;
  StreamTotals totals;
};

Sealed seal_all(const crypto::Key32& key, const StreamId& id, ByteView data, const BlockSealer::Options& options = {},
                std::size_t piece = 1000003) {
  BlockSealer sealer(key, id, options);
  Bytes out(kSealedBlockLimit);
  Sealed sealed;
  auto emit = [&](ByteView block) -> Status {
    sealed.blocks.push_back(to_bytes(block));
    return {};
  };
  while (!data.empty()) {
    std::size_t size = std::min(piece, data.size());
    EXPECT_TRUE(sealer.push(data.first(size), out, emit));
    data = data.subspan(size);
  }
  sealed.totals = *sealer.finish(out, emit);
  return sealed;
}

Result<Bytes> open_all(BlockOpener& opener, const Sealed& sealed) {
  Bytes out(kSealedBlockLimit);
  Bytes data;
  for (const Bytes& block : sealed.blocks) {
    BRUME_ASSIGN(ByteView plaintext, opener.open(block, out));
    append(data, plaintext);
  }
  BRUME_TRY(opener.finish(sealed.totals));
  return data;
}

struct StreamTest : testing::Test {
  crypto::Key32 key = crypto::Key32::random(g_random);
  StreamId id = some_id();
  BlockSealer::Options small{Padding::off(), 1000};
  Bytes data = text_of(4500);
  Sealed sealed = seal_all(key, id, data, small);

  StreamFault fault_of(const Sealed& stream) {
    BlockOpener opener(key, id);
    auto opened = open_all(opener, stream);
    EXPECT_FALSE(opened);
    if (opened) return StreamFault::kNone;
    EXPECT_NE(opened.error().what.find(stream_fault_name(opener.fault())), std::string::npos) << opened.error().what;
    Bytes out(kSealedBlockLimit);
    EXPECT_FALSE(opener.open(stream.blocks.empty() ? Bytes() : stream.blocks[0], out));  // for good
    return opener.fault();
  }
};

TEST_F(StreamTest, OpensWhatWasSealed) {
  for (std::size_t size : {0, 1, 999, 1000, 1001, 2000, 262143, 262144, 262145, 1000000}) {
    for (std::size_t block_size : {std::size_t{1000}, kBlockPlaintextLimit}) {
      for (std::size_t piece : {std::size_t{7}, std::size_t{1000}, std::size_t{1} << 20}) {
        if (size / piece > 20000) continue;
        Sealed stream = seal_all(key, id, text_of(size), {Padding::off(), block_size}, piece);
        EXPECT_EQ(stream.blocks.size(), size / block_size + 1);
        BlockOpener opener(key, id);
        EXPECT_EQ(*open_all(opener, stream), text_of(size));
      }
    }
  }
}

TEST_F(StreamTest, TakesWhatIsWrittenStraightIntoItsRoom) {
  BlockSealer sealer(key, id, small);
  Bytes out(kSealedBlockLimit);
  Sealed stream;
  auto emit = [&](ByteView block) -> Status {
    stream.blocks.push_back(to_bytes(block));
    return {};
  };
  for (ByteView rest = data; !rest.empty();) {
    MutableByteView room = sealer.room();
    ASSERT_FALSE(room.empty());
    std::size_t size = std::min({room.size(), rest.size(), std::size_t{77}});
    std::memcpy(room.data(), rest.data(), size);
    ASSERT_TRUE(sealer.commit(size, out, emit));
    rest = rest.subspan(size);
  }
  stream.totals = *sealer.finish(out, emit);
  EXPECT_EQ(stream.totals, sealed.totals);
  EXPECT_EQ(stream.blocks, sealed.blocks);
}

TEST_F(StreamTest, StopsWhenTheSinkFails) {
  BlockSealer sealer(key, id, small);
  Bytes out(kSealedBlockLimit);
  auto emit = [](ByteView) -> Status { return fail(ErrorCode::kIo, "full"); };
  EXPECT_FALSE(sealer.push(data, out, emit));
}

TEST_F(StreamTest, RefusesDroppedBlocks) {
  for (std::size_t i = 0; i < sealed.blocks.size(); ++i) {
    Sealed stream = sealed;
    stream.blocks.erase(stream.blocks.begin() + static_cast<std::ptrdiff_t>(i));
    bool last = i + 1 == sealed.blocks.size();
    EXPECT_EQ(fault_of(stream), last ? StreamFault::kTruncated : StreamFault::kReordered);
  }
}

TEST_F(StreamTest, RefusesDoubledBlocks) {
  for (std::size_t i = 0; i < sealed.blocks.size(); ++i) {
    Sealed stream = sealed;
    stream.blocks.insert(stream.blocks.begin() + static_cast<std::ptrdiff_t>(i), sealed.blocks[i]);
    bool last = i + 1 == sealed.blocks.size();
    EXPECT_EQ(fault_of(stream), last ? StreamFault::kAfterLast : StreamFault::kRepeated);
  }
}

TEST_F(StreamTest, RefusesReorderedBlocks) {
  for (std::size_t i = 0; i + 1 < sealed.blocks.size(); ++i) {
    Sealed stream = sealed;
    std::swap(stream.blocks[i], stream.blocks[i + 1]);
    EXPECT_EQ(fault_of(stream), StreamFault::kReordered);
  }
}

TEST_F(StreamTest, RefusesDataAfterTheLastBlock) {
  Sealed stream = sealed;
  stream.blocks.push_back(sealed.blocks[0]);
  EXPECT_EQ(fault_of(stream), StreamFault::kAfterLast);
}

TEST_F(StreamTest, RefusesAnEmptyStream) { EXPECT_EQ(fault_of(Sealed{}), StreamFault::kTruncated); }

TEST_F(StreamTest, RefusesEveryFlippedBitAndTruncationOfABlock) {
  Sealed stream = seal_all(key, id, text_of(20), small);
  for (std::size_t i = 0; i < stream.blocks[0].size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Sealed altered = stream;
      altered.blocks[0][i] = static_cast<std::uint8_t>(altered.blocks[0][i] ^ 1 << bit);
      StreamFault fault = fault_of(altered);
      EXPECT_EQ(fault, i == 0 && bit > 1 ? StreamFault::kSize : StreamFault::kForeign);
    }
    Sealed cut = stream;
    cut.blocks[0].resize(i);
    EXPECT_EQ(fault_of(cut), i < kBlockOverhead ? StreamFault::kSize : StreamFault::kForeign);
  }
}

TEST_F(StreamTest, RefusesBlocksOfAnotherStreamOfTheSameKey) {
  // Even if keys were shared, each field of the name is bound.
  auto foreign = [&](auto change) {
    StreamId other = id;
    change(other);
    Sealed stream = sealed;
    stream.blocks[1] = seal_all(key, other, data, small).blocks[1];
    EXPECT_EQ(fault_of(stream), StreamFault::kForeign);
  };
  foreign([](StreamId& other) { other.descriptor_hash.bytes[31] ^= 1; });
  foreign([](StreamId& other) { other.stage = 2; });
  foreign([](StreamId& other) { ++other.split; });
  foreign([](StreamId& other) { ++other.split_count; });
  foreign([](StreamId& other) { ++other.partition; });
  foreign([](StreamId& other) { ++other.partition_count; });
  foreign([](StreamId& other) { other.salt.bytes[0] ^= 1; });
}

TEST_F(StreamTest, RefusesBlocksOfAnotherKey) {
  Sealed stream = sealed;
  stream.blocks[2] = seal_all(crypto::Key32::random(g_random), id, data, small).blocks[2];
  EXPECT_EQ(fault_of(stream), StreamFault::kForeign);
}

TEST_F(StreamTest, RefusesAWholeStreamThatWasNotCommitted) {
  Sealed other = seal_all(key, id, text_of(4400), small);
  other.totals = sealed.totals;
  EXPECT_EQ(fault_of(other), StreamFault::kTotals);
  for (auto change : {+[](StreamTotals& t) { ++t.block_count; }, +[](StreamTotals& t) { --t.sealed_size; },
                      +[](StreamTotals& t) { t.digest.bytes[5] ^= 1; }}) {
    Sealed stream = sealed;
    change(stream.totals);
    EXPECT_EQ(fault_of(stream), StreamFault::kTotals);
  }
}

TEST_F(StreamTest, RefusesBlocksOverTheLimit) {
  Sealed stream = sealed;
  stream.blocks[0].resize(kSealedBlockLimit + 1);
  EXPECT_EQ(fault_of(stream), StreamFault::kSize);
}

TEST_F(StreamTest, PadsAndGivesTheDataBack) {
  for (Padding padding : {Padding::by_padme(4096), Padding::by_padme(512)}) {
    std::vector<std::uint64_t> sizes;
    for (std::size_t size : {0, 1, 511, 995, 996, 997, 4096, 4097, 4500, 20000}) {
      Sealed stream = seal_all(key, id, text_of(size), {padding, 1000});
      BlockOpener opener(key, id);
      EXPECT_EQ(*open_all(opener, stream), text_of(size));
      std::uint64_t padded = padding.padded(size);
      EXPECT_EQ(stream.totals.block_count, padded / 996 + 1);
      EXPECT_EQ(stream.totals.sealed_size, padded + stream.totals.block_count * (4 + kBlockOverhead));
    }
  }
}

TEST(Padme, RoundsUpByAtMostTwelvePerCent) {
  EXPECT_EQ(padme(0), 0u);
  EXPECT_EQ(padme(1), 1u);
  EXPECT_EQ(padme(9), 10u);
  EXPECT_EQ(padme(1000), 1024u);
  for (std::uint64_t size = 2; size < 5'000'000; size = size * 11 / 10 + 1) {
    EXPECT_GE(padme(size), size);
    EXPECT_LE(static_cast<double>(padme(size)), static_cast<double>(size) * 1.12);
    EXPECT_EQ(padme(padme(size)), padme(size));
  }
}

}  // namespace
}  // namespace brume::sealed
