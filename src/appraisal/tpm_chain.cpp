#include "appraisal/tpm_chain.h"

#include <algorithm>

#include "appraisal/validity.h"
#include "evidence/collateral.h"
#include "evidence/der.h"
#include "evidence/snp_endorsements.h"

namespace brume::appraisal {
namespace {

constexpr std::size_t kChainLimit = 6;
constexpr std::string_view kFixChain = "lay the certificates up to a root that the policy names beside the quote";
constexpr std::string_view kOidKeyUsage = "2.5.29.15";
constexpr std::string_view kOidExtendedKeyUsage = "2.5.29.37";
constexpr std::uint8_t kDigitalSignature = 0x80;  // RFC 5280, section 4.2.1.3
constexpr std::uint8_t kKeyEncipherment = 0x20;
constexpr std::uint8_t kKeyAgreement = 0x08;
// 2.23.133.8.1 tcg-kp-EKCertificate and 2.23.133.8.3 tcg-kp-AIKCertificate, as OID content.
constexpr ByteArray<5> kEndorsementUsage = {0x67, 0x81, 0x05, 0x08, 0x01};
constexpr ByteArray<5> kAttestationUsage = {0x67, 0x81, 0x05, 0x08, 0x03};
// What is checked here (basicConstraints, keyUsage, extKeyUsage), and what only informs.
constexpr std::string_view kCriticalAllowed[] = {"2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.17", "2.5.29.32"};

// RFC 5280, section 4.2: a critical extension that nobody understands makes a certificate useless.
bool understood(const crypto::Certificate& certificate) {
  return std::ranges::all_of(certificate.extensions(), [](const crypto::Extension& extension) {
    return !extension.critical || std::ranges::find(kCriticalAllowed, extension.oid) != std::end(kCriticalAllowed);
  });
}

// BIT STRING: tag, size, unused bits, bits. A certificate that states no key usage allows all.
bool key_usage_fits(const crypto::Certificate& certificate, TpmKeyUse use) {
  const auto extension = certificate.extension(kOidKeyUsage);
  if (!extension) return true;
  const Bytes& value = extension->value;
  if (value.size() < 4 || value[0] != 0x03) return false;
  const int wanted = use == TpmKeyUse::kAttestation ? kDigitalSignature : kKeyEncipherment | kKeyAgreement;
  return (value[3] & wanted) != 0;
}

// A usage that the certificate states must be the one it is taken for; many state none (EK Credential Profile 2.5,
// section 3.2.16).
bool usage_fits(const crypto::Certificate& certificate, TpmKeyUse use) {
  if (!key_usage_fits(certificate, use)) return false;
  const auto extension = certificate.extension(kOidExtendedKeyUsage);
  if (!extension) return true;
  evidence::DerReader outer(extension->value);
  evidence::DerReader list = outer.sequence();
  const ByteView wanted = use == TpmKeyUse::kEndorsement ? ByteView(kEndorsementUsage) : ByteView(kAttestationUsage);
  bool found = false;
  bool other = false;
  while (list.ok() && !list.empty()) {
    const ByteView oid = list.element(evidence::DerTag::kOid);
    found = found || equal(oid, wanted);
    other = other || equal(oid, kEndorsementUsage) || equal(oid, kAttestationUsage);
  }
  return list.ok() && (found || !other);
}

class ChainCheck {
 public:
  ChainCheck(Refusals& refusals, const TpmStore& store, const Policy& policy, UnixMs now)
      : refusals_(refusals), store_(store), policy_(policy), now_(now) {}

  TpmChain run(const crypto::Certificate& leaf, TpmKeyUse use) {
    if (leaf.is_ca() || leaf.may_sign_certificates() || !usage_fits(leaf, use)) {
      refuse(refusals_, "tpm.chain.usage",
             use == TpmKeyUse::kEndorsement ? "the certificate of an endorsement key" : "that of an attestation key",
             "one of another usage", kFixChain);
    }
    check_one(leaf);
    const crypto::Certificate* at = &leaf;
    out_.length = 1;
    out_.revocation = TpmRevocation::kChecked;
    while (!ends_at(*at, at == &leaf)) {
      const crypto::Certificate* issuer = issuer_of(*at);
      if (issuer == nullptr || out_.length == kChainLimit) {
        refuse(refusals_, "tpm.chain.issuer", "the issuer's certificate, up to a root that the policy names",
               "none after " + std::to_string(out_.length), kFixChain);
        return out_;
      }
      check_link(*at, *issuer);
      check_one(*issuer);
      at = issuer;
      ++out_.length;
    }
    out_.complete = true;
    return out_;
  }

 private:
  // The first key that the policy names ends the chain, or one that issued itself.
  bool ends_at(const crypto::Certificate& certificate, bool leaf) {
    const auto key = certificate.subject_key();
    if (!key) return false;
    out_.root = key->spki_hash();
    if (leaf) return false;
    if (policy_.names_root(Tee::kTpm, out_.root)) return true;
    return equal(certificate.subject_der(), certificate.issuer_der());
  }

  // Of several with that name the one whose key signed.
  const crypto::Certificate* issuer_of(const crypto::Certificate& certificate) const {
    const crypto::Certificate* named = nullptr;
    for (const crypto::Certificate& candidate : store_.certificates) {
      if (!equal(candidate.subject_der(), certificate.issuer_der())) continue;
      if (candidate.fingerprint() == certificate.fingerprint()) continue;
      const auto key = candidate.subject_key();
      if (key && certificate.signed_by(*key)) return &candidate;
      named = &candidate;
    }
    return named;
  }

  void check_link(const crypto::Certificate& certificate, const crypto::Certificate& issuer) {
    const auto key = issuer.subject_key();
    if (!key || !certificate.signed_by(*key)) {
      refuse(refusals_, "tpm.chain.signature", "signed by its issuer", "signature does not verify", kFixChain);
      return;
    }
    if (!issuer.is_ca() || !issuer.may_sign_certificates()) {
      refuse(refusals_, "tpm.chain.profile", "issuers that may sign certificates", "one that may not", kFixChain);
    }
    out_.revocation = std::min(out_.revocation, look_up(certificate, issuer, *key));
  }

  void check_one(const crypto::Certificate& certificate) {
    check_window(refusals_, "tpm.chain", {certificate.not_before(), certificate.not_after()}, now_,
                 "get a new certificate from the TPM's maker or the cloud");
    if (understood(certificate)) return;
    refuse(refusals_, "tpm.chain.profile", "critical extensions that are known", "another", kFixChain);
  }

  // RFC 5280, section 6.3. What a genuine list revokes stays revoked, however old the list.
  TpmRevocation look_up(const crypto::Certificate& certificate, const crypto::Certificate& issuer,
                        const crypto::PublicKey& key) {
    TpmRevocation best = TpmRevocation::kUnchecked;
    for (const crypto::Crl& crl : store_.crls) {
      if (!equal(crl.issuer_der(), issuer.subject_der()) || !crl.signed_by(key)) continue;
      if (crl.revokes(certificate)) {
        refuse(refusals_, "tpm.chain.revoked", "a certificate that is not revoked", "its issuer revoked it",
               "do not trust this TPM");
      }
      const UnixMs now = now_ - now_ % 1000;
      if (now < crl.this_update()) continue;
      best = std::max(best, now <= crl.next_update() ? TpmRevocation::kChecked : TpmRevocation::kStale);
    }
    return best;
  }

  Refusals& refusals_;
  const TpmStore& store_;
  const Policy& policy_;
  UnixMs now_;
  TpmChain out_;
};

}  // namespace

void add_to_store(Refusals& refusals, TpmStore& store, const std::vector<std::string>& certificates,
                  const std::vector<std::string>& crls) {
  for (const std::string& part : certificates) {
    auto read = evidence::load_snp_certificates(part);
    if (!read) {
      refuse(refusals, "tpm.certificate.format", "X.509 certificates in DER or PEM", read.error().what, kFixChain);
      continue;
    }
    for (crypto::Certificate& certificate : *read) store.certificates.push_back(std::move(certificate));
  }
  for (const std::string& part : crls) {
    auto crl = evidence::load_crl(part);
    if (!crl) {
      refuse(refusals, "tpm.crl.format", "a CRL of X.509", crl.error().what, "fetch it from its issuer again");
      continue;
    }
    store.crls.push_back(std::move(*crl));
  }
}

const crypto::Certificate* certificate_of(const TpmStore& store, const SpkiHash& key) {
  for (const crypto::Certificate& certificate : store.certificates) {
    const auto subject = certificate.subject_key();
    if (subject && !certificate.is_ca() && subject->spki_hash() == key) return &certificate;
  }
  return nullptr;
}

TpmChain check_tpm_chain(Refusals& refusals, const crypto::Certificate& leaf, TpmKeyUse use, const TpmStore& store,
                         const Policy& policy, UnixMs now_ms) {
  return ChainCheck(refusals, store, policy, now_ms).run(leaf, use);
}

}  // namespace brume::appraisal
