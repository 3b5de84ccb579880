// What a loader hands to an enclave program's entry point, and the mailbox by which the program
// asks its processor for EREPORT and EGETKEY. docs/formats/enclave-abi.md is the prose.
//
// Entry: `brume_enclave_entry(const BootBlock*)`, System V ABI, on the enclave's own stack, all
// protections already in force. The block lies outside the enclave: it is copied before it is
// looked at. Where heap and stack lie does not stand in it: the program computes that from its
// own measured bytes (config.h), as the loader does.
#pragma once

#include <cstddef>
#include <cstdint>

namespace brume::abi {

inline constexpr std::uint64_t kPageSize = 4096;
inline constexpr std::uint64_t kBootMagic = 0x31544f4f424d5242;  // "BRMBOOT1"
inline constexpr std::uint32_t kBootVersion = 1;

enum class Tee : std::uint8_t { kNone = 0, kSgxSim = 1 };

struct BootBlock {
  std::uint64_t magic = kBootMagic;
  std::uint32_t version = kBootVersion;
  std::uint32_t tee = 0;               // Tee
  std::uint64_t ring_address = 0;      // the whole ring file (ring.h), outside the enclave
  std::uint64_t ring_size = 0;         // bytes
  std::uint64_t mailbox_address = 0;   // Mailbox; 0 where the tee is none
  std::uint64_t doorbell_address = 0;  // Doorbell; 0 where the tee is none
};

// The processor's instructions that an enclave can ask for (ENCLU leaves, SDM vol. 3D).
enum class Leaf : std::uint32_t { kReport = 0, kGetKey = 1 };

inline constexpr std::size_t kTargetInfoSize = 512;
inline constexpr std::size_t kReportDataSize = 64;
inline constexpr std::size_t kReportSize = 432;
inline constexpr std::size_t kKeyRequestSize = 512;
inline constexpr std::size_t kKeySize = 16;

// In memory that only the enclave and the platform can read.
//   kReport: input = target info 512 | report data 64; output = report 432.
//   kGetKey: input = key request 512; output = key 16. error = the SDM's code, 0 for none.
struct Mailbox {
  BootBlock boot;
  std::uint32_t leaf = 0;
  std::uint32_t error = 0;
  std::uint8_t input[kTargetInfoSize + kReportDataSize] = {};
  std::uint8_t output[kReportSize] = {};
};
static_assert(sizeof(Mailbox) <= kPageSize);

// Futexes for the mailbox (a shared futex cannot lie in secret memory) and the start's outcome.
// One request at a time: the enclave raises `asked` by one and wakes it; the platform answers by
// making `answered` equal to it and waking that.
struct Doorbell {
  std::uint32_t asked = 0;
  std::uint32_t answered = 0;
  std::uint32_t started = 0;  // 1: locked down, enclave code runs; 2: the start failed
  std::uint32_t stage = 0;    // where it failed
  std::uint32_t error = 0;    // its errno
};

}  // namespace brume::abi
