#include "measure/mrenclave.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "measure/testing/elf_builder.h"

namespace brume::measure {
namespace {

using testing::TestElf;

Measurement measure_bytes(const Bytes& elf) { return measure_enclave(*lay_out_program(elf)); }

// The word of tools/mrenclave.py, which shares no line with the code under test.
std::string second_opinion(const std::string& program_path) {
  FILE* pipe = popen(("python3 '" BRUME_MRENCLAVE_TOOL "' '" + program_path + "' 2>&1").c_str(), "r");
  char line[256] = {};
  const bool read = std::fgets(line, sizeof line, pipe) != nullptr;
  pclose(pipe);
  return read ? std::string(line).substr(0, 64) : "";
}

bool has_python() { return std::system("python3 -c '' >/dev/null 2>&1") == 0; }

TEST(MrEnclave, AgreesWithASecondImplementation) {
  if (!has_python()) GTEST_SKIP() << "no python3";
  TestElf elf;
  elf.config.heap_size = 4u << 20;
  const Bytes bytes = elf.build();
  const std::string path = "/tmp/brume-mrenclave-" + std::to_string(getpid());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  EXPECT_EQ(measure_bytes(bytes).hex(), second_opinion(path));
  unlink(path.c_str());
}

TEST(MrEnclave, AgreesOverARealProgram) {
  if (!has_python()) GTEST_SKIP() << "no python3";
  char self[4096] = {};
  ASSERT_GT(readlink("/proc/self/exe", self, sizeof self - 1), 0);
  std::string path(self);
  path = path.substr(0, path.rfind('/', path.rfind('/') - 1)) + "/test-enclaves/probe.enclave";
  std::ifstream file(path, std::ios::binary);
  if (!file) GTEST_SKIP() << "the test enclave is not built";
  EXPECT_EQ(measure_bytes(Bytes(std::istreambuf_iterator<char>(file), {})).hex(), second_opinion(path));
}

TEST(MrEnclave, AnyByteThatIsLoadedCounts) {
  const Bytes bytes = TestElf().build();
  const Measurement good = measure_bytes(bytes);
  for (std::size_t at : {std::size_t{0x900}, std::size_t{0x2000}, std::size_t{0x27FF}, std::size_t{0x3100}}) {
    Bytes changed = bytes;
    changed[at] ^= 1;
    EXPECT_NE(measure_bytes(changed), good) << at;
  }
}

TEST(MrEnclave, ConfigurationEntryAndRightsCount) {
  const Measurement good = measure_bytes(TestElf().build());
  TestElf heap;
  heap.config.heap_size += kPageSize;
  TestElf stack;
  stack.config.stack_size += kPageSize;
  TestElf master;
  master.config.master.bytes[31] = 1;
  TestElf entry;
  entry.entry += 1;
  TestElf rights;
  rights.segments[1].flags = 5;
  rights.segments[2].flags = 4;
  for (const TestElf& elf : {heap, stack, master, entry, rights}) EXPECT_NE(measure_bytes(elf.build()), good);
}

}  // namespace
}  // namespace brume::measure
