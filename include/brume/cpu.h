// What the processor can do, asked when the program runs: a job is one program with one measurement on all x86-64
// hosts. A path for a part of them has to give the same bytes as the plain one.
#pragma once

namespace brume {

// For functions with [[gnu::target("avx2")]]. Without "fma", as here, sums are rounded as they are elsewhere.
inline bool has_avx2() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") != 0;
#else
  return false;
#endif
}

}  // namespace brume
