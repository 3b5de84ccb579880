// The certificates of SEV-SNP (AMD 57230, chapter 3; for VLEK 58369): VCEK under ASK under ARK, or VLEK under ASVK
// under ARK. Everything here is independent of time and of revocation, so it may be kept.
#pragma once

#include <memory>

#include "appraisal/refusal.h"
#include "appraisal/validity.h"
#include "crypto/x509.h"
#include "evidence/snp_certificate.h"

namespace brume::appraisal {

// What a certificate is, by its common name.
enum class SnpRole { kVcek, kVlek, kSigner, kRoot };
std::optional<SnpRole> snp_role(const crypto::Certificate& certificate);

// The certificate of an endorsement key, read; nothing is verified.
struct SnpKeyCertificate {
  crypto::Certificate certificate;
  Sha256Digest fingerprint;
  bool vlek = false;
  crypto::PublicKey key;
  evidence::SnpKeyExtensions extensions;
  std::optional<evidence::SnpProduct> product;
  Bytes issuer;
  Window window{};
};
Result<SnpKeyCertificate> read_snp_key_certificate(const crypto::Certificate& certificate);

// The certificate of ASK, ASVK or ARK, read.
struct SnpCaCertificate {
  crypto::Certificate certificate;
  Sha256Digest fingerprint;
  crypto::PublicKey key;
  std::string name;  // common name
  Bytes subject;
  Bytes issuer;
  Window window{};
};
Result<SnpCaCertificate> read_snp_ca_certificate(const crypto::Certificate& certificate);

// ASK or ASVK under its ARK; `refusals`: which checks failed.
struct SnpAuthority {
  SnpCaCertificate signer;
  SnpCaCertificate root;
  SpkiHash root_spki;
  std::optional<evidence::SnpProduct> product;  // of the root's name
  bool vlek = false;                            // the signer is an ASVK
  Refusals refusals;
};
SnpAuthority check_snp_authority(const SnpCaCertificate& signer, const SnpCaCertificate& root);

// The key under its authority: issuer, signature, profile, product.
Refusals check_snp_key(const SnpKeyCertificate& key, const SnpAuthority& authority);

}  // namespace brume::appraisal
