#include "appraisal/sgx_collateral.h"

#include <algorithm>
#include <vector>

#include "appraisal/validity.h"

namespace brume::appraisal {
namespace {

constexpr std::string_view kFetch = "fetch the collateral again";

// parse(text), or kNotFound where there is nothing.
template <typename Parse>
auto part(const std::string& text, Parse parse) -> decltype(parse(text)) {
  if (text.empty()) return fail(ErrorCode::kNotFound, "missing");
  return parse(text);
}

// Adds PREFIX.missing or PREFIX.format. True if the part is there.
template <typename T>
bool usable(Refusals& refusals, std::string_view prefix, const Result<T>& part) {
  if (part) return true;
  if (part.error().code == ErrorCode::kNotFound) {
    refuse(refusals, std::string(prefix) + ".missing", "collateral for this platform", "none", kFetch);
  } else {
    refuse(refusals, std::string(prefix) + ".format", "well-formed collateral", part.error().what, kFetch);
  }
  return false;
}

void check_crl(Refusals& refusals, std::string_view prefix, const crypto::Crl& crl, const crypto::Certificate& issuer,
               const crypto::EcPublicKey& issuer_key, std::string_view issuer_name) {
  if (crl.issuer_der() != issuer.subject_der()) {
    refuse(refusals, std::string(prefix) + ".issuer", "issued by " + std::string(issuer_name), "names another issuer",
           kFetch);
  }
  if (!crl.signed_by(issuer_key)) {
    refuse(refusals, std::string(prefix) + ".signature", "signed by " + std::string(issuer_name),
           "signature does not verify", kFetch);
  }
}

// Optional: the CRL is checked against the CA in the quote. Where the chain is there, it must agree.
void check_pck_crl_chain(Refusals& refusals, const ParsedCollateral& collateral, const PckChain& chain) {
  const auto& certificates = collateral.pck_crl_chain;
  if (!certificates && certificates.error().code == ErrorCode::kNotFound) return;
  if (!usable(refusals, "sgx.pck-crl-chain", certificates)) return;
  if (*certificates == std::vector{chain.ca} || *certificates == std::vector{chain.ca, chain.root}) return;
  auto key = certificates->empty() ? fail(ErrorCode::kMalformed, "no certificate") : certificates->front().public_key();
  if (!key || key->spki_hash() != chain.ca_key.spki_hash() ||
      certificates->front().subject_der() != chain.ca.subject_der()) {
    refuse(refusals, "sgx.pck-crl-chain.ca", "the CA of the PCK certificate", "another CA", kFetch);
    return;
  }
  // Certificates of the same keys, issued anew: as they were issued, or not at all.
  if (!std::ranges::all_of(*certificates, [&](const auto& each) { return each.signed_by(chain.root_key); })) {
    refuse(refusals, "sgx.pck-crl-chain.signature", "certificates as the root issued them", "signature does not verify",
           kFetch);
  }
}

std::optional<TcbSigningChain> signing_chain(Refusals& refusals, std::string_view prefix,
                                             const Result<std::vector<crypto::Certificate>>& certificates,
                                             const PckChain& chain) {
  if (!usable(refusals, prefix, certificates)) return std::nullopt;
  auto read = read_tcb_signing_chain(*certificates, chain);
  if (!read) {
    usable(refusals, prefix, read);
    return std::nullopt;
  }
  refusals.insert(refusals.end(), read->refusals.begin(), read->refusals.end());
  return *read;
}

void check_document(Refusals& refusals, std::string_view prefix, const std::optional<TcbSigningChain>& signing,
                    const Bytes& signed_bytes, ByteView signature) {
  if (signing && !signing->signer_key.verify_raw(signed_bytes, signature)) {
    refuse(refusals, std::string(prefix) + ".signature", "signed by the TCB signing certificate",
           "signature does not verify", kFetch);
  }
}

// One signer for both documents is the rule: its chain is then read and reported once.
bool same_signer(const ParsedCollateral& collateral) {
  return collateral.tcb_info_chain && collateral.qe_identity_chain &&
         *collateral.tcb_info_chain == *collateral.qe_identity_chain;
}

void check_signer_now(Refusals& refusals, const std::optional<TcbSigningChain>& signing, const Result<crypto::Crl>& crl,
                      UnixMs now_ms) {
  if (!signing) return;
  check_window(refusals, "sgx.tcb-signing", {signing->signer.not_before(), signing->signer.not_after()}, now_ms,
               kFetch);
  if (crl && crl->revokes(signing->signer)) {
    refuse(refusals, "sgx.tcb-signing.revoked", "a TCB signing certificate that is not revoked",
           "in the root's revocation list", kFetch);
  }
}

void check_revocation(Refusals& refusals, std::string_view rule, const Result<crypto::Crl>& crl,
                      const crypto::Certificate& certificate, std::string_view fix) {
  if (crl && crl->revokes(certificate)) {
    refuse(refusals, rule, "a certificate that is not revoked", "in its issuer's revocation list", fix);
  }
}

}  // namespace

ParsedCollateral parse_collateral_parts(const evidence::Collateral& collateral) {
  auto tcb_chain = part(collateral.tcb_info_issuer_chain, evidence::load_chain);
  bool same = collateral.qe_identity_issuer_chain == collateral.tcb_info_issuer_chain;
  auto qe_chain = same ? tcb_chain : part(collateral.qe_identity_issuer_chain, evidence::load_chain);
  return {
      part(collateral.root_crl, evidence::load_crl),
      part(collateral.pck_crl, evidence::load_crl),
      part(collateral.pck_crl_issuer_chain, evidence::load_chain),
      part(collateral.tcb_info, evidence::parse_tcb_info),
      std::move(tcb_chain),
      part(collateral.qe_identity, evidence::parse_qe_identity),
      std::move(qe_chain),
  };
}

bool fits(const ParsedCollateral& collateral, evidence::TcbInfoId id, const PckChain& chain) {
  if (!collateral.tcb_info || !collateral.pck_crl) return false;
  const evidence::TcbInfo& info = collateral.tcb_info->info_unverified;
  return info.id == id && info.fmspc == chain.platform.fmspc && info.pce_id == chain.platform.pce_id &&
         collateral.pck_crl->issuer_der() == chain.leaf.issuer_der();
}

CheckedCollateral check_collateral(const ParsedCollateral& collateral, const PckChain& chain) {
  CheckedCollateral out{chain.root, chain.ca, {}, {}, {}};
  Refusals& refusals = out.refusals;
  if (usable(refusals, "sgx.root-crl", collateral.root_crl)) {
    check_crl(refusals, "sgx.root-crl", *collateral.root_crl, chain.root, chain.root_key, "the root of the PCK chain");
  }
  if (usable(refusals, "sgx.pck-crl", collateral.pck_crl)) {
    check_crl(refusals, "sgx.pck-crl", *collateral.pck_crl, chain.ca, chain.ca_key, "the PCK CA of the quote's chain");
  }
  check_pck_crl_chain(refusals, collateral, chain);
  out.tcb_signing = signing_chain(refusals, "sgx.tcb-info-chain", collateral.tcb_info_chain, chain);
  out.qe_signing = same_signer(collateral)
                       ? out.tcb_signing
                       : signing_chain(refusals, "sgx.qe-identity-chain", collateral.qe_identity_chain, chain);
  if (usable(refusals, "sgx.tcb-info", collateral.tcb_info)) {
    check_document(refusals, "sgx.tcb-info", out.tcb_signing, collateral.tcb_info->signed_bytes,
                   collateral.tcb_info->signature);
  }
  if (usable(refusals, "sgx.qe-identity", collateral.qe_identity)) {
    check_document(refusals, "sgx.qe-identity", out.qe_signing, collateral.qe_identity->signed_bytes,
                   collateral.qe_identity->signature);
  }
  return out;
}

void check_collateral_now(Refusals& refusals, const ParsedCollateral& collateral, const CheckedCollateral& checked,
                          const PckChain& chain, UnixMs now_ms) {
  auto window = [&](std::string_view prefix, UnixMs begin_ms, UnixMs end_ms) {
    check_window(refusals, prefix, {begin_ms, end_ms}, now_ms, kFetch);
  };
  const auto& root_crl = collateral.root_crl;
  const auto& pck_crl = collateral.pck_crl;
  if (root_crl) window("sgx.root-crl", root_crl->this_update(), root_crl->next_update());
  if (pck_crl) window("sgx.pck-crl", pck_crl->this_update(), pck_crl->next_update());
  check_revocation(refusals, "sgx.root.revoked", root_crl, chain.root, "trust another root");
  check_revocation(refusals, "sgx.pck-ca.revoked", root_crl, chain.ca, "the platform needs a new PCK certificate");
  check_revocation(refusals, "sgx.pck.revoked", pck_crl, chain.leaf,
                   "do not use this platform: its key is held to be compromised");
  check_signer_now(refusals, checked.tcb_signing, root_crl, now_ms);
  if (!same_signer(collateral)) check_signer_now(refusals, checked.qe_signing, root_crl, now_ms);
  if (collateral.tcb_info) {
    const auto& info = collateral.tcb_info->info_unverified;
    window("sgx.tcb-info", info.issue_date_ms, info.next_update_ms);
  }
  if (collateral.qe_identity) {
    const auto& identity = collateral.qe_identity->identity_unverified;
    window("sgx.qe-identity", identity.issue_date_ms, identity.next_update_ms);
  }
}

}  // namespace brume::appraisal
