// X.509 certificates and CRLs: parsing, single checks, and issuing over P-256 (for self-signed
// session certificates and for the simulated platform's own PKI). Which checks make a chain
// trusted is src/evidence's and src/appraisal's business.
#pragma once

#include <memory>
#include <optional>

#include "base/outside.h"
#include "crypto/ec.h"
#include "crypto/public_key.h"

struct x509_st;

namespace brume::crypto {

struct CertificateState;
struct CrlState;

// An X.509 extension as it stands in the certificate.
struct Extension {
  std::string oid;  // dotted decimal
  bool critical = false;
  Bytes value;  // content of extnValue
};

inline constexpr std::size_t kCertificateSizeLimit = 64u << 10;  // PCK certificates have about 1.3 KiB
inline constexpr std::size_t kCrlSizeLimit = 1u << 20;           // about 25 000 revoked serial numbers

class Certificate {
 public:
  // X.509 v3 in DER: what parses encodes to the same bytes again. Refuses trailing bytes, BER,
  // negative serial numbers and doubled extensions; extensions it does not know are for the caller.
  static Result<Certificate> from_der(ByteView der);
  static Result<std::vector<Certificate>> chain_from_pem(std::string_view pem, std::size_t limit_count);
  Bytes der() const;
  std::string pem() const;
  std::string subject_common_name() const;  // UTF-8; empty unless there is exactly one
  Bytes subject_der() const;
  Bytes issuer_der() const;
  Bytes serial() const;  // big-endian magnitude
  UnixMs not_before() const;
  UnixMs not_after() const;
  bool is_ca() const;                  // basicConstraints stands there and says so
  bool may_sign_certificates() const;  // keyCertSign
  std::optional<Extension> extension(std::string_view oid) const;
  std::vector<Extension> extensions() const;  // each OID once: from_der refuses doubled ones
  Result<EcPublicKey> public_key() const;     // of P-256
  Result<PublicKey> subject_key() const;      // of any kind that PublicKey knows
  Sha256Digest fingerprint() const;           // SHA-256 of the DER
  friend bool operator==(const Certificate& a, const Certificate& b) { return a.same_bytes(b); }
  // Signature only, ECDSA with SHA-256 by that key.
  [[nodiscard]] bool signed_by(const EcPublicKey& issuer_key) const;
  // Signature only, by the algorithm that the certificate names: RSASSA-PSS with SHA-256, SHA-384 or SHA-512, MGF1
  // with the same hash and a salt of its size (RFC 4055, all stated), RSASSA-PKCS1-v1_5 with those hashes, or ECDSA
  // with SHA-256 or SHA-384. Nothing weaker counts.
  [[nodiscard]] bool signed_by(const PublicKey& issuer_key) const;
  // For certificates of our own: ends the process where OpenSSL does not take it.
  x509_st* native() const;

 private:
  friend class Crl;
  bool same_bytes(const Certificate& other) const;
  explicit Certificate(std::shared_ptr<const CertificateState> state) : state_(std::move(state)) {}
  std::shared_ptr<const CertificateState> state_;
};

class Crl {
 public:
  // As Certificate::from_der. Refuses critical extensions too (delta and indirect CRLs have them),
  // in the list and in its entries.
  static Result<Crl> from_der(ByteView der);
  Bytes der() const;
  Bytes issuer_der() const;
  UnixMs this_update() const;
  UnixMs next_update() const;                          // a CRL without one is refused by from_der
  bool revokes(const Certificate& certificate) const;  // by serial number
  [[nodiscard]] bool signed_by(const EcPublicKey& issuer_key) const;
  [[nodiscard]] bool signed_by(const PublicKey& issuer_key) const;  // as Certificate's

 private:
  explicit Crl(std::shared_ptr<const CrlState> state) : state_(std::move(state)) {}
  std::shared_ptr<const CrlState> state_;
};

struct CertificateRequest {
  std::string common_name;
  UnixMs not_before = 0;
  UnixMs not_after = 0;
  bool ca = false;
  std::vector<Extension> extensions{};  // besides the standard ones (basicConstraints, keyUsage, SKI, AKI, CRL DP)
  std::string crl_url{};                // empty: no CRL distribution point
};
// issuer == nullptr: self-signed with `issuer_key`.
Certificate issue_certificate(const CertificateRequest& request, const EcPublicKey& subject_key,
                              const Certificate* issuer, const EcKey& issuer_key, Random& random);
Crl issue_crl(const Certificate& issuer, const EcKey& issuer_key, UnixMs this_update, UnixMs next_update,
              const std::vector<Certificate>& revoked);

}  // namespace brume::crypto
