// What the test program can be asked to do; shared with the tests that ask.
#pragma once

#include <cstdint>

namespace brume::abi::testing {

enum class Probe : std::uint16_t {
  kEcho = 1,
  kHeap = 2,        // u64 size of a large block -> "ok" or what went wrong
  kCrypto = 3,      // AEAD, P-256, TLS handshake -> "ok" or what went wrong
  kReport = 4,      // target info 512 | report data 64 -> report or text
  kGetKey = 5,      // key request 512 -> key or text
  kKeepCanary = 6,  // keeps payload + "-kept" -> u64 address of it
  kForbidden = 7,   // u8: which system call -> "alive", or death
  kWriteCode = 8,
  kAbort = 9,
  kSpin = 10,
};

inline constexpr int kProbeBrokenRing = 42;

}  // namespace brume::abi::testing
