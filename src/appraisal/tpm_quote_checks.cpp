#include "appraisal/tpm_quote_checks.h"

#include <algorithm>

#include "evidence/tpm_signature.h"

namespace brume::appraisal {
namespace {

using evidence::TpmAlgorithm;
using evidence::TpmSignature;

constexpr std::string_view kFixQuote = "quote again with a restricted key of the TPM (TPM2_Quote)";

// Part 2, 11.3: the hash that a scheme names is that of the signed bytes.
bool verifies(const crypto::PublicKey& key, const TpmSignature& signature, ByteView attest) {
  const auto hash = evidence::tpm_crypto_hash(signature.hash);
  if (!hash) return false;
  switch (signature.scheme) {
    case TpmAlgorithm::kRsaSsa:
      return key.verify_or_sha1(crypto::SignatureScheme::kRsaPkcs1, *hash, attest, signature.rsa);
    case TpmAlgorithm::kRsaPss:  // Part 1, annex B.7: the salt is as long as the digest, or as it can be
      return key.verify_or_sha1(crypto::SignatureScheme::kRsaPss, *hash, attest, signature.rsa);
    default:
      return key.verify_ecdsa_or_sha1(*hash, attest, signature.r, signature.s);
  }
}

void check_area(Refusals& refusals, const evidence::TpmPublic& area, const TpmSignature& signature, TpmFacts& facts) {
  facts.ak_area = evidence::is_attestation_key(area);
  if (!facts.ak_area) {
    refuse(refusals, "tpm.ak.attributes", "a restricted signing key that was made in the TPM and stays there",
           "attributes " + std::to_string(area.attributes),
           "a key that may sign anything can sign what looks like a quote: create an attestation key");
  }
  // Part 2, 12.2.3.5: a restricted signing key has its scheme, and signs with no other.
  const bool same = area.scheme.algorithm == signature.scheme && area.scheme.hash == signature.hash;
  if (area.scheme.algorithm == TpmAlgorithm::kNull || same) return;
  refuse(refusals, "tpm.signature.scheme", "the scheme and hash of the attestation key", "another", kFixQuote);
}

}  // namespace

std::optional<evidence::TpmAttest> read_quote(Refusals& refusals, ByteView attest) {
  const auto header = evidence::parse_tpm_attest_header(attest);
  if (!header) {
    refuse(refusals, "tpm.quote.format", "a TPMS_ATTEST", header.error().what, kFixQuote);
    return std::nullopt;
  }
  // Part 2, 10.12.12: a restricted key signs what begins with this value only if the TPM made it.
  if (header->magic != evidence::kTpmGenerated) {
    refuse(refusals, "tpm.quote.magic", "ff544347", "another value", kFixQuote);
    return std::nullopt;
  }
  if (header->type != evidence::kTpmAttestQuote) {
    refuse(refusals, "tpm.quote.type", "8018, a quote", "another attestation", kFixQuote);
    return std::nullopt;
  }
  auto quote = evidence::parse_tpm_attest(attest);
  if (!quote) {
    refuse(refusals, "tpm.quote.format", "a TPMS_ATTEST", quote.error().what, kFixQuote);
    return std::nullopt;
  }
  return *quote;
}

void check_quote_signature(Refusals& refusals, const evidence::TpmEvidence& evidence, TpmFacts& facts) {
  const auto signature = evidence::read_tpm_signature(evidence.signature);
  if (!signature) {
    refuse(refusals, "tpm.signature.format", "a TPMT_SIGNATURE, or RSASSA bytes", signature.error().what, kFixQuote);
  } else {
    facts.scheme = signature->scheme;
    facts.hash = signature->hash;
  }
  if (evidence.ak_public.empty()) {
    refuse(refusals, "tpm.ak.missing", "the attestation key", "none", "send its public area with the quote");
    return;
  }
  const auto key = evidence::read_attestation_key(evidence.ak_public);
  if (!key) {
    refuse(refusals, "tpm.ak.format", "a TPMT_PUBLIC, TPM2B_PUBLIC or SubjectPublicKeyInfo", key.error().what,
           kFixQuote);
    return;
  }
  facts.ak = key->key.spki_hash();
  facts.ak_name = key->name;
  if (!signature) return;
  if (key->area) check_area(refusals, *key->area, *signature, facts);
  if (verifies(key->key, *signature, evidence.attest)) return;
  refuse(refusals, "tpm.signature", "signed by the attestation key", "signature does not verify", kFixQuote);
}

// Part 1, section 31.5; Part 3, 18.4: the digest is of the selected registers, bank after bank as the selection names
// them, each from the lowest index; its hash is that of the signature, whatever the banks'.
void check_pcr_digest(Refusals& refusals, const evidence::TpmEvidence& evidence, TpmFacts& facts) {
  const auto values = evidence::concatenate_pcrs(facts.quote.selections, evidence.pcrs);
  if (!values) {
    refuse(refusals, "tpm.pcr.missing", "values of all registers that the quote selects",
           "none for " + values.error().what, "send them with the quote");
    return;
  }
  const auto hash = evidence::tpm_crypto_hash(facts.hash);
  if (!hash) return;  // of a signature that was refused
  const Bytes digest = crypto::hash(*hash, *values);
  if (!equal(digest, facts.quote.pcr_digest)) {
    refuse(refusals, "tpm.pcr.digest", to_hex(facts.quote.pcr_digest), to_hex(digest),
           "read the registers again and quote them when none is extended in between");
    return;
  }
  facts.pcrs_known = true;
  for (const evidence::PcrValue& value : evidence.pcrs) {
    const bool selected = std::ranges::any_of(facts.quote.selections, [&](const evidence::PcrSelection& selection) {
      return selection.hash == value.bank && selection.selects(value.index);
    });
    if (selected) facts.pcrs.push_back(value);
  }
}

}  // namespace brume::appraisal
