#include "crypto/aead.h"

#include "crypto/openssl_handle.h"
#include "crypto/vector_state.h"

namespace brume::crypto {

namespace {

// OpenSSL counts in int. Nothing here seals more than a few MiB at once.
constexpr std::size_t kMessageLimit = 1u << 30;

CipherContext keyed(const Key32& key, int encrypt) {
  CipherContext context(EVP_CIPHER_CTX_new());
  BRUME_CHECK(context != nullptr);
  BRUME_CHECK(EVP_CipherInit_ex2(context.get(), algorithms().chacha20_poly1305, key.reveal().data(), nullptr, encrypt,
                                 nullptr) == 1);
  return context;
}

// -1 keeps the direction that the context has.
void start(EVP_CIPHER_CTX* context, const AeadNonce& nonce, ByteView aad) {
  BRUME_CHECK(aad.size() <= kMessageLimit);
  BRUME_CHECK(EVP_CipherInit_ex2(context, nullptr, nullptr, nonce.data(), -1, nullptr) == 1);
  int size = 0;
  if (!aad.empty()) {
    BRUME_CHECK(EVP_CipherUpdate(context, nullptr, &size, aad.data(), static_cast<int>(aad.size())) == 1);
  }
}

void transform(EVP_CIPHER_CTX* context, ByteView in, std::uint8_t* out) {
  if (in.empty()) return;
  int size = 0;
  BRUME_CHECK(EVP_CipherUpdate(context, out, &size, in.data(), static_cast<int>(in.size())) == 1);
  BRUME_CHECK(static_cast<std::size_t>(size) == in.size());
}

}  // namespace

struct Aead::State {
  CipherContext sealing;
  CipherContext opening;
};

Aead::Aead(const Key32& key) : state_(std::make_unique<State>(keyed(key, 1), keyed(key, 0))) {}
Aead::~Aead() = default;
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;

void Aead::seal(const AeadNonce& nonce, ByteView aad, ByteView plaintext, MutableByteView out) {
  BRUME_CHECK(plaintext.size() <= kMessageLimit && out.size() == plaintext.size() + kAeadTagSize);
  EVP_CIPHER_CTX* context = state_->sealing.get();
  start(context, nonce, aad);
  transform(context, plaintext, out.data());
  std::uint8_t* tag = out.data() + plaintext.size();
  int size = 0;
  BRUME_CHECK(EVP_CipherFinal_ex(context, tag, &size) == 1 && size == 0);
  BRUME_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, tag) == 1);
  clear_upper_halves();
}

bool Aead::open(const AeadNonce& nonce, ByteView aad, ByteView sealed, MutableByteView out) {
  BRUME_CHECK(out.size() <= kMessageLimit && sealed.size() == out.size() + kAeadTagSize);
  EVP_CIPHER_CTX* context = state_->opening.get();
  start(context, nonce, aad);
  ByteArray<kAeadTagSize> tag;
  std::memcpy(tag.data(), sealed.data() + out.size(), tag.size());
  BRUME_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag.data()) == 1);
  transform(context, sealed.first(out.size()), out.data());
  ByteArray<16> rest;
  int size = 0;
  bool authentic = clean(EVP_CipherFinal_ex(context, rest.data(), &size) == 1);
  clear_upper_halves();
  if (!authentic) wipe(out);
  return authentic;
}

}  // namespace brume::crypto
