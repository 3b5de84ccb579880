#include "measure/elf_layout.h"

#include <gtest/gtest.h>

#include "measure/testing/elf_builder.h"

namespace brume::measure {
namespace {

using testing::TestElf;

TEST(ElfLayout, GivesThePagesOfAProgram) {
  TestElf elf;
  elf.config.heap_size = 8u << 20;
  const Bytes bytes = elf.build();
  auto layout = lay_out_program(bytes);
  ASSERT_TRUE(layout) << layout.error().what;
  ASSERT_EQ(layout->runs.size(), 7u);
  const auto& runs = layout->runs;
  EXPECT_EQ(runs[0].secinfo_flags, kPageRegular | kPageRead);
  EXPECT_EQ(runs[1].secinfo_flags, kPageRegular | kPageRead | kPageExecute);
  EXPECT_EQ(runs[2].secinfo_flags, kPageRegular | kPageRead | kPageWrite);
  EXPECT_EQ(runs[0].page_count, 2u);
  EXPECT_EQ(runs[1].page_count, 1u);
  EXPECT_EQ(runs[2].offset, 0x3000u);
  EXPECT_EQ(runs[2].page_count, 3u) << "bss counts";
  EXPECT_EQ(runs[2].content[0x0FF], 0) << "what lies before the segment in its page stays zero";
  EXPECT_EQ(runs[2].content[0x100], bytes[0x3100]);
  EXPECT_EQ(runs[2].content[0x300], 0) << "what lies behind its file part too";
  EXPECT_EQ(runs[4].secinfo_flags, kPageTcs);
  EXPECT_TRUE(runs[4].extended);
  EXPECT_FALSE(runs[3].extended) << "stack";
  EXPECT_FALSE(runs[6].extended) << "heap";
  EXPECT_EQ(runs[6].size(), 8u << 20);
  EXPECT_EQ(layout->range.image_size, 0x6000u);
  EXPECT_EQ(layout->entry, 0x2010u);
}

TEST(ElfLayout, ConfigIsReadAndReplacedInPlace) {
  const Bytes bytes = TestElf().build();
  EXPECT_EQ(*read_config(bytes), abi::EnclaveConfig{});
  abi::EnclaveConfig other;
  other.heap_size = 512u << 20;
  other.master.bytes.fill(5);
  auto patched = with_config(bytes, other);
  ASSERT_TRUE(patched);
  EXPECT_EQ(patched->size(), bytes.size());
  EXPECT_EQ(*read_config(*patched), other);
  other.heap_size = 1;
  EXPECT_FALSE(with_config(bytes, other)) << "a configuration that no loader takes";
}

TEST(ElfLayout, EveryTruncationIsRefused) {
  const Bytes bytes = TestElf().build();
  for (std::size_t size = 0; size < bytes.size(); size += size < 0x200 ? 1 : 61)
    EXPECT_FALSE(lay_out_program(ByteView(bytes).first(size))) << size;
}

struct Refusal {
  const char* name;
  void (*change)(TestElf&);
};
void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

class ElfLayoutRefusal : public ::testing::TestWithParam<Refusal> {};
TEST_P(ElfLayoutRefusal, OfAProgramThatIsOtherwiseGood) {
  TestElf elf;
  ASSERT_TRUE(lay_out_program(elf.build()));
  GetParam().change(elf);
  EXPECT_FALSE(lay_out_program(elf.build()));
}

INSTANTIATE_TEST_SUITE_P(
    ElfLayout, ElfLayoutRefusal,
    ::testing::Values(
        Refusal{"NotPositionIndependent", [](TestElf& e) { e.type = 2; }},
        Refusal{"OtherMachine", [](TestElf& e) { e.machine = 183; }},
        Refusal{"Interpreter", [](TestElf& e) { e.segments.push_back({3, 4, 0, 0, 16, 16}); }},
        Refusal{"Relro", [](TestElf& e) { e.segments.push_back({0x6474e552, 4, 0x3100, 0x3100, 16, 16}); }},
        Refusal{"UnknownSegment", [](TestElf& e) { e.segments.push_back({0x12345678, 4, 0, 0, 0, 0}); }},
        Refusal{"WritableCode", [](TestElf& e) { e.segments[1].flags = 7; }},
        Refusal{"NoReadRight", [](TestElf& e) { e.segments[1].flags = 1; }},
        Refusal{"ExecutableStack", [](TestElf& e) { e.segments[4].flags = 7; }},
        Refusal{"NoStackNote", [](TestElf& e) { e.segments.pop_back(); }},
        Refusal{"SharedPage", [](TestElf& e) { e.segments[2].address = 0x2900; }},
        Refusal{"Descending", [](TestElf& e) { std::swap(e.segments[1], e.segments[2]); }},
        Refusal{"HeadersNotLoaded", [](TestElf& e) { e.segments[0].address = 0x1000; }},
        Refusal{"FileLargerThanMemory", [](TestElf& e) { e.segments[1].memory_size = 0x700; }},
        Refusal{"EmptySegment", [](TestElf& e) { e.segments[1].file_size = e.segments[1].memory_size = 0; }},
        Refusal{"TooLarge", [](TestElf& e) { e.segments[2].memory_size = kProgramSizeLimit; }},
        Refusal{"AddressOverflow", [](TestElf& e) { e.segments[2].address = ~std::uint64_t{0} - 0xEFF; }},
        Refusal{"BeyondTheFile", [](TestElf& e) { e.segments[2].offset = 0x100000; }},
        Refusal{"EntryInData", [](TestElf& e) { e.entry = 0x3110; }},
        Refusal{"EntryBehindTheCode", [](TestElf& e) { e.entry = 0x2800; }},
        Refusal{"NeedsALibrary", [](TestElf& e) { e.dynamic = {1, 5, 0, 0}; }},
        Refusal{"TextRelocations", [](TestElf& e) { e.dynamic = {22, 0, 0, 0}; }},
        Refusal{"TextRelocationFlag", [](TestElf& e) { e.dynamic = {30, 4, 0, 0}; }},
        Refusal{"NoDynamicTable", [](TestElf& e) { e.segments.erase(e.segments.begin() + 3); }},
        Refusal{"NoConfig", [](TestElf& e) { e.config_name = ".brume.confih"; }},
        Refusal{"TwoConfigs", [](TestElf& e) { e.config_count = 2; }},
        Refusal{"ConfigOfAnotherSize", [](TestElf& e) { e.config_size = 2048; }},
        Refusal{"ConfigInData", [](TestElf& e) { e.config_address = 0x3000; }},
        Refusal{"ConfigElsewhereInTheFile", [](TestElf& e) { e.config_offset = 0; }},
        Refusal{"ConfigOfTwoThreads", [](TestElf& e) { e.config.thread_count = 2; }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace brume::measure
