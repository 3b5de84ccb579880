// CHECK ends the process on a broken invariant of our own: a bug, never bad input.
#pragma once

#include <cstdlib>

namespace brume {

// Prints where there is somewhere to print to; inside an enclave it only traps.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace brume

#define BRUME_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::brume::check_failed(#condition, __FILE__, __LINE__))
