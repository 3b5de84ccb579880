#include "evidence/tpm_credential.h"

#include "crypto/credential.h"
#include "evidence/tpm_bytes.h"

namespace brume::evidence {
namespace {

constexpr std::string_view kIdentity("IDENTITY\0", 9);  // the label of OAEP has its NUL
constexpr std::uint32_t kToolMagic = 0xbadcc0de;        // tpm2-tools, lib/files.c
constexpr std::uint32_t kToolVersion = 1;

struct Seed {
  Bytes value;
  Bytes encrypted;  // content of the TPM2B_ENCRYPTED_SECRET
};

// Part 1, annex B.10.4: a random seed under RSA-OAEP.
Result<Seed> rsa_seed(const EndorsementKey& ek, crypto::HashAlgorithm hash, Random& random) {
  Seed out;
  out.value.resize(crypto::hash_size(hash));
  random.fill(out.value);
  BRUME_ASSIGN(out.encrypted, crypto::rsa_oaep_encrypt(ek.key, hash, as_bytes(kIdentity), out.value));
  return out;
}

// Part 1, annex C.6.4: a seed from one-pass Diffie-Hellman; the ephemeral point is sent.
Result<Seed> ecc_seed(const EndorsementKey& ek, crypto::HashAlgorithm hash) {
  BRUME_ASSIGN(const auto share, crypto::share_with(ek.key));
  const Bytes spki = ek.key.spki_der();
  const ByteView peer_x = ByteView(spki).last(2 * share.x.size()).first(share.x.size());
  Seed out;
  out.value = kdf_e(hash, share.shared_x, "IDENTITY", share.x, peer_x, 8 * crypto::hash_size(hash));
  Writer point;
  put_tpm2b(point, share.x);
  put_tpm2b(point, share.y);
  out.encrypted = point.take();
  return out;
}

// Part 1, section 24.4: encrypted under the seed and the name, then under a MAC.
Bytes protect(const EndorsementKey& ek, crypto::HashAlgorithm hash, ByteView seed, ByteView ak_name,
              ByteView credential) {
  Writer plain;
  put_tpm2b(plain, credential);
  const Bytes key = kdf_a(hash, seed, "STORAGE", ak_name, {}, ek.symmetric_bits);
  const Bytes encrypted = crypto::aes_cfb_encrypt(key, plain.bytes());
  const Bytes mac_key = kdf_a(hash, seed, "INTEGRITY", {}, {}, 8 * crypto::hash_size(hash));
  Bytes covered = encrypted;
  append(covered, ak_name);
  Writer inner, out;
  put_tpm2b(inner, crypto::hmac(hash, mac_key, covered));
  inner.raw(encrypted);
  put_tpm2b(out, inner.bytes());
  return out.take();
}

}  // namespace

Bytes kdf_a(crypto::HashAlgorithm hash, ByteView key, std::string_view label, ByteView context_u, ByteView context_v,
            std::size_t bits) {
  Bytes out;
  for (std::uint32_t counter = 1; out.size() * 8 < bits; ++counter) {
    Writer block;
    block.u32be(counter).raw(as_bytes(label)).u8(0).raw(context_u).raw(context_v);
    block.u32be(static_cast<std::uint32_t>(bits));
    append(out, crypto::hmac(hash, key, block.bytes()));
  }
  out.resize(bits / 8);
  return out;
}

Bytes kdf_e(crypto::HashAlgorithm hash, ByteView z, std::string_view label, ByteView party_u, ByteView party_v,
            std::size_t bits) {
  Bytes out;
  for (std::uint32_t counter = 1; out.size() * 8 < bits; ++counter) {
    Writer block;
    block.u32be(counter).raw(z).raw(as_bytes(label)).u8(0).raw(party_u).raw(party_v);
    append(out, crypto::hash(hash, block.bytes()));
  }
  out.resize(bits / 8);
  return out;
}

Result<EndorsementKey> endorsement_key(const TpmPublic& area) {
  constexpr std::uint32_t kMust = kTpmFixedTpm | kTpmFixedParent | kTpmRestricted | kTpmDecrypt;
  if ((area.attributes & kMust) != kMust || (area.attributes & kTpmSign) != 0) {
    return malformed("endorsement key: not a restricted decryption key of one TPM");
  }
  const bool bits = area.symmetric.key_bits == 128 || area.symmetric.key_bits == 256;
  if (area.symmetric.algorithm != TpmAlgorithm::kAes || area.symmetric.mode != TpmAlgorithm::kCfb || !bits) {
    return fail(ErrorCode::kUnsupported, "endorsement key: it does not protect with AES-128 or AES-256 in CFB mode");
  }
  BRUME_ASSIGN(auto key, tpm_public_key(area));
  return EndorsementKey{std::move(key), area.name_hash, area.symmetric.key_bits};
}

EndorsementKey endorsement_key(crypto::PublicKey key) {
  const bool small =
      key.kind() == crypto::KeyKind::kP256 || (key.kind() == crypto::KeyKind::kRsa && key.rsa_modulus().size() == 256);
  if (small) return {std::move(key), TpmAlgorithm::kSha256, 128};
  return {std::move(key), TpmAlgorithm::kSha384, 256};
}

Result<TpmCredential> make_credential(const EndorsementKey& ek, ByteView ak_name, ByteView credential, Random& random) {
  const auto hash = tpm_crypto_hash(ek.name_hash);
  if (!hash) return fail(ErrorCode::kUnsupported, "endorsement key: the name's hash is not known");
  if (credential.empty() || credential.size() > crypto::hash_size(*hash)) {
    return fail(ErrorCode::kLimit, "credential: empty, or longer than a digest of the endorsement key");
  }
  if (ak_name.size() > kTpmNameSizeLimit) return fail(ErrorCode::kLimit, "credential: the name is too long");
  const bool rsa = ek.key.kind() == crypto::KeyKind::kRsa;
  BRUME_ASSIGN(const Seed seed, rsa ? rsa_seed(ek, *hash, random) : ecc_seed(ek, *hash));
  TpmCredential out;
  out.id_object = protect(ek, *hash, seed.value, ak_name, credential);
  Writer secret;
  put_tpm2b(secret, seed.encrypted);
  out.secret = secret.take();
  return out;
}

Bytes credential_file(const TpmCredential& credential) {
  Writer out;
  out.u32be(kToolMagic).u32be(kToolVersion).raw(credential.id_object).raw(credential.secret);
  return out.take();
}

}  // namespace brume::evidence
