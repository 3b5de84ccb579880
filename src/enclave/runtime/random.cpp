// Entropy from the processor, and from nowhere else: the C library's and OpenSSL's seeds come from here.
#include <cpuid.h>
#include <errno.h>
#include <immintrin.h>

#include "enclave/runtime/runtime.h"

namespace brume::enclave {
namespace {

// RDSEED runs dry when several cores draw at once; RDRAND then gives, reseeded from the same source.
constexpr int kSeedTries = 64;
constexpr int kRandomTries = 1000;

bool has_rdseed() {
  static const bool has = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_RDSEED) != 0;
  }();
  return has;
}

[[gnu::target("rdseed")]] bool draw_seed(unsigned long long& value) {
  for (int tries = 0; tries < kSeedTries; ++tries) {
    if (_rdseed64_step(&value) != 0) return true;
    __builtin_ia32_pause();
  }
  return false;
}

[[gnu::target("rdrnd")]] bool draw_random(unsigned long long& value) {
  for (int tries = 0; tries < kRandomTries; ++tries) {
    if (_rdrand64_step(&value) != 0) return true;
  }
  return false;
}

std::uint64_t draw() {
  unsigned long long value = 0;
  if (has_rdseed() && draw_seed(value)) return value;
  if (!draw_random(value)) __builtin_trap();
  return value;
}

}  // namespace

void ProcessorRandom::fill(MutableByteView out) {
  while (!out.empty()) {
    const std::uint64_t value = draw();
    const std::size_t size = out.size() < sizeof value ? out.size() : sizeof value;
    std::memcpy(out.data(), &value, size);
    out = out.subspan(size);
  }
}

}  // namespace brume::enclave

extern "C" {

int getentropy(void* out, std::size_t size) {
  if (size > 256) {
    errno = EIO;
    return -1;
  }
  brume::enclave::ProcessorRandom().fill({static_cast<std::uint8_t*>(out), size});
  return 0;
}

ssize_t getrandom(void* out, std::size_t size, unsigned) {
  brume::enclave::ProcessorRandom().fill({static_cast<std::uint8_t*>(out), size});
  return static_cast<ssize_t>(size);
}
ssize_t __getrandom(void* out, std::size_t size, unsigned flags) { return getrandom(out, size, flags); }

}  // extern "C"
