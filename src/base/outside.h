// The outside world as trusted code sees it: time and randomness, as interfaces.
#pragma once

#include "base/bytes.h"

namespace brume {

// Milliseconds since 1970-01-01T00:00:00Z.
using UnixMs = std::int64_t;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual UnixMs now_ms() const = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  // Fills all of `out` or ends the process: there is no weaker second source.
  virtual void fill(MutableByteView out) = 0;

  template <typename Fixed>
  Fixed make() {
    Fixed out;
    fill(out.bytes);
    return out;
  }
};

}  // namespace brume
