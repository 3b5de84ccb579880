#include "crypto/vector_state.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace brume::crypto {

#if defined(__x86_64__)
namespace {

[[gnu::target("avx")]] void zero_upper_halves() { _mm256_zeroupper(); }

}  // namespace

void clear_upper_halves() {
  if (__builtin_cpu_supports("avx") != 0) zero_upper_halves();
}
#else
void clear_upper_halves() {}
#endif

}  // namespace brume::crypto
