// ECDSA P-256 with SHA-256 (FIPS 186-4). Raw signatures are r||s, each 32 bytes big-endian, as in
// DCAP quotes and Intel's collateral; DER ones are what X.509 holds.
#pragma once

#include <memory>

#include "base/ids.h"
#include "crypto/secret.h"

struct evp_pkey_st;

namespace brume::crypto {

using RawSignature = ByteArray<64>;
using RawPublicKey = ByteArray<64>;  // x||y, big-endian

// A P-256 point that is known to lie on the curve.
class EcPublicKey {
 public:
  static Result<EcPublicKey> from_raw(ByteView xy);
  static Result<EcPublicKey> from_spki_der(ByteView der);  // refuses every other algorithm and curve
  RawPublicKey raw() const;
  Bytes spki_der() const;
  SpkiHash spki_hash() const;
  // Refuses r or s that is zero or not below the order.
  [[nodiscard]] bool verify_raw(ByteView message, ByteView signature) const;
  [[nodiscard]] bool verify_der(ByteView message, ByteView signature) const;
  evp_pkey_st* native() const { return key_.get(); }

 private:
  friend class EcKey;
  explicit EcPublicKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

class EcKey {
 public:
  static EcKey generate();
  static Result<EcKey> from_pkcs8_pem(std::string_view pem);
  std::string pkcs8_pem() const;
  EcPublicKey public_key() const;
  RawSignature sign_raw(ByteView message) const;
  Bytes sign_der(ByteView message) const;
  evp_pkey_st* native() const { return key_.get(); }

 private:
  explicit EcKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace brume::crypto
