// RSA-3072 with exponent 3, PKCS #1 v1.5, SHA-256: the signature in an SGX SIGSTRUCT.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"

struct evp_pkey_st;

namespace brume::crypto {

using Rsa3072Number = ByteArray<384>;  // little-endian, as SIGSTRUCT stores it

class Rsa3072Key {
 public:
  static Rsa3072Key generate();
  static Result<Rsa3072Key> from_pkcs8_pem(std::string_view pem);  // refuses other sizes and exponents
  std::string pkcs8_pem() const;
  Rsa3072Number modulus_le() const;
  Rsa3072Number sign_le(ByteView message) const;

 private:
  explicit Rsa3072Key(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

[[nodiscard]] bool rsa3072_verify_le(const Rsa3072Number& modulus_le, ByteView message,
                                     const Rsa3072Number& signature_le);

// What SIGSTRUCT carries beside the signature s so that a verifier need not divide (Intel SDM vol. 3D, table 38-21):
// q1 = s^2 / n and q2 = (s^3 - q1 s n) / n, rounded down. Refuses s >= n.
struct Rsa3072Quotients {
  Rsa3072Number q1;
  Rsa3072Number q2;
};
Result<Rsa3072Quotients> rsa3072_quotients_le(const Rsa3072Number& modulus_le, const Rsa3072Number& signature_le);

}  // namespace brume::crypto
