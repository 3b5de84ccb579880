// Key material as a type: wiped when it dies, compared in constant time, never printed.
#pragma once

#include "base/bytes.h"
#include "base/outside.h"
#include "base/result.h"

namespace brume::crypto {

void wipe(MutableByteView bytes);

template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  ~Secret() { wipe(bytes_); }
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;

  static Secret random(Random& source) {
    Secret out;
    source.fill(out.bytes_);
    return out;
  }
  static Result<Secret> from(ByteView view) {
    if (view.size() != N) return malformed("expected a key of " + std::to_string(N) + " bytes");
    Secret out;
    std::memcpy(out.bytes_.data(), view.data(), N);
    return out;
  }
  // Named so that every place that looks at the bytes can be found.
  ByteView reveal() const { return bytes_; }
  MutableByteView writable() { return bytes_; }
  bool operator==(const Secret& other) const { return equal_constant_time(bytes_, other.bytes_); }

 private:
  ByteArray<N> bytes_{};
};

using Key32 = Secret<32>;

}  // namespace brume::crypto
