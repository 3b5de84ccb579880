// MRENCLAVE as the processor computes it while a program is loaded (Intel SDM vol. 3D, 34.4.1.1 and
// the ECREATE, EADD, EEXTEND operations): one SHA-256 over 64-byte records.
//   ECREATE: "ECREATE\0" | u32 SSAFRAMESIZE (1 page) | u64 SIZE | zeros
//   EADD:    "EADD\0\0\0\0" | u64 offset | SECINFO bytes 0..47 (flags, zeros)
//   EEXTEND: "EEXTEND\0" | u64 offset | zeros, then the 256 bytes; 16 times a page
// Page by page in ascending order: EADD, then its 16 EEXTENDs where the run is `extended`.
// Stack and heap are added without EEXTEND (a gigabyte then costs 19 ms, not 1.1 s): their place,
// type and permissions are pinned, their first content is not. In the simulator they are fresh
// zero pages; under real SGX a runtime has to clear them before it relies on that.
#pragma once

#include "base/ids.h"
#include "measure/elf_layout.h"

namespace brume::measure {

inline constexpr std::uint32_t kSsaFramePages = 1;

Measurement measure_enclave(const EnclaveLayout& layout);

}  // namespace brume::measure
