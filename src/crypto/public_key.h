// Public keys of the kinds that evidence is signed with: RSA, ECDSA on P-256 and P-384. For checking
// only. (crypto/ec.h has the P-256 key that Brume itself signs with.)
#pragma once

#include <memory>
#include <optional>

#include "base/ids.h"

struct evp_pkey_st;

namespace brume::crypto {

enum class HashAlgorithm { kSha1, kSha256, kSha384, kSha512, kSm3 };
std::size_t hash_size(HashAlgorithm algorithm);
// SHA-1 and SM3 are here for PCR banks and event logs, which are what they are; they sign nothing but, where a
// policy lets it, a TPM's quote.
Bytes hash(HashAlgorithm algorithm, ByteView bytes);

enum class Curve { kP256, kP384 };
enum class KeyKind { kRsa, kP256, kP384 };
enum class SignatureScheme { kRsaPkcs1, kRsaPss, kEcdsa };

// A key that OpenSSL has taken and checked: a point on its curve, or an RSA modulus of 2048 to 4096 bits
// with an odd exponent of at least 3.
class PublicKey {
 public:
  // rsaEncryption, or an uncompressed point on a named curve: what parses encodes to the same bytes again.
  static Result<PublicKey> from_spki_der(ByteView der);
  static Result<PublicKey> from_pem(std::string_view pem);  // "PUBLIC KEY"
  static Result<PublicKey> from_rsa(ByteView modulus_be, std::uint32_t exponent);
  static Result<PublicKey> from_ec(Curve curve, ByteView x_be, ByteView y_be);

  KeyKind kind() const { return kind_; }
  Bytes spki_der() const;
  SpkiHash spki_hash() const;
  Bytes rsa_modulus() const;  // big-endian; empty for EC
  // `signature`: RSA as it stands, ECDSA in DER. PSS: MGF1 with the same hash, and the salt length given, or any.
  // False where key and scheme do not belong together, and for SHA-1 and SM3.
  [[nodiscard]] bool verify(SignatureScheme scheme, HashAlgorithm hash, ByteView message, ByteView signature,
                            std::optional<std::size_t> pss_salt_size = {}) const;
  // The same for SHA-1 too: only for messages that the key's owner composes and that hold the verifier's own nonce,
  // as a TPM's quotes, so that nobody can prepare a collision.
  [[nodiscard]] bool verify_or_sha1(SignatureScheme scheme, HashAlgorithm hash, ByteView message,
                                    ByteView signature) const;
  // ECDSA with r and s big-endian, each of at most the curve's size. Refuses zero and what is not below the order.
  [[nodiscard]] bool verify_ecdsa(HashAlgorithm hash, ByteView message, ByteView r_be, ByteView s_be) const;
  [[nodiscard]] bool verify_ecdsa_or_sha1(HashAlgorithm hash, ByteView message, ByteView r_be, ByteView s_be) const;
  evp_pkey_st* native() const { return key_.get(); }

 private:
  PublicKey(KeyKind kind, std::shared_ptr<evp_pkey_st> key) : kind_(kind), key_(std::move(key)) {}
  bool verify_any(SignatureScheme scheme, HashAlgorithm hash, ByteView message, ByteView signature,
                  std::optional<std::size_t> pss_salt_size) const;
  KeyKind kind_;
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace brume::crypto
