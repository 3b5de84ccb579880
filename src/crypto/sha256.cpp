#include "crypto/hash.h"
#include "crypto/openssl_handle.h"

namespace brume::crypto {

struct Sha256::State {
  DigestContext context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  BRUME_CHECK(state_->context != nullptr);
  BRUME_CHECK(EVP_DigestInit_ex2(state_->context.get(), algorithms().sha256, nullptr) == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::update(ByteView bytes) {
  BRUME_CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
  return *this;
}

Sha256Digest Sha256::finish() {
  Sha256Digest out;
  BRUME_CHECK(EVP_DigestFinal_ex(state_->context.get(), out.bytes.data(), nullptr) == 1);
  return out;
}

}  // namespace brume::crypto
