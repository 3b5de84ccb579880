// Stands in for src/crypto/aead.cpp in the unprotected benchmark build: bytes are copied, tags are zeros. Sizes,
// formats and calls stay what they are, so what the two builds differ by is the cryptography alone.
#include "crypto/aead.h"

#include <algorithm>

#include "base/check.h"

namespace brume::crypto {

struct Aead::State {};

Aead::Aead(const Key32&) : state_(std::make_unique<State>()) {}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(const AeadNonce&, ByteView, ByteView plaintext, MutableByteView out) {
  BRUME_CHECK(out.size() == plaintext.size() + kAeadTagSize);
  std::ranges::copy(plaintext, out.begin());
  std::ranges::fill(out.last(kAeadTagSize), std::uint8_t{0});
}

// A tag that is not zeros comes from a build that protects: its bytes must not pass for plaintext.
bool Aead::open(const AeadNonce&, ByteView, ByteView sealed, MutableByteView out) {
  BRUME_CHECK(sealed.size() == out.size() + kAeadTagSize);
  if (std::ranges::any_of(sealed.last(kAeadTagSize), [](std::uint8_t byte) { return byte != 0; })) return false;
  std::ranges::copy(sealed.first(out.size()), out.begin());
  return true;
}

}  // namespace brume::crypto
