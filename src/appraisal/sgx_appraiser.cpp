#include "appraisal/sgx_appraiser.h"

#include <algorithm>

#include "appraisal/sgx_quote_checks.h"
#include "crypto/hash.h"
#include "evidence/quote.h"

namespace brume::appraisal {
namespace {

void append_refusals(Refusals& refusals, const Refusals& more) {
  refusals.insert(refusals.end(), more.begin(), more.end());
}

PlatformId platform_id(const evidence::PckExtension& platform) {
  Sha256Digest digest =
      crypto::Sha256().update(as_bytes("brume-platform/1")).update(platform.pce_id).update(platform.ppid).finish();
  return PlatformId{digest.bytes};
}

// The image digest is the first half of CONFIGID; the rest is zero (docs/formats/sgx-sim.md).
bool config_is_image(const evidence::ReportBody& report) {
  ByteView tail = ByteView(report.config_id).subspan(ImageDigest::kSize);
  return report.config_svn == 0 && std::ranges::all_of(tail, [](std::uint8_t byte) { return byte == 0; });
}

void read_report(const evidence::ReportBody& report, PeerFacts& facts, KnownFacts& known) {
  facts.measurement = report.mr_enclave;
  facts.signer = report.mr_signer;
  facts.product_id = report.isv_prod_id;
  facts.isv_svn = report.isv_svn;
  facts.debug = report.debug();
  std::copy_n(report.config_id.begin(), ImageDigest::kSize, facts.image.bytes.begin());
  known.image = config_is_image(report);
  auto protections = evidence::protections_from(report.cpu_svn);
  known.protections = protections.has_value();
  facts.protections = protections.value_or(evidence::Protections{});
}

bool names_root(const Policy& policy, const SpkiHash& root) {
  return policy.names_root(Tee::kSgx, root) || policy.names_root(Tee::kSgxSim, root);
}

// The policy's word for the anchor decides between real and simulated: nothing else differs.
bool find_tee(const PckChain& chain, const Policy& policy, Findings& findings) {
  findings.facts_unverified.root = chain.root_spki;
  const bool simulated = policy.names_root(Tee::kSgxSim, chain.root_spki);
  const bool named = simulated || policy.names_root(Tee::kSgx, chain.root_spki);
  findings.facts_unverified.tee = simulated ? Tee::kSgxSim : Tee::kSgx;
  if (!simulated) findings.facts_unverified.protections = {};
  if (!named) {
    refuse(findings.refusals, "sgx.root.unknown", "a root that the policy names", chain.root_spki.hex(),
           "name the root in the policy, if you trust who holds its key");
  }
  return named;
}

}  // namespace

void SgxAppraiser::add_collateral(const evidence::Collateral& collateral) {
  collateral_.push_front({collateral.pck_chain, parse_collateral_parts(collateral), std::nullopt});
  if (collateral_.size() > Verifier::kCollateralLimit) collateral_.pop_back();
}

Result<std::shared_ptr<const PckChain>> SgxAppraiser::chain_of(ByteView certification_data, const Policy& policy) {
  Sha256Digest digest = crypto::sha256(certification_data);
  auto kept = std::ranges::find(chains_, digest, &KeptChain::digest);
  if (kept != chains_.end()) return kept->chain;
  BRUME_ASSIGN(PckChain read, read_pck_chain(certification_data));
  auto chain = std::make_shared<const PckChain>(std::move(read));
  if (!chain->refusals.empty() || !names_root(policy, chain->root_spki)) return chain;
  chains_.push_front({digest, chain});
  if (chains_.size() > kChainLimit) chains_.pop_back();
  return chain;
}

ByteView SgxAppraiser::certification_of(const evidence::SgxQuote& quote) const {
  if (quote.auth.certification_type == evidence::CertificationType::kPckChain) return quote.auth.certification_data;
  auto holder = std::ranges::find_if(collateral_, [](const Bundle& bundle) { return !bundle.pck_chain.empty(); });
  return holder == collateral_.end() ? ByteView() : as_bytes(holder->pck_chain);
}

SgxAppraiser::Bundle* SgxAppraiser::bundle_for(const PckChain& chain) {
  auto fitting = std::ranges::find_if(collateral_, [&](const Bundle& bundle) { return fits(bundle.parsed, chain); });
  if (fitting != collateral_.end()) return &*fitting;
  // One that does not fit tells more than none: its refusals say in what.
  return collateral_.empty() ? nullptr : &collateral_.front();
}

const CheckedCollateral& SgxAppraiser::checked(Bundle& bundle, const PckChain& chain) {
  bool again = bundle.checked && bundle.checked->root == chain.root.fingerprint() &&
               bundle.checked->ca == chain.ca.fingerprint();
  if (!again) bundle.checked = check_collateral(bundle.parsed, chain);
  return *bundle.checked;
}

void SgxAppraiser::examine_platform(const evidence::SgxQuote& quote, const PckChain& chain, UnixMs now_ms,
                                    Findings& findings) {
  Refusals& refusals = findings.refusals;
  append_refusals(refusals, chain.refusals);
  check_pck_chain_validity(refusals, chain, now_ms);
  check_qe_signature(refusals, quote, chain.leaf_key);
  Bundle* bundle = bundle_for(chain);
  if (bundle == nullptr) {
    refuse(refusals, "sgx.collateral.missing", "collateral for this platform", "none", "fetch the collateral");
    return;
  }
  const CheckedCollateral& collateral = checked(*bundle, chain);
  append_refusals(refusals, collateral.refusals);
  check_collateral_now(refusals, bundle->parsed, collateral, chain, now_ms);
  const auto& tcb_info = bundle->parsed.tcb_info;
  const auto& qe_identity = bundle->parsed.qe_identity;
  if (tcb_info) check_tcb_info_platform(refusals, tcb_info->info_unverified, chain.platform);
  if (qe_identity) check_qe_identity(refusals, quote.auth.qe_report, qe_identity->identity_unverified);
  if (!tcb_info || !qe_identity) return;
  findings.tcb_known = evaluate_tcb(refusals, tcb_info->info_unverified, qe_identity->identity_unverified,
                                    chain.platform, quote.auth.qe_report.isv_svn, findings.facts_unverified);
}

void SgxAppraiser::examine(ByteView quote_bytes, const Policy& policy, const Expected& expected, Findings& findings,
                           KnownFacts& known) {
  Refusals& refusals = findings.refusals;
  constexpr std::string_view kNewEvidence = "the peer must send a DCAP quote of version 3 with its PCK chain";
  auto quote = evidence::parse_sgx_quote(quote_bytes);
  if (!quote) {
    refuse(refusals, "sgx.quote.format", "a DCAP quote of version 3", quote.error().what, kNewEvidence);
    return;
  }
  findings.padding_size = quote->padding_size;
  read_report(quote->report, findings.facts_unverified, known);
  check_quote_signature(refusals, *quote);
  if (!equal_constant_time(quote->report.report_data.view(), expected.report_data.view())) {
    refuse(refusals, "join.report-data", "report data bound to this session", "other report data",
           "the evidence was made for another session, nonce, role or epoch: join anew");
  }
  ByteView certification = certification_of(*quote);
  if (certification.empty()) {
    refuse(refusals, "sgx.pck.missing", "certification data of type 5, or the PCK chain in the collateral",
           "type " + std::to_string(static_cast<int>(quote->auth.certification_type)),
           "fetch the PCK certificate of this platform");
    return;
  }
  auto chain = chain_of(certification, policy);
  if (!chain) {
    refuse(refusals, "sgx.pck.format", "PCK certificate, CA and root", chain.error().what, kNewEvidence);
    return;
  }
  findings.facts_unverified.platform = platform_id((*chain)->platform);
  known.tee = find_tee(**chain, policy, findings);
  examine_platform(*quote, **chain, expected.now_ms, findings);
  known.tcb = findings.tcb_known;
}

}  // namespace brume::appraisal
