#include "evidence/tpm_algorithm.h"

#include <array>

namespace brume::evidence {
namespace {

struct Hash {
  TpmAlgorithm id;
  std::string_view name;
  std::size_t size;
  crypto::HashAlgorithm computed_as;
};

constexpr std::array<Hash, 5> kHashes = {{
    {TpmAlgorithm::kSha1, "sha1", 20, crypto::HashAlgorithm::kSha1},
    {TpmAlgorithm::kSha256, "sha256", 32, crypto::HashAlgorithm::kSha256},
    {TpmAlgorithm::kSha384, "sha384", 48, crypto::HashAlgorithm::kSha384},
    {TpmAlgorithm::kSha512, "sha512", 64, crypto::HashAlgorithm::kSha512},
    {TpmAlgorithm::kSm3, "sm3", 32, crypto::HashAlgorithm::kSm3},
}};

const Hash* find(TpmAlgorithm id) {
  for (const Hash& hash : kHashes) {
    if (hash.id == id) return &hash;
  }
  return nullptr;
}

}  // namespace

std::size_t tpm_digest_size(TpmAlgorithm hash) {
  const Hash* found = find(hash);
  return found == nullptr ? 0 : found->size;
}

std::string_view tpm_hash_name(TpmAlgorithm hash) {
  const Hash* found = find(hash);
  return found == nullptr ? "unknown" : found->name;
}

std::optional<TpmAlgorithm> tpm_hash_from(std::string_view name) {
  if (name == "sm3_256") return TpmAlgorithm::kSm3;
  for (const Hash& hash : kHashes) {
    if (hash.name == name) return hash.id;
  }
  return std::nullopt;
}

std::optional<crypto::HashAlgorithm> tpm_crypto_hash(TpmAlgorithm hash) {
  const Hash* found = find(hash);
  if (found == nullptr) return std::nullopt;
  return found->computed_as;
}

}  // namespace brume::evidence
