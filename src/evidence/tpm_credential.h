// A credential that only one TPM can open, and only while it has a certain key: what TPM2_MakeCredential makes, without
// a TPM (TPM 2.0 Library, Part 1, section 24, "Credential Protection"). A verifier sends it to the TPM whose
// endorsement key it trusts; who returns the secret (TPM2_ActivateCredential) has proved that the attestation key of
// that name lies in that very TPM.
#pragma once

#include "base/outside.h"
#include "evidence/tpm_attest.h"
#include "evidence/tpm_public.h"

namespace brume::evidence {

// An endorsement key and what its template says of the credential's protection.
struct EndorsementKey {
  crypto::PublicKey key;
  TpmAlgorithm name_hash = TpmAlgorithm::kSha256;
  std::uint16_t symmetric_bits = 128;  // AES-CFB
};
// Of its public area: a restricted decryption key with AES in CFB mode.
Result<EndorsementKey> endorsement_key(const TpmPublic& area);
// Of a key alone, as in an EK certificate: by the default templates (TCG EK Credential Profile 2.5, annex B): RSA 2048
// and P-256 have SHA-256 and AES-128, the larger ones SHA-384 and AES-256.
EndorsementKey endorsement_key(crypto::PublicKey key);

struct TpmCredential {
  Bytes id_object;  // TPM2B_ID_OBJECT: credentialBlob of TPM2_ActivateCredential
  Bytes secret;     // TPM2B_ENCRYPTED_SECRET
};
// `credential`: the secret to be returned, at most as long as the name hash's digest. Refuses an empty one.
Result<TpmCredential> make_credential(const EndorsementKey& ek, ByteView ak_name, ByteView credential, Random& random);

// The file that tpm2_activatecredential reads: magic, version, both parts.
Bytes credential_file(const TpmCredential& credential);

// SP 800-108 in counter mode with HMAC (Part 1, section 11.4.10.2), and SP 800-56A's (11.4.10.3).
Bytes kdf_a(crypto::HashAlgorithm hash, ByteView key, std::string_view label, ByteView context_u, ByteView context_v,
            std::size_t bits);
Bytes kdf_e(crypto::HashAlgorithm hash, ByteView z, std::string_view label, ByteView party_u, ByteView party_v,
            std::size_t bits);

}  // namespace brume::evidence
