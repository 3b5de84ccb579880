#include "abi/frames.h"

#include <gtest/gtest.h>

#include "abi/config.h"

namespace brume::abi {
namespace {

template <typename Parse>
void refuses_every_other_size(const Bytes& good, Parse parse) {
  ASSERT_TRUE(parse(good));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse(ByteView(good).first(size))) << size;
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(parse(longer));
}

StreamName some_name() {
  StreamName name;
  name.run.bytes.fill(1);
  name.stage = Stage::kStitch;
  name.split = 0x01020304;
  name.partition = 7;
  name.salt.bytes.fill(9);
  return name;
}

TEST(Frames, StartComesBack) {
  const Start start{"mapper", "m1", Tee::kSgxSim, Bytes(kTargetInfoSize, 3)};
  const Bytes bytes = encode_start(start);
  auto back = parse_start(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->role, "mapper");
  EXPECT_EQ(back->node_name, "m1");
  EXPECT_EQ(back->tee, Tee::kSgxSim);
  EXPECT_EQ(back->qe_target_info, start.qe_target_info);
  refuses_every_other_size(bytes, parse_start);
}

TEST(Frames, StartRefusesATargetInfoOfAnotherSize) {
  EXPECT_FALSE(parse_start(encode_start({"mapper", "m1", Tee::kSgxSim, Bytes(511)})));
}

TEST(Frames, StartRefusesAnUnknownTee) {
  EXPECT_FALSE(parse_start(encode_start({"mapper", "m1", static_cast<Tee>(2), {}})));
}

TEST(Frames, StreamNameComesBack) {
  const Bytes bytes = encode_stream_name(some_name());
  EXPECT_EQ(bytes.size(), kStreamNameSize);
  EXPECT_EQ(bytes[17], 4) << "little-endian";
  EXPECT_EQ(*parse_stream_name(bytes), some_name());
  refuses_every_other_size(bytes, parse_stream_name);
}

TEST(Frames, StreamNameRefusesAnUnknownStage) {
  Bytes bytes = encode_stream_name(some_name());
  for (std::uint8_t stage : Bytes{0, 5, 255}) {
    bytes[16] = stage;
    EXPECT_FALSE(parse_stream_name(bytes));
  }
}

TEST(Frames, FetchesComeBack) {
  const InputRange range{some_name().run, 5, 6};
  EXPECT_EQ(*parse_input_range(encode_input_range(range)), range);
  refuses_every_other_size(encode_input_range(range), parse_input_range);
  const FetchStream fetch{{some_name(), 8, 9}, NodeId{3}};
  EXPECT_EQ(*parse_fetch_stream(encode_fetch_stream(fetch)), fetch);
  refuses_every_other_size(encode_fetch_stream(fetch), parse_fetch_stream);
  EXPECT_EQ(*parse_stream_part(encode_stream_part(fetch.part)), fetch.part);
  refuses_every_other_size(encode_stream_part(fetch.part), parse_stream_part);
}

TEST(Frames, BlocksAreCutAtTheirSizes) {
  const Bytes blocks = {2, 0, 0, 0, 'a', 'b', 1, 0, 0, 0, 'c'};
  auto cut = split_blocks(blocks, 2);
  ASSERT_TRUE(cut);
  ASSERT_EQ(cut->size(), 2u);
  EXPECT_EQ(as_chars((*cut)[0]), "ab");
  EXPECT_EQ(as_chars((*cut)[1]), "c");
  EXPECT_FALSE(split_blocks(blocks, 1)) << "over the limit";
  EXPECT_FALSE(split_blocks(ByteView(blocks).first(10), 2)) << "cut";
  EXPECT_FALSE(split_blocks(Bytes{0, 0, 0, 0}, 2)) << "empty block";
  EXPECT_TRUE(split_blocks({}, 2));
}

TEST(EnclaveConfig, ComesBack) {
  EnclaveConfig config;
  config.heap_size = 512ull << 20;
  config.master.bytes.fill(7);
  const Bytes page = encode_config(config);
  EXPECT_EQ(page.size(), kConfigSize);
  EXPECT_EQ(*parse_config(page), config);
  refuses_every_other_size(page, parse_config);
}

TEST(EnclaveConfig, RefusesEveryByteItDoesNotKnow) {
  const Bytes good = encode_config({});
  for (std::size_t at = 64; at < good.size(); ++at) {
    Bytes bad = good;
    bad[at] = 1;
    EXPECT_FALSE(parse_config(bad)) << at;
  }
  for (std::size_t at : std::initializer_list<std::size_t>{0, 8, 12}) {
    Bytes bad = good;
    bad[at] = 0x55;
    EXPECT_FALSE(parse_config(bad)) << at;
  }
}

TEST(EnclaveConfig, RefusesSizesBeyondTheLimits) {
  for (std::uint64_t heap : {std::uint64_t{0}, kHeapSizeLeast - 4096, kHeapSizeLeast + 1, kHeapSizeLimit + 4096}) {
    EnclaveConfig config;
    config.heap_size = heap;
    EXPECT_FALSE(parse_config(encode_config(config))) << heap;
  }
  for (std::uint64_t stack : {std::uint64_t{0}, kStackSizeLeast + 1, kStackSizeLimit + 4096}) {
    EnclaveConfig config;
    config.stack_size = stack;
    EXPECT_FALSE(parse_config(encode_config(config))) << stack;
  }
}

TEST(EnclaveRange, KeepsItsPartsApart) {
  const EnclaveRange range = enclave_range(0x5000, {});
  EXPECT_EQ(range.stack, 0x6000u);
  EXPECT_EQ(range.tcs, range.stack + range.stack_size);
  EXPECT_EQ(range.ssa, range.tcs + kPageSize);
  EXPECT_GE(range.heap, range.ssa + (kSsaCount + 1) * kPageSize);
  EXPECT_EQ(range.heap % kHeapAlign, 0u);
  EXPECT_EQ(range.size & (range.size - 1), 0u);
  EXPECT_GE(range.size, range.heap + range.heap_size);
}

}  // namespace
}  // namespace brume::abi
