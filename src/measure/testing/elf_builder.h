// A small but complete enclave ELF file in memory, with every field at hand to break.
#pragma once

#include "abi/config.h"
#include "base/writer.h"

namespace brume::measure::testing {

struct TestSegment {
  std::uint32_t type;
  std::uint32_t flags;
  std::uint64_t offset;
  std::uint64_t address;
  std::uint64_t file_size;
  std::uint64_t memory_size;
};

struct TestElf {
  std::uint16_t type = 3;
  std::uint16_t machine = 62;
  std::uint64_t entry = 0x2010;
  // headers and rodata, config page | code | data with bss and dynamic | stack note
  std::vector<TestSegment> segments = {
      {1, 4, 0x0000, 0x0000, 0x2000, 0x2000},
      {1, 5, 0x2000, 0x2000, 0x0800, 0x0800},
      {1, 6, 0x3100, 0x3100, 0x0200, 0x2000},
      {2, 6, 0x3200, 0x3200, 0x0020, 0x0020},
      {0x6474e551, 6, 0, 0, 0, 0},
  };
  std::vector<std::uint64_t> dynamic = {7, 0x328, 0, 0};  // DT_RELA, end
  std::string config_name = ".brume.config";
  std::uint64_t config_address = 0x1000;
  std::uint64_t config_offset = 0x1000;
  std::uint64_t config_size = 4096;
  std::size_t config_count = 1;
  abi::EnclaveConfig config;

  Bytes build() const {
    Writer out;
    const std::uint64_t sections_at = 0x4000;
    out.raw(as_bytes(std::string_view("\177ELF\2\1\1\0\0\0\0\0\0\0\0\0", 16)));
    out.u16le(type).u16le(machine).u32le(1).u64le(entry).u64le(64).u64le(sections_at).u32le(0);
    out.u16le(64).u16le(56).u16le(static_cast<std::uint16_t>(segments.size()));
    out.u16le(64).u16le(static_cast<std::uint16_t>(2 + config_count)).u16le(1);
    for (const TestSegment& s : segments) {
      out.u32le(s.type).u32le(s.flags).u64le(s.offset).u64le(s.address).u64le(s.address);
      out.u64le(s.file_size).u64le(s.memory_size).u64le(4096);
    }
    out.zeros(0x1000 - out.size()).raw(abi::encode_config(config));
    for (int i = 0; out.size() < 0x3200; ++i) out.u8(static_cast<std::uint8_t>(i * 7));
    for (std::uint64_t word : dynamic) out.u64le(word);
    out.zeros(0x3400 - out.size());
    const std::uint64_t names_at = out.size();
    const std::string names = std::string("\0.shstrtab\0", 11) + config_name + std::string(1, '\0');
    out.raw(as_bytes(names)).zeros(sections_at - out.size());
    out.zeros(64);
    section(out, 1, 3, 0, names_at, names.size());
    for (std::size_t i = 0; i < config_count; ++i) section(out, 11, 1, config_address, config_offset, config_size);
    return out.take();
  }

 private:
  static void section(Writer& out, std::uint32_t name, std::uint32_t type, std::uint64_t address, std::uint64_t offset,
                      std::uint64_t size) {
    out.u32le(name).u32le(type).u64le(2).u64le(address).u64le(offset).u64le(size).zeros(24);
  }
};

}  // namespace brume::measure::testing
