#include "base/check.h"

#include <cstdio>

namespace brume {

void check_failed(const char* condition, const char* file, int line) {
  static_cast<void>(std::fprintf(stderr, "brume: internal error: %s (%s:%d)\n", condition, file, line));
  __builtin_trap();
}

}  // namespace brume
