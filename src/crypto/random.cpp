#include "crypto/random.h"

#include <openssl/rand.h>

#include <algorithm>

#include "crypto/openssl_handle.h"

namespace brume::crypto {

void SystemRandom::fill(MutableByteView out) {
  algorithms();
  while (!out.empty()) {
    std::size_t size = std::min<std::size_t>(out.size(), 1u << 20);
    BRUME_CHECK(RAND_priv_bytes(out.data(), static_cast<int>(size)) == 1);
    out = out.subspan(size);
  }
}

}  // namespace brume::crypto
