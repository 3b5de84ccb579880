// How a certificate or a CRL says that it is signed, and whether it is. RFC 4055 (RSA), RFC 5758 (ECDSA).
#include <openssl/rsa.h>

#include <optional>

#include "crypto/openssl_handle.h"
#include "crypto/x509.h"
#include "crypto/x509_state.h"

namespace brume::crypto {
namespace {

using PssParameters = Handle<RSA_PSS_PARAMS, RSA_PSS_PARAMS_free>;
using AlgorithmHandle = Handle<X509_ALGOR, X509_ALGOR_free>;

struct Stated {
  SignatureScheme scheme;
  HashAlgorithm hash;
};

struct NamedAlgorithm {
  int nid;
  Stated stated;
};
constexpr NamedAlgorithm kNamed[] = {
    {NID_sha256WithRSAEncryption, {SignatureScheme::kRsaPkcs1, HashAlgorithm::kSha256}},
    {NID_sha384WithRSAEncryption, {SignatureScheme::kRsaPkcs1, HashAlgorithm::kSha384}},
    {NID_sha512WithRSAEncryption, {SignatureScheme::kRsaPkcs1, HashAlgorithm::kSha512}},
    {NID_ecdsa_with_SHA256, {SignatureScheme::kEcdsa, HashAlgorithm::kSha256}},
    {NID_ecdsa_with_SHA384, {SignatureScheme::kEcdsa, HashAlgorithm::kSha384}},
};

int nid_of(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return OBJ_obj2nid(object);
}

// The parameters where they are a SEQUENCE.
const ASN1_STRING* sequence_of(const X509_ALGOR* algorithm) {
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &type, &value, algorithm);
  return type == V_ASN1_SEQUENCE ? static_cast<const ASN1_STRING*>(value) : nullptr;
}

bool without_parameters(const X509_ALGOR* algorithm, bool null_allowed) {
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0(nullptr, &type, nullptr, algorithm);
  return type == V_ASN1_UNDEF || (null_allowed && type == V_ASN1_NULL);
}

std::optional<HashAlgorithm> hash_of(const X509_ALGOR* algorithm) {
  if (!without_parameters(algorithm, true)) return std::nullopt;
  switch (nid_of(algorithm)) {
    case NID_sha256:
      return HashAlgorithm::kSha256;
    case NID_sha384:
      return HashAlgorithm::kSha384;
    case NID_sha512:
      return HashAlgorithm::kSha512;
    default:
      return std::nullopt;
  }
}

// MGF1 with this hash, RFC 4055 section 2.2.
bool is_mgf1(const X509_ALGOR* algorithm, HashAlgorithm hash) {
  const ASN1_STRING* parameters = sequence_of(algorithm);
  if (nid_of(algorithm) != NID_mgf1 || parameters == nullptr) return false;
  const std::uint8_t* end = ASN1_STRING_get0_data(parameters);
  AlgorithmHandle inner(d2i_X509_ALGOR(nullptr, &end, ASN1_STRING_length(parameters)));
  return clean(inner != nullptr) && hash_of(inner.get()) == hash;
}

// RFC 4055 section 3.1. The defaults are SHA-1: what is left out is too weak.
std::optional<Stated> pss_of(const X509_ALGOR* algorithm) {
  const ASN1_STRING* bytes = sequence_of(algorithm);
  if (bytes == nullptr) return std::nullopt;
  const std::uint8_t* end = ASN1_STRING_get0_data(bytes);
  PssParameters pss(d2i_RSA_PSS_PARAMS(nullptr, &end, ASN1_STRING_length(bytes)));
  if (!clean(pss != nullptr) || !pss->hashAlgorithm || !pss->maskGenAlgorithm || !pss->saltLength) return std::nullopt;
  const auto hash = hash_of(pss->hashAlgorithm);
  if (!hash || !is_mgf1(pss->maskGenAlgorithm, *hash)) return std::nullopt;
  if (ASN1_INTEGER_get(pss->saltLength) != static_cast<long>(hash_size(*hash))) return std::nullopt;
  if (pss->trailerField != nullptr && ASN1_INTEGER_get(pss->trailerField) != 1) return std::nullopt;
  return Stated{SignatureScheme::kRsaPss, *hash};
}

std::optional<Stated> stated(const X509_ALGOR* algorithm) {
  const int nid = nid_of(algorithm);
  if (nid == NID_rsassaPss) return pss_of(algorithm);
  for (const NamedAlgorithm& named : kNamed) {
    if (named.nid != nid) continue;
    const bool rsa = named.stated.scheme == SignatureScheme::kRsaPkcs1;
    if (without_parameters(algorithm, rsa)) return named.stated;
  }
  return std::nullopt;
}

// By the algorithm that is named, if it is one that counts and fits the key.
bool is_signed_by(const SignedView& sealed, const PublicKey& key) {
  const std::uint8_t* end = sealed.algorithm.data();
  AlgorithmHandle algorithm(d2i_X509_ALGOR(nullptr, &end, static_cast<long>(sealed.algorithm.size())));
  if (!clean(algorithm != nullptr)) return false;
  const auto is = stated(algorithm.get());
  if (!is || (is->scheme == SignatureScheme::kEcdsa) != (key.kind() != KeyKind::kRsa)) return false;
  return key.verify(is->scheme, is->hash, sealed.bytes, sealed.signature, hash_size(is->hash));
}

}  // namespace

Result<PublicKey> Certificate::subject_key() const { return PublicKey::from_spki_der(state_->fields.spki); }
bool Certificate::signed_by(const PublicKey& key) const { return is_signed_by(state_->fields.sealed, key); }
bool Crl::signed_by(const PublicKey& key) const { return is_signed_by(state_->fields.sealed, key); }

}  // namespace brume::crypto
