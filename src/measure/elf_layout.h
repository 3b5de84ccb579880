// An enclave program's ELF file as the processor would see it: a range of pages, each with its
// offset, permissions, type and first content. Pure: loader, image build and measurement use the
// same answer, over the unrelocated program.
//
// Known and accepted: static PIE, x86-64, page-aligned LOAD segments that are R, R-X or RW-, first
// one at 0 with the headers in it; `.brume.config` (abi/config.h) in a read-only segment. All else
// is refused: an interpreter, needed libraries, text relocations, RELRO (protections do not change
// after the start), executable stacks, overlapping or writable-and-executable segments.
#pragma once

#include "abi/config.h"
#include "base/bytes.h"
#include "base/result.h"

namespace brume::measure {

inline constexpr std::size_t kPageSize = 4096;
inline constexpr std::size_t kProgramSizeLimit = 256u << 20;  // an enclave program is a few MiB

// SECINFO.FLAGS, SDM vol. 3D, 38.11: R, W, X, and the page type in bits 15:8.
inline constexpr std::uint64_t kPageRead = 1;
inline constexpr std::uint64_t kPageWrite = 2;
inline constexpr std::uint64_t kPageExecute = 4;
inline constexpr std::uint64_t kPageTcs = 1u << 8;
inline constexpr std::uint64_t kPageRegular = 2u << 8;

// Consecutive pages that differ in content only.
struct PageRun {
  std::uint64_t offset = 0;  // from the enclave's base
  std::uint64_t page_count = 0;
  std::uint64_t secinfo_flags = 0;
  bool extended = false;  // content is measured (EEXTEND); else only offset and flags are
  Bytes content;          // page_count pages, or empty: all zero

  std::uint64_t size() const { return page_count * kPageSize; }
};

struct EnclaveLayout {
  abi::EnclaveConfig config;
  abi::EnclaveRange range;
  std::uint64_t entry = 0;    // offset of the entry point
  std::vector<PageRun> runs;  // ascending, not overlapping
};

Result<EnclaveLayout> lay_out_program(ByteView elf);

// The configuration page of a program, and the program with another one.
Result<abi::EnclaveConfig> read_config(ByteView elf);
Result<Bytes> with_config(ByteView elf, const abi::EnclaveConfig& config);

}  // namespace brume::measure
