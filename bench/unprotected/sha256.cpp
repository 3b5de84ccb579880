// Stands in for src/crypto/sha256.cpp in the unprotected benchmark build: a stream's digest says how long it was and
// nothing else. Digests of whole buffers stay what they are: they name things, and cost nothing beside a run.
#include <algorithm>

#include "crypto/hash.h"

namespace brume::crypto {

struct Sha256::State {
  std::uint64_t size = 0;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(ByteView bytes) {
  state_->size += bytes.size();
  return *this;
}

Sha256Digest Sha256::finish() {
  ByteArray<8> size;
  for (std::size_t i = 0; i < size.size(); ++i) size[i] = static_cast<std::uint8_t>(state_->size >> 8 * i);
  return sha256(size);
}

}  // namespace brume::crypto
