#include "appraisal/tpm_appraiser.h"

#include <algorithm>

#include "appraisal/tpm_quote_checks.h"
#include "crypto/hash.h"

namespace brume::appraisal {
namespace {

constexpr std::size_t kStoreLimit = 1024;
constexpr std::size_t kSentLimit = 16;  // two chains and more: whoever sends them has each tried as an issuer
constexpr std::string_view kFixNonce =
    "the quote was made for another session, nonce, role or epoch: ask for a new one";

bool any_root(const Policy& policy) {
  return std::ranges::any_of(policy.allow,
                             [](const AllowEntry& entry) { return entry.tee == Tee::kTpm && !entry.roots.empty(); });
}

// TPM 2.0 Library, Part 3, section 18.4 (TPM2_Quote): extraData is the caller's qualifying data.
void check_nonce(Refusals& refusals, const evidence::TpmAttest& quote, const Expected& expected) {
  const Bytes want = expected.nonce.value_or(tpm_nonce(expected.report_data));
  if (equal_constant_time(quote.extra_data, want)) return;
  refuse(refusals, expected.nonce ? "tpm.nonce" : "join.report-data",
         expected.nonce ? to_hex(want) : "extra data bound to this session",
         expected.nonce ? to_hex(quote.extra_data) : "other extra data", kFixNonce);
}

void check_logs(Refusals& refusals, const evidence::TpmEvidence& evidence, std::size_t ima_least, TpmFacts& facts) {
  if (!facts.pcrs_known) return;  // there is nothing to hold them against
  if (!evidence.event_log.empty()) {
    facts.log = check_event_log(refusals, evidence.event_log, evidence::EventLogKind::kTpm, facts.pcrs);
  }
  if (!evidence.ima_log.empty()) facts.ima = check_ima_log(refusals, evidence.ima_log, facts.pcrs, ima_least);
}

// Certificates that came with the evidence; those that the verifier has itself do not count.
void add_sent(Refusals& refusals, TpmStore& store, const std::vector<std::string>& parts) {
  TpmStore sent;
  add_to_store(refusals, sent, parts, {});
  std::erase_if(sent.certificates, [&](const crypto::Certificate& certificate) {
    return std::ranges::find(store.certificates, certificate) != store.certificates.end();
  });
  if (sent.certificates.size() > kSentLimit) {
    refuse(refusals, "tpm.certificate.format", "at most " + std::to_string(kSentLimit) + " certificates with a quote",
           std::to_string(sent.certificates.size()), "send the key's certificate and its issuers");
    return;
  }
  std::ranges::move(sent.certificates, std::back_inserter(store.certificates));
}

}  // namespace

Bytes tpm_nonce(const ReportData& report_data) { return to_bytes(crypto::sha256(report_data.view()).view()); }

void TpmAppraiser::add_endorsements(const TpmEndorsements& endorsements) {
  add_to_store(unreadable_, store_, endorsements.certificates, endorsements.crls);
  const auto cut = [](auto& list) {
    if (list.size() > kStoreLimit) list.erase(list.begin() + kStoreLimit, list.end());
  };
  cut(store_.certificates);
  cut(store_.crls);
}

void TpmAppraiser::add_activation(const SpkiHash& ek, ByteView ak_name) {
  activations_.push_front({ek, to_bytes(ak_name)});
  if (activations_.size() > Verifier::kActivationLimit) activations_.pop_back();
}

void TpmAppraiser::clear() { *this = {}; }

// A chain of the attestation key's own certificate, or, where the caller has activated a credential, of the endorsement
// key's. What does not hold is told by entries that name a root.
void TpmAppraiser::check_trust(const evidence::TpmEvidence& evidence, const Policy& policy, UnixMs now_ms,
                               PeerFacts& facts) const {
  TpmFacts& tpm = *facts.tpm;
  for (const Activation& activation : activations_) {
    if (tpm.ak_name.empty() || activation.ak_name != tpm.ak_name) continue;
    tpm.ek = activation.ek;
    break;
  }
  if (!any_root(policy)) return;
  TpmStore store = store_;
  tpm.chain = unreadable_;
  add_sent(tpm.chain, store, evidence.certificates);
  const crypto::Certificate* leaf = certificate_of(store, tpm.ak);
  TpmKeyUse use = TpmKeyUse::kAttestation;
  if (leaf == nullptr && tpm.ek) {
    leaf = certificate_of(store, *tpm.ek);
    use = TpmKeyUse::kEndorsement;
  }
  if (leaf == nullptr) {
    refuse(tpm.chain, "tpm.certificate.missing",
           "a certificate of the attestation key, or of the endorsement key of an activated credential", "none",
           "send it with the quote");
    return;
  }
  const TpmChain chain = check_tpm_chain(tpm.chain, *leaf, use, store, policy, now_ms);
  if (chain.complete) tpm.revocation = chain.revocation;
  if (!tpm.chain.empty()) return;
  tpm.ak_certified = true;
  facts.root = chain.root;
}

void TpmAppraiser::examine(const evidence::TpmEvidence& evidence, const Policy& policy, const Expected& expected,
                           Findings& findings, KnownFacts& known) const {
  Refusals& refusals = findings.refusals;
  const auto quote = read_quote(refusals, evidence.attest);
  if (!quote) return;
  PeerFacts& facts = findings.facts_unverified;
  facts.tee = Tee::kTpm;
  facts.tpm.emplace();
  facts.tpm->quote = *quote;
  known.tee = true;
  check_nonce(refusals, *quote, expected);
  check_quote_signature(refusals, evidence, *facts.tpm);
  check_pcr_digest(refusals, evidence, *facts.tpm);
  check_trust(evidence, policy, expected.now_ms, facts);
  check_logs(refusals, evidence, expected.ima_least_count, *facts.tpm);
  facts.debug = facts.tpm->log && facts.tpm->log->boot.debug_mode;
}

}  // namespace brume::appraisal
