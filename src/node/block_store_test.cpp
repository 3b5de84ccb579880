#include "node/block_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "node/test_store.h"

namespace brume::node {
namespace {

using namespace testing_store;

TEST(BlockStore, GivesInterleavedStreamsBackWholeOnceEnded) {
  const Folder folder;
  const auto store = BlockStore::open(folder.path).value();
  Bytes expected[3];
  for (int i = 0; i < 50; ++i) {
    for (std::uint32_t p = 0; p < 3; ++p) {
      const Bytes put = block(1000u * (p * 40 + 1) + static_cast<std::size_t>(i), static_cast<std::uint8_t>(i));
      ASSERT_TRUE(store->put(stream(1, p), put));
      append(expected[p], put);
      EXPECT_EQ(store->open_stream({stream(1, p)}).error(), transport::FetchFailure::kNotFound);
    }
  }
  for (std::uint32_t p = 0; p < 3; ++p) {
    ASSERT_TRUE(store->end(stream(1, p)));
    EXPECT_EQ(read_all(**store->open_stream({stream(1, p)})), expected[p]);
    EXPECT_FALSE(store->put(stream(1, p), block(1, 1)));
    EXPECT_FALSE(store->end(stream(1, p)));
  }
  EXPECT_EQ(store->stored_size(), expected[0].size() + expected[1].size() + expected[2].size());
  EXPECT_EQ(folder.count(), 1u);
}

TEST(BlockStore, GivesPartsThatBeginWhereAPutBegan) {
  const Folder folder;
  const auto store = BlockStore::open(folder.path).value();
  std::vector<Bytes> puts;
  for (std::uint8_t i = 0; i < 9; ++i) {
    puts.push_back(block(100u + i, i));
    ASSERT_TRUE(store->put(stream(1, 0), puts.back()));
    ASSERT_TRUE(store->put(stream(1, 1), block(10, i)));
  }
  ASSERT_TRUE(store->end(stream(1, 0)));
  std::uint64_t offset = 0;
  for (std::size_t i = 0; i < puts.size(); ++i) {
    EXPECT_EQ(read_all(**store->open_stream({stream(1, 0), offset, 1})), puts[i]);
    Bytes two = puts[i];
    if (i + 1 < puts.size()) append(two, puts[i + 1]);
    EXPECT_EQ(read_all(**store->open_stream({stream(1, 0), offset, puts[i].size() + 1})), two);
    EXPECT_EQ(store->open_stream({stream(1, 0), offset + 1, 1}).error(), transport::FetchFailure::kBadRequest);
    offset += puts[i].size();
  }
  EXPECT_EQ(read_all(**store->open_stream({stream(1, 0), 0, ~std::uint64_t{0}})).size(), offset);
  EXPECT_TRUE(read_all(**store->open_stream({stream(1, 0), offset, 0})).empty());
  EXPECT_EQ(store->open_stream({stream(1, 0), offset + 1, 0}).error(), transport::FetchFailure::kBadRequest);
}

TEST(BlockStore, DropsAStreamAndGivesItsPlaceBack) {
  const Folder folder;
  const auto store = BlockStore::open(folder.path, {.size = 3u << 20}).value();
  const auto blocks_used = [&] {
    struct stat about{};
    EXPECT_EQ(::stat(fs::directory_iterator(folder.path)->path().c_str(), &about), 0);
    return about.st_blocks;
  };
  ASSERT_TRUE(store->put(stream(1, 0), block(10, 1)));
  ASSERT_TRUE(store->end(stream(1, 0)));
  for (std::uint32_t i = 1; i < 9; ++i) {  // more in all than the limit
    ASSERT_TRUE(store->put(stream(1, i), block((1u << 20) - 4, 2)));
    ASSERT_TRUE(store->end(stream(1, i)));
    store->drop_stream(stream(1, i));
    EXPECT_FALSE(store->open_stream({stream(1, i)}));
  }
  EXPECT_LT(blocks_used(), 4096);
  EXPECT_EQ(store->stored_size(), 14u);
  EXPECT_EQ(read_all(**store->open_stream({stream(1, 0)})), block(10, 1));
  store->drop_stream(stream(2, 0));
  store->drop_run(stream(1, 0).run);
  EXPECT_EQ(store->stored_size(), 0u);
}

TEST(BlockStore, AnEmptyStreamIsOne) {
  const Folder folder;
  const auto store = BlockStore::open(folder.path).value();
  ASSERT_TRUE(store->end(stream(1, 0)));
  EXPECT_TRUE(read_all(**store->open_stream({stream(1, 0)})).empty());
}

TEST(BlockStore, NamesDifferInEveryField) {
  const Folder folder;
  const auto store = BlockStore::open(folder.path).value();
  ASSERT_TRUE(store->end(stream(1, 0)));
  auto other = stream(1, 0);
  other.salt.bytes[31] = 1;
  EXPECT_FALSE(store->open_stream({other}));
  other = stream(1, 0);
  other.stage = abi::Stage::kOutput;
  EXPECT_FALSE(store->open_stream({other}));
  other = stream(1, 0);
  other.split = 1;
  EXPECT_FALSE(store->open_stream({other}));
}

TEST(BlockStore, DropsARunWhileSomebodyReads) {
  const Folder folder;
  const auto store = BlockStore::open(folder.path).value();
  ASSERT_TRUE(store->put(stream(1, 0), block(10, 1)));
  ASSERT_TRUE(store->end(stream(1, 0)));
  const auto source = std::move(*store->open_stream({stream(1, 0)}));
  store->drop_run(stream(1, 0).run);
  EXPECT_EQ(folder.count(), 0u);
  EXPECT_EQ(store->stored_size(), 0u);
  EXPECT_FALSE(store->open_stream({stream(1, 0)}));
  EXPECT_EQ(read_all(*source), block(10, 1));
}

TEST(BlockStore, LimitsSizeRunsAndStreams) {
  const Folder folder;
  const auto store = BlockStore::open(folder.path, {.size = 100, .run_count = 2, .stream_count = 3}).value();
  ASSERT_TRUE(store->put(stream(1, 0), block(60, 1)));
  EXPECT_EQ(store->put(stream(1, 1), block(60, 1)).error().code, ErrorCode::kLimit);
  EXPECT_EQ(store->end(stream(1, 1)).error().code, ErrorCode::kState) << "a broken stream stays invisible";
  EXPECT_FALSE(store->open_stream({stream(1, 1)}));
  ASSERT_TRUE(store->end(stream(2, 0)));
  EXPECT_EQ(store->end(stream(2, 1)).error().code, ErrorCode::kLimit);
  EXPECT_EQ(store->end(stream(3, 0)).error().code, ErrorCode::kLimit);
}

TEST(BlockStore, RefusesCutBlocks) {
  const Folder folder;
  const auto store = BlockStore::open(folder.path).value();
  Bytes cut = block(10, 1);
  cut.pop_back();
  EXPECT_FALSE(store->put(stream(1, 0), cut));
  EXPECT_FALSE(store->put(stream(1, 1), {}));
  EXPECT_FALSE(store->put(stream(1, 2), Bytes{0, 0, 0, 0}));
}

TEST(BlockStore, RemovesWhatAnEarlierNodeLeftAndNothingElse) {
  const Folder folder;
  std::ofstream(folder.path / (std::string(32, 'a') + ".blocks")) << "old";
  std::ofstream(folder.path / "notes.txt") << "mine";
  {
    const auto store = BlockStore::open(folder.path).value();
    EXPECT_EQ(folder.count(), 1u);
    ASSERT_TRUE(store->put(stream(1, 0), block(1, 1)));
    EXPECT_EQ(folder.count(), 2u);
  }
  EXPECT_EQ(folder.count(), 1u);
  EXPECT_TRUE(fs::exists(folder.path / "notes.txt"));
}

}  // namespace
}  // namespace brume::node
