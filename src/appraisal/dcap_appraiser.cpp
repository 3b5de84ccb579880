#include "appraisal/dcap_appraiser.h"

#include <algorithm>

#include "appraisal/sgx_quote_checks.h"
#include "appraisal/tcb_evaluation.h"
#include "crypto/hash.h"

namespace brume::appraisal {
namespace {

using evidence::TeeType;

constexpr std::string_view kNewEvidence = "the peer must send a DCAP quote of version 3 to 5 with its PCK chain";

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

void read_enclave(const evidence::ReportBody& report, PeerFacts& facts, KnownFacts& known) {
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

void read_td(const evidence::TdReport& report, PeerFacts& facts) {
  facts.tee = Tee::kTdx;
  facts.debug = report.debug();
  std::copy_n(report.mr_config_id.bytes.begin(), ImageDigest::kSize, facts.image.bytes.begin());
  facts.tdx.emplace().report = report;
}

void read_quote(const evidence::Quote& quote, Findings& findings, KnownFacts& known) {
  findings.padding_size = quote.padding_size;
  PeerFacts& facts = findings.facts_unverified;
  facts.dcap = {quote.header.version, quote.auth.qe_report.isv_svn, quote.auth.qe_report.mr_signer, {}};
  if (const auto* enclave = quote.sgx_report()) read_enclave(*enclave, facts, known);
  if (const auto* td = quote.td_report()) read_td(*td, facts);
}

bool names_root(const Policy& policy, const SpkiHash& root) {
  return policy.names_root(Tee::kSgx, root) || policy.names_root(Tee::kSgxSim, root) ||
         policy.names_root(Tee::kTdx, root);
}

// The policy's word for the anchor decides between real and simulated enclaves: nothing else differs.
bool find_tee(TeeType type, const PckChain& chain, const Policy& policy, Findings& findings) {
  PeerFacts& facts = findings.facts_unverified;
  facts.root = chain.root_spki;
  const bool simulated = type == TeeType::kSgx && policy.names_root(Tee::kSgxSim, chain.root_spki);
  facts.tee = type == TeeType::kTdx ? Tee::kTdx : simulated ? Tee::kSgxSim : Tee::kSgx;
  if (!simulated) facts.protections = {};
  const bool named = policy.names_root(facts.tee, chain.root_spki);
  if (!named) {
    refuse(findings.refusals, "sgx.root.unknown", "a root that the policy names", chain.root_spki.hex(),
           "name the root in the policy, if you trust who holds its key");
  }
  return named;
}

void check_report_data(Refusals& refusals, const evidence::Quote& quote, const Expected& expected) {
  if (!equal_constant_time(quote.report_data().view(), expected.report_data.view())) {
    refuse(refusals, "join.report-data", "report data bound to this session", "other report data",
           "the evidence was made for another session, nonce, role or epoch: join anew");
  }
}

// Of what is issued every month. The root's list comes once a year and says itself how long it holds.
std::optional<UnixMs> issued_ms(const ParsedCollateral& collateral) {
  if (!collateral.tcb_info || !collateral.qe_identity || !collateral.pck_crl) return std::nullopt;
  return std::min({collateral.tcb_info->info_unverified.issue_date_ms,
                   collateral.qe_identity->identity_unverified.issue_date_ms, collateral.pck_crl->this_update()});
}

void refuse_chain(Refusals& refusals, const evidence::Quote& quote, const Error& error) {
  if (error.code == ErrorCode::kNotFound) {
    refuse(refusals, "sgx.pck.missing", "certification data of type 5, or the PCK chain in the collateral",
           "type " + std::to_string(static_cast<int>(quote.auth.certification_type)),
           "fetch the PCK certificate of this platform");
  } else {
    refuse(refusals, "sgx.pck.format", "PCK certificate, CA and root", error.what, kNewEvidence);
  }
}

}  // namespace

void DcapAppraiser::add_collateral(const evidence::Collateral& collateral) {
  collateral_.push_front({collateral.pck_chain, parse_collateral_parts(collateral), std::nullopt});
  if (collateral_.size() > Verifier::kCollateralLimit) collateral_.pop_back();
}

Result<std::shared_ptr<const PckChain>> DcapAppraiser::chain_of(ByteView certification_data, const Policy& policy) {
  Sha256Digest digest = crypto::sha256(certification_data);
  auto kept = std::ranges::find(chains_, digest, &KeptChain::digest);
  if (kept != chains_.end()) return kept->chain;
  // Platforms of one family have one CA.
  BRUME_ASSIGN(PckChain read,
               read_pck_chain(certification_data, chains_.empty() ? nullptr : chains_.front().chain.get()));
  auto chain = std::make_shared<const PckChain>(std::move(read));
  if (!chain->refusals.empty() || !names_root(policy, chain->root_spki)) return chain;
  chains_.push_front({digest, chain});
  if (chains_.size() > kChainLimit) chains_.pop_back();
  return chain;
}

Result<std::shared_ptr<const PckChain>> DcapAppraiser::find_chain(const evidence::Quote& quote, const Policy& policy) {
  const evidence::QuoteAuth& auth = quote.auth;
  if (auth.certification_type == evidence::CertificationType::kPckChain) {
    return chain_of(auth.certification_data, policy);
  }
  // Of chains that do not fit, the first speaks: its refusals say in what.
  Result<std::shared_ptr<const PckChain>> found = fail(ErrorCode::kNotFound, "no PCK chain");
  for (const Bundle& bundle : collateral_) {
    if (bundle.pck_chain.empty()) continue;
    auto chain = chain_of(as_bytes(bundle.pck_chain), policy);
    if (chain && (*chain)->leaf_key.verify_raw(auth.qe_report_bytes, auth.qe_report_signature)) return chain;
    if (!found && found.error().code == ErrorCode::kNotFound) found = std::move(chain);
  }
  return found;
}

DcapAppraiser::Bundle* DcapAppraiser::bundle_for(TeeType tee, const PckChain& chain) {
  const evidence::TcbInfoId id = tcb_info_id(tee);
  Bundle* found = nullptr;
  for (Bundle& bundle : collateral_) {
    if (!fits(bundle.parsed, id, chain)) continue;
    // Two roots may have issued for the same FMSPC: what this root signed counts.
    if (checked(bundle, chain).refusals.empty()) return &bundle;
    if (found == nullptr) found = &bundle;
  }
  if (found != nullptr) return found;
  // One that does not fit tells more than none: its refusals say in what.
  return collateral_.empty() ? nullptr : &collateral_.front();
}

const CheckedCollateral& DcapAppraiser::checked(Bundle& bundle, const PckChain& chain) {
  bool again = bundle.checked && bundle.checked->root == chain.root && bundle.checked->ca == chain.ca;
  if (!again) bundle.checked = check_collateral(bundle.parsed, chain);
  return *bundle.checked;
}

void DcapAppraiser::examine_tcb(const evidence::Quote& quote, const PckChain& chain, const ParsedCollateral& collateral,
                                Findings& findings) {
  Refusals& refusals = findings.refusals;
  const TeeType tee = quote.header.tee_type;
  const evidence::TdReport* td = quote.td_report();
  if (collateral.qe_identity) check_qe_identity(refusals, quote, collateral.qe_identity->identity_unverified);
  if (!collateral.tcb_info) return;
  const evidence::TcbInfo& info = collateral.tcb_info->info_unverified;
  check_tcb_info_platform(refusals, tee, info, chain.platform);
  if (info.id != tcb_info_id(tee)) return;
  if (td != nullptr) check_tdx_module(refusals, *td, info);
  if (!collateral.qe_identity) return;
  findings.tcb_known = evaluate_tcb(refusals, info, collateral.qe_identity->identity_unverified,
                                    {chain.platform, quote.auth.qe_report.isv_svn, td}, findings.facts_unverified);
}

void DcapAppraiser::examine_platform(const evidence::Quote& quote, const PckChain& chain, UnixMs now_ms,
                                     Findings& findings) {
  Refusals& refusals = findings.refusals;
  append_refusals(refusals, chain.refusals);
  check_pck_chain_validity(refusals, chain, now_ms);
  check_qe_signature(refusals, quote, chain.leaf_key);
  Bundle* bundle = bundle_for(quote.header.tee_type, chain);
  if (bundle == nullptr) {
    refuse(refusals, "sgx.collateral.missing", "collateral for this platform", "none", "fetch the collateral");
    return;
  }
  const CheckedCollateral& collateral = checked(*bundle, chain);
  append_refusals(refusals, collateral.refusals);
  check_collateral_now(refusals, bundle->parsed, collateral, chain, now_ms);
  findings.facts_unverified.collateral_issued_ms = issued_ms(bundle->parsed);
  examine_tcb(quote, chain, bundle->parsed, findings);
}

void DcapAppraiser::examine(TeeType tee, ByteView quote_bytes, const Policy& policy, const Expected& expected,
                            Findings& findings, KnownFacts& known) {
  Refusals& refusals = findings.refusals;
  auto quote = evidence::parse_quote(quote_bytes);
  if (!quote) {
    refuse(refusals, "sgx.quote.format", "a DCAP quote of version 3 to 5", quote.error().what, kNewEvidence);
    return;
  }
  if (quote->header.tee_type != tee) {
    refuse(refusals, "sgx.quote.tee", tee == TeeType::kTdx ? "a quote of a TD" : "a quote of an enclave",
           "a quote of the other", "use matching versions");
    return;
  }
  read_quote(*quote, findings, known);
  check_quote_signature(refusals, *quote);
  check_report_data(refusals, *quote, expected);
  auto chain = find_chain(*quote, policy);
  if (!chain) return refuse_chain(refusals, *quote, chain.error());
  findings.facts_unverified.platform = platform_id((*chain)->platform);
  findings.facts_unverified.dcap->pck = (*chain)->platform;
  known.tee = find_tee(tee, **chain, policy, findings);
  examine_platform(*quote, **chain, expected.now_ms, findings);
  known.tcb = findings.tcb_known;
}

}  // namespace brume::appraisal
