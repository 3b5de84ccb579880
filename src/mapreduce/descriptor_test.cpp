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
  encoded[7] = '1';
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
  EXPECT_FALSE(changed([](auto& f) { f.inputs[0].commitment.final_chunk_size = 0; }).has_value());
  EXPECT_TRUE(changed([](auto& f) {
                f.inputs[0].commitment.final_chunk_size = 0;
                f.inputs[0].commitment.chunk_count = 1;
                f.split_chunk_counts = {1};
              }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.inputs[0].commitment.final_chunk_size = kChunkSize + 1; }).has_value());
}

TEST(Descriptor, RefusesNumbersOverTheirLimits) {
  EXPECT_FALSE(changed([](auto& f) { f.partition_count = 0; }).has_value());
  EXPECT_TRUE(changed([](auto& f) { f.partition_count = kPartitionLimit; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.partition_count = kPartitionLimit + 1; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.padding_least = kPaddingLeastLimit + 1; }).has_value());
  const auto with_splits = [](std::uint32_t splits, std::uint32_t partitions) {
    return changed([&](auto& f) {
      f.inputs[0].commitment.chunk_count = splits;
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
  EXPECT_EQ(made.place_of(8).size, kChunkSize);
  EXPECT_EQ(made.place_of(9).size, 77u);
  EXPECT_EQ(made.input_size(), 9u * kChunkSize + 77);
  EXPECT_EQ(made.cut_splits(), (std::vector<std::uint32_t>{0, 1, 2}));
}

// 3 chunks in one split, 5 in two, 1; two sides of 2 and 1 chunks.
DescriptorFields many_files() {
  DescriptorFields fields = example_fields();
  fields.inputs = {
      {example_commitment(3), "a", {}}, {example_commitment(5), "b", {}}, {example_commitment(1), "a", {}}};
  fields.sides = {{example_commitment(2), "one"}, {example_commitment(1), "two"}};
  fields.split_chunk_counts = {3, 4, 1, 1};
  return fields;
}

TEST(Descriptor, NumbersChunksThroughInputsThenSides) {
  const Descriptor made = *Descriptor::create(many_files());
  EXPECT_EQ(Descriptor::parse(made.encoded())->fields(), many_files());
  EXPECT_EQ(made.chunk_count(), 12u);
  EXPECT_EQ(made.input_size(), 6u * kChunkSize + 3 * 77);
  EXPECT_EQ(made.input_of(0), 0u);
  EXPECT_EQ(made.input_of(2), 1u);
  EXPECT_EQ(made.input_of(3), 2u);
  EXPECT_EQ(made.range(2).first, 7u);
  EXPECT_EQ(made.begin_of(2), 4u * kChunkSize);
  EXPECT_EQ(made.end_of(2), 4u * kChunkSize + 77);
  EXPECT_EQ(made.end_of(1), 4u * kChunkSize);
  EXPECT_EQ(made.begin_of(3), 0u);
  EXPECT_EQ(begin_of(made, 2).source, "b");
  EXPECT_EQ(made.side_range(0).first, 9u);
  EXPECT_EQ(made.side_range(1).first, 11u);
  EXPECT_EQ(made.place_of(3).index, 0u);
  EXPECT_TRUE(made.place_of(2).is_last && made.place_of(7).is_last && made.place_of(11).is_last);
  EXPECT_FALSE(made.place_of(9).is_last);
  EXPECT_EQ(made.cut_splits(), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(made.map_stream_count(0), 2u);
  EXPECT_EQ(made.map_stream_count(1), 3u);
}

TEST(Descriptor, NoSplitReachesOverTheEndOfItsInput) {
  const auto with = [](std::vector<std::uint32_t> counts) {
    DescriptorFields fields = many_files();
    fields.split_chunk_counts = std::move(counts);
    return Descriptor::create(std::move(fields)).has_value();
  };
  EXPECT_TRUE(with({1, 2, 5, 1}));
  EXPECT_FALSE(with({4, 4, 1}));
  EXPECT_FALSE(with({3, 5, 1, 1}));
  EXPECT_FALSE(with({3, 5}));
  EXPECT_FALSE(with({3, 6}));
}

TEST(Descriptor, WhatIsEncodedIsNotCut) {
  DescriptorFields fields = many_files();
  fields.inputs[0].encoding = InputEncoding::kGzip;
  EXPECT_TRUE(Descriptor::create(fields).has_value());
  fields.inputs[1].encoding = InputEncoding::kZstd;
  EXPECT_FALSE(Descriptor::create(fields).has_value());
  fields.inputs[1].encoding = static_cast<InputEncoding>(3);
  EXPECT_FALSE(Descriptor::create(fields).has_value());
}

TEST(Descriptor, ASampleStandsEvenlyOverAllInputs) {
  DescriptorFields fields = many_files();
  fields.is_sample = true;
  fields.split_chunk_counts = {1, 1, 1};
  const auto made = Descriptor::create(fields);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->range(0).first, 0u);
  EXPECT_EQ(made->range(1).first, 3u);
  EXPECT_EQ(made->range(2).first, 6u);
  EXPECT_FALSE(made->has_stitch());
  EXPECT_EQ(Descriptor::parse(made->encoded())->hash(), made->hash());
  fields.split_chunk_counts = {1, 2};
  EXPECT_FALSE(Descriptor::create(fields).has_value());
  fields.split_chunk_counts.assign(10, 1);
  EXPECT_FALSE(Descriptor::create(fields).has_value());
}

TEST(Descriptor, RefusesFilesThatNoRunHas) {
  EXPECT_FALSE(changed([](auto& f) { f.inputs.clear(); }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.inputs[0].name = std::string(256, 'n'); }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.stage = kStageLimit; }).has_value());
  EXPECT_FALSE(changed([](auto& f) { f.sides = {{example_commitment(1), "B"}}; }).has_value());
  EXPECT_FALSE(
      changed([](auto& f) { f.sides = {{example_commitment(1), "b"}, {example_commitment(1), "a"}}; }).has_value());
  EXPECT_FALSE(
      changed([](auto& f) { f.sides = {{example_commitment(1), "a"}, {example_commitment(1), "a"}}; }).has_value());
  const auto with_inputs = [](std::uint32_t count, std::size_t name) {
    return changed([&](auto& f) {
             f.inputs.assign(count, {example_commitment(1), std::string(name, 'n'), {}});
             f.split_chunk_counts.assign(count, 1);
           })
        .has_value();
  };
  EXPECT_TRUE(with_inputs(kInputLimit, 100));
  EXPECT_FALSE(with_inputs(kInputLimit + 1, 1));
  EXPECT_FALSE(with_inputs(kInputLimit, 255)) << "over 1 MiB";
}

TEST(PlanSplits, CoversTheInputEvenly) {
  EXPECT_EQ(plan_splits(10, 4), (std::vector<std::uint32_t>{4, 3, 3}));
  EXPECT_EQ(plan_splits(1, 100), (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(plan_splits(3, 0), (std::vector<std::uint32_t>{1, 1, 1}));
  EXPECT_EQ(plan_splits(200000, 1).size(), kSplitLimit);
}

TEST(PlanSplits, FallsAtTheEnd) {
  using Counts = std::vector<std::uint32_t>;
  EXPECT_EQ(plan_falling_splits(64, 8, 1, 2), (Counts{8, 8, 8, 8, 8, 8, 8, 4, 2, 1, 1}));
  EXPECT_EQ(plan_falling_splits(16, 8, 1, 2), (Counts{8, 8})) << "one each: all alike";
  EXPECT_EQ(plan_falling_splits(64, 8, 8, 2), plan_splits(64, 8)) << "none may be smaller";
  EXPECT_EQ(plan_falling_splits(200'000, 4, 2, 3), plan_splits(200'000, 4)) << "too many";
  for (const std::uint64_t count : {1u, 2u, 100u, 999u, 12'345u}) {
    for (const std::uint32_t mappers : {0u, 1u, 2u, 7u, 1'000u}) {
      std::uint64_t sum = 0;
      for (const std::uint32_t split : plan_falling_splits(count, 50, 6, mappers)) {
        EXPECT_GT(split, 0u);
        EXPECT_LT(split, 56u);
        sum += split;
      }
      EXPECT_EQ(sum, count);
    }
  }
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
