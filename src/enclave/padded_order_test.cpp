// What a host sees of padded streams while a task writes them: of which partition a block is, how long it is, and when
// a stream ends. Where a job holds all until its end, that is the same for all data with the same padded sizes.
#include <brume/job.h>
#include <gtest/gtest.h>

#include "enclave/task.h"
#include "mapreduce/test_scratch.h"
#include "mapreduce/test_values.h"

namespace brume::enclave {
namespace {

// Pairs of 8 bytes each, sorted.
struct SortsPairs {
  using Value = std::string_view;
  Records records() const { return {16}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    for (; !text.empty(); text.remove_prefix(16)) out.emit(text.substr(0, 8), text.substr(8, 8));
  }
  void format(std::string_view, Value value, Line& line) const { line << value; }
};

// The same text as words, counted.
struct CountsKeys {
  using Value = std::uint64_t;
  Records records() const { return {16}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    for (; !text.empty(); text.remove_prefix(16)) out.emit(text.substr(0, 16), 1);
  }
  static void combine(Value& into, Value more) { into += more; }
  void format(std::string_view key, Value count, Line& line) const { line << key << ' ' << count; }
};

struct Seen {
  abi::ToHost type;
  std::uint32_t partition;
  std::size_t size;
  friend bool operator==(const Seen&, const Seen&) = default;
};

struct Watcher final : Outbox {
  void frame(abi::ToHost type, std::uint64_t, std::initializer_list<ByteView> parts) override {
    Bytes payload;
    for (const ByteView part : parts) append(payload, part);
    const bool is_block = type == abi::ToHost::kPutBlock;
    const auto name = is_block ? abi::parse_put_block(payload)->name : *abi::parse_stream_name(payload);
    seen.push_back({type, name.partition, payload.size()});
  }
  std::vector<Seen> seen;
};

constexpr std::uint32_t kPartitions = 3;

// A map task over so many random records.
std::vector<Seen> watch(JobProgram& job, std::size_t records, std::size_t block_limit) {
  mapreduce::DescriptorFields fields = mapreduce::example_fields();
  fields.partition_count = kPartitions;
  fields.padding_least = mapreduce::kPaddingLeastLimit;  // so all data here has the same padded size
  const auto descriptor = *mapreduce::Descriptor::create(fields);
  JobConfig config;
  config.partitions = kPartitions;
  EXPECT_TRUE(job.configure(config).has_value());
  mapreduce::SeededRandom random(records);
  const auto key = crypto::Key32::random(random);
  Watcher host;
  OutputStreams streams(descriptor, {mapreduce::Stage::kMap, 0}, key, random.make<Salt>(), host, block_limit);
  mapreduce::testing::TestScratch scratch;
  MapEngine engine(job, scratch, streams, kPartitions);
  Bytes text(16 * records);
  random.fill(text);
  EXPECT_TRUE(engine.piece({as_chars(text), 0}).has_value());
  EXPECT_TRUE(engine.finish().has_value());
  EXPECT_TRUE(streams.finish().has_value());
  EXPECT_LE(streams.data_size(), std::size_t{kPartitions} * mapreduce::kPaddingLeastLimit);
  return host.seen;
}

TEST(PaddedOrder, OfASortSaysNothingButPaddedSizes) {
  detail::GeneralProgram<SortsPairs> job("sorts-pairs");
  const auto few = watch(job, 100, kMergedBlock);
  EXPECT_EQ(few, watch(job, 50'000, kMergedBlock));
  EXPECT_EQ(few, watch(job, 100'000, kMergedBlock));
  EXPECT_EQ(few, watch(job, 0, kMergedBlock));
  EXPECT_EQ(few.size(), 17u * (kPartitions + 1) + kPartitions + 1);  // and an end each
}

TEST(PaddedOrder, OfACountSaysNothingButPaddedSizes) {
  detail::CountingProgram<CountsKeys> job("counts-keys");
  const auto few = watch(job, 100, sealed::kBlockPlaintextLimit);
  EXPECT_EQ(few, watch(job, 60'000, sealed::kBlockPlaintextLimit));
  EXPECT_EQ(few, watch(job, 120'000, sealed::kBlockPlaintextLimit));
  EXPECT_EQ(few, watch(job, 0, sealed::kBlockPlaintextLimit));
  EXPECT_EQ(few.size(), 5u * (kPartitions + 1) + kPartitions + 1);
}

// A stream that has its end takes nothing more.
TEST(PaddedOrder, AStreamEndsOnce) {
  const auto descriptor = *mapreduce::Descriptor::create(mapreduce::example_fields());
  mapreduce::SeededRandom random(1);
  const auto key = crypto::Key32::random(random);
  Watcher host;
  OutputStreams streams(descriptor, {mapreduce::Stage::kMap, 0}, key, random.make<Salt>(), host, kMergedBlock);
  EXPECT_TRUE(streams.write(1, as_bytes("text")).has_value());
  EXPECT_TRUE(streams.end(1).has_value());
  EXPECT_FALSE(streams.write(1, as_bytes("text")).has_value());
  EXPECT_FALSE(streams.end(1).has_value());
  const auto totals = streams.finish();
  ASSERT_TRUE(totals.has_value());
  EXPECT_EQ(totals->size(), streams.count());
  EXPECT_EQ(std::ranges::count(host.seen, abi::ToHost::kPutEnd, &Seen::type), streams.count());
}

}  // namespace
}  // namespace brume::enclave
