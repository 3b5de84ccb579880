#include "mapreduce/descriptor.h"

#include <gtest/gtest.h>

#include <functional>

#include "crypto/hash.h"
#include "mapreduce/keys.h"
#include "mapreduce/test_values.h"

namespace brume::mapreduce {
namespace {

using Change = std::function<void(DescriptorFields&)>;

Result<Descriptor> changed(const Change& change) {
  DescriptorFields fields = example_fields();
  change(fields);
  return Descriptor::create(std::move(fields));
}

TEST(Descriptor, RoundTrips) {
  const Descriptor made = *Descriptor::create(example_fields());
  const auto parsed = Descriptor::parse(made.encoded());
  ASSERT_TRUE(parsed.has_value()) << parsed.error().what;
  EXPECT_EQ(parsed->fields(), example_fields());
  EXPECT_EQ(parsed->encoded(), made.encoded());
  EXPECT_EQ(parsed->hash(), crypto::sha256(made.encoded()));
}

TEST(Descriptor, RefusesEveryTruncationAndTrailingBytes) {
  const Bytes encoded = Descriptor::create(example_fields())->encoded();
  for (std::size_t size = 0; size < encoded.size(); ++size) {
    EXPECT_FALSE(Descriptor::parse(ByteView(encoded).first(size)).has_value()) << size;
  }
  Bytes longer = encoded;
  longer.push_back(0);
  EXPECT_FALSE(Descriptor::parse(longer).has_value());
}

TEST(Descriptor, RefusesAnUnknownVersion) {
  Bytes encoded = Descriptor::create(example_fields())->encoded();
  encoded[7] = '2';
  const auto parsed = Descriptor::parse(encoded);
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().code, ErrorCode::kUnsupported);
}

TEST(Descriptor, HashChangesWithEveryByte) {
  const Descriptor made = *Descriptor::create(example_fields());
  for (std::size_t i = 0; i < made.encoded().size(); ++i) {
    Bytes other = made.encoded();
    other[i] ^= 1;
    const auto parsed = Descriptor::parse(other);
    if (parsed) {
      EXPECT_NE(parsed->hash(), made.hash()) << i;
    }
  }
}

TEST(Descriptor, RefusesSplitsThatDoNotCoverTheInputExactly) {
  EXPECT_TRUE(changed([](auto& f) { f.split_chunk_counts = {10}; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.split_chunk_counts = {4, 3, 2}; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.split_chunk_counts = {4, 3, 4}; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.split_chunk_counts = {4, 0, 6}; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.split_chunk_counts = {}; }).has_value());
}

TEST(Descriptor, RefusesAnEmptyFinalChunkUnlessItIsTheOnlyOne) {
  EXPECT_FALSE(changed([](auto& f) { f.input.final_chunk_size = 0; }).has_value());
  EXPECT_TRUE(changed([](auto& f) {
                f.input.final_chunk_size = 0;
                f.input.chunk_count = 1;
                f.split_chunk_counts = {1};
              }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.input.final_chunk_size = kChunkSize + 1; }).has_value());
}

TEST(Descriptor, RefusesNumbersOverTheirLimits) {
  EXPECT_FALSE(changed([](auto& f) { f.partition_count = 0; }).has_value());
  EXPECT_TRUE(changed([](auto& f) { f.partition_count = kPartitionLimit; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.partition_count = kPartitionLimit + 1; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.padding_least = kPaddingLeastLimit + 1; }).has_value());
  const auto with_splits = [](std::uint32_t splits, std::uint32_t partitions) {
    return changed([&](auto& f) {
      f.input.chunk_count = splits;
      f.split_chunk_counts.assign(splits, 1);
      f.partition_count = partitions;
    });
  };
  EXPECT_TRUE(with_splits(kSplitLimit, 64).has_value());
  EXPECT_FALSE(with_splits(kSplitLimit, 65).has_value());
  EXPECT_FALSE(with_splits(kSplitLimit + 1, 1).has_value());
}

TEST(Descriptor, RefusesParametersOutOfOrderTwiceOrTooLong) {
  EXPECT_FALSE(changed([](auto& f) { f.parameters = {{"b", ""}, {"a", ""}}; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.parameters = {{"a", ""}, {"a", ""}}; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.parameters = {{"", "x"}}; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.parameters = {{"A", "x"}}; }).has_value());
  EXPECT_TRUE(changed([](auto& f) { f.parameters = {{"a", std::string(60000, 'x')}}; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.parameters = {{"a", std::string(65530, 'x')}}; }).has_value());
}

TEST(Descriptor, RefusesNamesOfOtherBytes) {
  EXPECT_FALSE(changed([](auto& f) { f.job_name = ""; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.job_name = "Word"; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.job_name = std::string(65, 'a'); }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.output_recipient = "age1 x"; }).has_value());
}

TEST(Descriptor, KnowsItsChunks) {
  const Descriptor made = *Descriptor::create(example_fields());
  EXPECT_EQ(made.range(1).first, 4u);
  EXPECT_EQ(made.range(1).count, 3u);
  EXPECT_EQ(made.chunk_size(8), kChunkSize);
  EXPECT_EQ(made.chunk_size(9), 77u);
  EXPECT_EQ(made.input_size(), 9u * kChunkSize + 77);
}

TEST(PlanSplits, CoversTheInputEvenly) {
  EXPECT_EQ(plan_splits(10, 4), (std::vector<std::uint32_t>{4, 3, 3}));
  EXPECT_EQ(plan_splits(1, 100), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(plan_splits(3, 0), (std::vector<std::uint32_t>{1, 1, 1}));
  EXPECT_EQ(plan_splits(200000, 1).size(), kSplitLimit);
}

TEST(Keys, DifferByRunStageIndexSaltAndPartition) {
  const crypto::Key32 run = *crypto::Key32::from(Bytes(32, 9));
  Sha256Digest hash;
  const RunKeys keys(run, hash);
  Sha256Digest other_hash;
  other_hash.bytes[0] = 1;
  const crypto::Key32 task = keys.task_key({Stage::kMap, 1});
  EXPECT_TRUE(task == keys.task_key({Stage::kMap, 1}));
  EXPECT_FALSE(task == keys.task_key({Stage::kMap, 2}));
  EXPECT_FALSE(task == keys.task_key({Stage::kReduce, 1}));
  EXPECT_FALSE(task == RunKeys(run, other_hash).task_key({Stage::kMap, 1}));
  EXPECT_FALSE(keys.partition_hash_key() == RunKeys(run, other_hash).partition_hash_key());
  Salt salt;
  Salt other_salt;
  other_salt.bytes[31] = 1;
  const crypto::Key32 stream = derive_stream_key(task, salt, 0);
  EXPECT_FALSE(stream == derive_stream_key(task, salt, 1));
  EXPECT_FALSE(stream == derive_stream_key(task, other_salt, 0));
  EXPECT_FALSE(stream == task);
}

}  // namespace
}  // namespace brume::mapreduce
