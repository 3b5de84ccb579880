// The measured configuration of an enclave program: one page in the section `.brume.config`, so
// MRENCLAVE pins what stands in it, the owner's master key above all. And the layout of the
// enclave's address range that follows from it, computed alike by loader and program.
#pragma once

#include "base/ids.h"
#include "base/result.h"

namespace brume::abi {

inline constexpr std::size_t kConfigSize = 4096;  // one page
inline constexpr std::uint64_t kHeapSizeLeast = 1u << 20;
inline constexpr std::uint64_t kHeapSizeLimit = 64ull << 30;  // more than any machine here lends to one enclave
inline constexpr std::uint64_t kStackSizeLeast = 64u << 10;
inline constexpr std::uint64_t kStackSizeLimit = 64u << 20;
inline constexpr std::uint64_t kHeapAlign = 2u << 20;  // so that huge pages fit where the tee allows them

// Little-endian, in this order: magic "BRMCONF1" | u32 version 1 | u32 thread_count |
// u64 heap_size | u64 stack_size | master 32 | zeros to the end of the page.
struct EnclaveConfig {
  std::uint64_t heap_size = 256ull << 20;  // bytes, whole pages
  std::uint64_t stack_size = 8u << 20;     // bytes, whole pages; what is not used takes no memory
  std::uint32_t thread_count = 1;          // TCS pages; only 1 is supported
  SpkiHash master;                         // the only key this enclave will speak to; zeros: none pinned

  friend bool operator==(const EnclaveConfig&, const EnclaveConfig&) = default;
};

// Refuses other sizes, unknown versions, non-zero padding and values beyond the limits above.
Result<EnclaveConfig> parse_config(ByteView page);
Bytes encode_config(const EnclaveConfig& config);

// Offsets from the enclave's base, in bytes. Every border is a page border; between the image
// and the stack, and below the heap, at least one page is left out.
struct EnclaveRange {
  std::uint64_t image_size = 0;
  std::uint64_t stack = 0;
  std::uint64_t stack_size = 0;
  std::uint64_t tcs = 0;  // one page
  std::uint64_t ssa = 0;  // kSsaCount pages
  std::uint64_t heap = 0;
  std::uint64_t heap_size = 0;
  std::uint64_t size = 0;  // of the whole range: a power of two, as ECREATE wants it
};
inline constexpr std::uint64_t kSsaCount = 2;

// image_size: end of the last loaded segment, rounded up to a page.
EnclaveRange enclave_range(std::uint64_t image_size, const EnclaveConfig& config);

}  // namespace brume::abi
