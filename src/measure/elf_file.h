// The few structures of a 64-bit little-endian ELF file that matter here, copied out of it and
// range-checked (System V gABI, chapters 4 and 5).
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::measure {

inline constexpr std::uint32_t kSegmentLoad = 1;
inline constexpr std::uint32_t kSegmentDynamic = 2;
inline constexpr std::uint32_t kSegmentExecute = 1;
inline constexpr std::uint32_t kSegmentWrite = 2;
inline constexpr std::uint32_t kSegmentRead = 4;

struct ElfSegment {
  std::uint32_t type = 0;
  std::uint32_t flags = 0;
  std::uint64_t file_offset = 0;
  std::uint64_t address = 0;
  std::uint64_t file_size = 0;
  std::uint64_t memory_size = 0;
};

struct ElfSection {
  std::string_view name;
  std::uint64_t flags = 0;
  std::uint64_t address = 0;
  std::uint64_t file_offset = 0;
  std::uint64_t size = 0;
};

struct ElfFile {
  std::uint64_t entry = 0;
  std::uint64_t headers_end = 0;  // of the program headers, in the file
  std::vector<ElfSegment> segments;
  std::vector<ElfSection> sections;  // file sections (PROGBITS) only
};

// Every file range in the result lies inside `elf`. Refuses anything but a static-PIE candidate.
Result<ElfFile> parse_elf(ByteView elf);

}  // namespace brume::measure
