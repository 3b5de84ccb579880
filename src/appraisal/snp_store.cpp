#include "appraisal/snp_store.h"

#include <algorithm>
#include <tuple>

#include "evidence/collateral.h"

namespace brume::appraisal {
namespace {

constexpr std::string_view kFetchChain = "fetch the product's certificate chain from AMD's KDS";
constexpr std::string_view kFetchCrl = "fetch the product's CRL from AMD's KDS";

template <typename List, typename Value>
void push(List& list, Value value, std::size_t limit) {
  list.push_front(std::move(value));
  if (list.size() > limit) list.pop_back();
}

// Whether the certificate is this chip's: of a VLEK, and where the chip is masked, that cannot be told.
bool fits_chip(const SnpKeyCertificate& key, const evidence::SnpReport& report) {
  if (key.vlek || report.chip_id_masked() || !key.extensions.hw_id) return true;
  const ByteView hw_id = *key.extensions.hw_id;
  return equal(report.chip_id.view().first(hw_id.size()), hw_id);
}

bool fits_tcb(const SnpKeyCertificate& key, const evidence::SnpReport& report) {
  if (!key.product) return false;
  const auto tcb = key.extensions.tcb(*key.product);
  return tcb && *tcb == report.reported_tcb;
}

bool contains(const Window& window, UnixMs now_ms) { return window.begin_ms <= now_ms && now_ms <= window.end_ms; }

// Two generations may share a name. Where none verifies, the refusal of the latest says so.
const SnpCaCertificate* issuer_of(const crypto::Certificate& certificate, ByteView name,
                                  const std::deque<SnpCaCertificate>& among) {
  std::vector<const SnpCaCertificate*> named;
  for (const SnpCaCertificate& issuer : among) {
    if (equal(issuer.subject, name)) named.push_back(&issuer);
  }
  if (named.empty()) return nullptr;
  if (named.size() == 1) return named.front();
  const auto good =
      std::ranges::find_if(named, [&](const SnpCaCertificate* issuer) { return certificate.signed_by(issuer->key); });
  return good == named.end() ? named.front() : *good;
}

void check_revoked(Refusals& refusals, std::string_view rule, const crypto::Crl& crl,
                   const crypto::Certificate& certificate) {
  if (!crl.revokes(certificate)) return;
  refuse(refusals, rule, "a certificate that is not revoked", "its serial number stands in the CRL",
         "move to a platform whose keys are not revoked, and fetch its certificates anew");
}

}  // namespace

void SnpStore::add(const evidence::SnpEndorsements& endorsements) {
  for (const std::string& part : endorsements.certificates) {
    auto loaded = evidence::load_snp_certificates(part);
    if (!loaded) unreadable_.certificate = loaded.error().what;
    if (!loaded) continue;
    for (const crypto::Certificate& certificate : *loaded) add_certificate(certificate);
  }
  for (const std::string& part : endorsements.crls) add_crl(part);
  authorities_.clear();
  for (Key& key : keys_) {
    key.authority.reset();
    key.refusals.clear();
  }
}

void SnpStore::clear() { *this = SnpStore(); }

void SnpStore::add_certificate(const crypto::Certificate& certificate) {
  const auto role = snp_role(certificate);
  if (!role) {
    unreadable_.certificate = "not a certificate of VCEK, VLEK, ASK, ASVK or ARK";
    return;
  }
  const auto unread = [this](const Error& error) { unreadable_.certificate = error.what; };
  if (*role == SnpRole::kVcek || *role == SnpRole::kVlek) {
    auto key = read_snp_key_certificate(certificate);
    if (!key) return unread(key.error());
    const bool known =
        std::ranges::any_of(keys_, [&](const Key& held) { return held.certificate.fingerprint == key->fingerprint; });
    if (!known) push(keys_, Key{std::move(*key), nullptr, {}}, kKeyLimit);
    return;
  }
  auto ca = read_snp_ca_certificate(certificate);
  if (!ca) return unread(ca.error());
  auto& list = *role == SnpRole::kRoot ? roots_ : signers_;
  if (std::ranges::find(list, ca->fingerprint, &SnpCaCertificate::fingerprint) == list.end()) {
    push(list, std::move(*ca), kCaLimit);
  }
}

void SnpStore::add_crl(std::string_view bytes) {
  auto crl = evidence::load_crl(bytes);
  if (!crl) {
    unreadable_.crl = crl.error().what;
    return;
  }
  const Bytes der = crl->der();
  if (std::ranges::any_of(lists_, [&](const List& held) { return held.crl.der() == der; })) return;
  push(lists_, List{*crl, crl->issuer_der(), {crl->this_update(), crl->next_update()}}, kCrlLimit);
}

SnpStore::Key* SnpStore::key_for(const evidence::SnpReport& report, UnixMs now_ms) {
  const bool vlek = report.key_info.signing_key == evidence::SnpSigningKey::kVlek;
  Key* best = nullptr;
  auto best_fit = std::tuple(false, false, false);
  for (Key& key : keys_) {
    const SnpKeyCertificate& is = key.certificate;
    if (is.vlek != vlek) continue;
    const auto fit = std::tuple(fits_chip(is, report), fits_tcb(is, report), contains(is.window, now_ms));
    if (best != nullptr && fit <= best_fit) continue;
    best = &key;
    best_fit = fit;
  }
  return best;
}

const SnpCaCertificate* SnpStore::signer_of(const SnpKeyCertificate& key) const {
  return issuer_of(key.certificate, key.issuer, signers_);
}

const SnpCaCertificate* SnpStore::root_of(const SnpCaCertificate& signer) const {
  return issuer_of(signer.certificate, signer.issuer, roots_);
}

std::shared_ptr<const SnpAuthority> SnpStore::authority_of(const SnpCaCertificate& signer,
                                                           const SnpCaCertificate& root) {
  for (const auto& held : authorities_) {
    if (held->signer.fingerprint == signer.fingerprint && held->root.fingerprint == root.fingerprint) return held;
  }
  push(authorities_, std::make_shared<const SnpAuthority>(check_snp_authority(signer, root)), kCaLimit);
  return authorities_.front();
}

void SnpStore::link(Key& key) {
  if (key.authority != nullptr || !key.refusals.empty()) return;
  const SnpCaCertificate* signer = signer_of(key.certificate);
  if (signer == nullptr) {
    refuse(key.refusals, "snp.ask.missing", key.certificate.vlek ? "the certificate of the ASVK" : "that of the ASK",
           "none that the key's certificate names", kFetchChain);
    return;
  }
  const SnpCaCertificate* root = root_of(*signer);
  if (root == nullptr) {
    refuse(key.refusals, "snp.ark.missing", "the certificate of the ARK", "none that the ASK's certificate names",
           kFetchChain);
    return;
  }
  key.authority = authority_of(*signer, *root);
  key.refusals = key.authority->refusals;
  for (Refusal& refusal : check_snp_key(key.certificate, *key.authority)) key.refusals.push_back(std::move(refusal));
}

// 57230, section on the CRL: the ARK signs it, and it revokes what the ARK has signed. Every list that is genuine
// counts, however old: what it revokes stays revoked.
SnpRevocation SnpStore::check_revocation(Refusals& refusals, const Key& key, UnixMs now_ms) {
  const SnpAuthority& authority = *key.authority;
  SnpRevocation out = SnpRevocation::kUnchecked;
  bool forged = false;
  bool early = false;
  for (List& list : lists_) {
    if (list.issuer != authority.root.subject) continue;
    if (list.checked_under != authority.root.fingerprint) {
      list.good = list.crl.signed_by(authority.root.key);
      list.checked_under = authority.root.fingerprint;
    }
    forged = forged || !list.good;
    if (!list.good) continue;
    check_revoked(refusals, "snp.ask.revoked", list.crl, authority.signer.certificate);
    check_revoked(refusals, "snp.ark.revoked", list.crl, authority.root.certificate);
    check_revoked(refusals, "snp.ek.revoked", list.crl, key.certificate.certificate);
    const bool begun = list.window.begin_ms <= now_ms;
    early = early || !begun;
    if (begun) out = std::max(out, now_ms <= list.window.end_ms ? SnpRevocation::kChecked : SnpRevocation::kStale);
  }
  if (out != SnpRevocation::kUnchecked) return out;
  if (forged) refuse(refusals, "snp.crl.signature", "signed by the ARK", "signature does not verify", kFetchCrl);
  if (early)
    refuse(refusals, "snp.crl.not-yet-valid", "a CRL of now", "one of the future", "check the verifier's clock");
  if (unreadable_.crl) refuse(refusals, "snp.crl.format", "a CRL of X.509", *unreadable_.crl, kFetchCrl);
  return out;
}

}  // namespace brume::appraisal
