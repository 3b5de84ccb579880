// From a bundle's loose parts to what belongs together for one platform.
#include <algorithm>
#include <optional>

#include "evidence/bundle.h"
#include "evidence/qe_identity.h"
#include "evidence/tcb_info.h"

namespace brume::evidence {
namespace {

struct TcbPart {
  const Part* part;
  std::optional<TcbInfo> info;  // nothing: malformed, which its use will report
  Bytes root;                   // subject
};
struct QePart {
  const Part* part;
  QeIdentity identity;
  Bytes root;  // subject
};
struct CrlPart {
  const Part* part;
  Bytes issuer;
  UnixMs this_update;
  Bytes root;  // of its issuer chain; empty: not known
};
struct ChainPart {
  const Part* part;
  Bytes issuer;
  Fmspc fmspc;
};

struct Sorted {
  std::vector<TcbPart> tcbs;
  std::vector<QePart> qes;
  std::vector<CrlPart> root_crls;
  std::vector<CrlPart> pck_crls;
  std::vector<ChainPart> chains;
};

Bytes root_subject(const std::string& chain) {
  auto loaded = load_chain(chain);
  return loaded && !loaded->empty() ? loaded->back().subject_der() : Bytes();
}

void add_tcb(Sorted& out, const Part& part) {
  auto parsed = parse_tcb_info(part.data);
  TcbPart tcb{&part, std::nullopt, root_subject(part.issuer_chain)};
  if (parsed) tcb.info = std::move(parsed->info_unverified);
  out.tcbs.push_back(std::move(tcb));
}

void add_crl(std::vector<CrlPart>& out, const Part& part) {
  CrlPart added{&part, {}, 0, root_subject(part.issuer_chain)};
  // One that cannot be read stands for itself: its use reports it.
  if (auto crl = load_crl(part.data)) {
    added.issuer = crl->issuer_der();
    added.this_update = crl->this_update();
  }
  // Of one issuer under one root the newest counts.
  auto same = std::ranges::find_if(
      out, [&](const CrlPart& crl) { return crl.issuer == added.issuer && crl.root == added.root; });
  if (same == out.end()) {
    out.push_back(std::move(added));
  } else if (same->this_update < added.this_update) {
    *same = std::move(added);
  }
}

void add_chain(Sorted& out, const Part& part) {
  auto chain = load_chain(part.data);
  if (!chain || chain->empty()) return;
  auto platform = pck_extension_of(chain->front());
  if (platform) out.chains.push_back({&part, chain->front().issuer_der(), platform->fmspc});
}

Sorted sorted(const Bundle& bundle) {
  Sorted out;
  for (const Part& part : bundle.parts) {
    if (part.kind == PartKind::kTcbInfo) add_tcb(out, part);
    if (part.kind == PartKind::kSgxRootCrl) add_crl(out.root_crls, part);
    if (part.kind == PartKind::kPckCrl) add_crl(out.pck_crls, part);
    if (part.kind == PartKind::kPckChain) add_chain(out, part);
    if (part.kind != PartKind::kQeIdentity) continue;
    auto parsed = parse_qe_identity(part.data);
    if (parsed) out.qes.push_back({&part, std::move(parsed->identity_unverified), root_subject(part.issuer_chain)});
  }
  auto age = [](const TcbPart& tcb) {
    return tcb.info ? std::pair(tcb.info->evaluation_data_number, tcb.info->issue_date_ms)
                    : std::pair(std::uint32_t{0}, UnixMs{0});
  };
  std::ranges::stable_sort(out.tcbs, {}, age);
  return out;
}

// The quoting enclave of that technology; of several the one under the same root, of the same evaluation, the newest.
const QePart* qe_for(const Sorted& parts, const TcbInfo& info, const Bytes& root) {
  const QeIdentityId id = info.id == TcbInfoId::kTdx ? QeIdentityId::kTdQe : QeIdentityId::kQe;
  const QePart* best = nullptr;
  auto rank = [&](const QePart& qe) {
    return std::tuple(qe.root == root, qe.identity.evaluation_data_number == info.evaluation_data_number,
                      qe.identity.issue_date_ms);
  };
  for (const QePart& qe : parts.qes) {
    if (qe.identity.id == id && (best == nullptr || rank(*best) < rank(qe))) best = &qe;
  }
  return best;
}

Collateral without_crls(const Sorted& parts, const TcbPart& tcb) {
  Collateral out;
  out.tcb_info = tcb.part->data;
  out.tcb_info_issuer_chain = tcb.part->issuer_chain;
  if (const QePart* qe = tcb.info ? qe_for(parts, *tcb.info, tcb.root) : nullptr) {
    out.qe_identity = qe->part->data;
    out.qe_identity_issuer_chain = qe->part->issuer_chain;
  }
  auto root = std::ranges::find(parts.root_crls, tcb.root, &CrlPart::issuer);
  // The only one there is, is it: if it does not fit, its refusal says why.
  if (root == parts.root_crls.end() && parts.root_crls.size() == 1) root = parts.root_crls.begin();
  if (root != parts.root_crls.end()) out.root_crl = root->part->data;
  return out;
}

// Once for each PCK chain that the bundle holds for this family and CA, else once without.
void emit(std::vector<Collateral>& out, const Sorted& parts, const TcbPart& tcb, Collateral collateral,
          const CrlPart* crl) {
  bool emitted = false;
  for (const ChainPart& chain : parts.chains) {
    if (!tcb.info || chain.fmspc != tcb.info->fmspc || (crl != nullptr && chain.issuer != crl->issuer)) continue;
    collateral.pck_chain = chain.part->data;
    out.push_back(collateral);
    emitted = true;
  }
  if (!emitted) out.push_back(std::move(collateral));
}

// No TCB info: what there is, so that a refusal names what is not.
void emit_rest(std::vector<Collateral>& out, const Sorted& parts) {
  Collateral rest;
  if (!parts.root_crls.empty()) rest.root_crl = parts.root_crls.front().part->data;
  if (!parts.pck_crls.empty()) rest.pck_crl = parts.pck_crls.front().part->data;
  if (!parts.pck_crls.empty()) rest.pck_crl_issuer_chain = parts.pck_crls.front().part->issuer_chain;
  if (!parts.qes.empty()) rest.qe_identity = parts.qes.front().part->data;
  if (!parts.qes.empty()) rest.qe_identity_issuer_chain = parts.qes.front().part->issuer_chain;
  if (!parts.chains.empty()) rest.pck_chain = parts.chains.front().part->data;
  if (rest != Collateral{}) out.push_back(std::move(rest));
}

}  // namespace

std::vector<Collateral> collateral_of(const Bundle& bundle) {
  const Sorted parts = sorted(bundle);
  std::vector<Collateral> out;
  for (const TcbPart& tcb : parts.tcbs) {
    const Collateral base = without_crls(parts, tcb);
    bool emitted = false;
    for (const CrlPart& crl : parts.pck_crls) {
      if (!crl.root.empty() && !tcb.root.empty() && crl.root != tcb.root) continue;
      Collateral collateral = base;
      collateral.pck_crl = crl.part->data;
      collateral.pck_crl_issuer_chain = crl.part->issuer_chain;
      emit(out, parts, tcb, std::move(collateral), &crl);
      emitted = true;
    }
    if (!emitted) emit(out, parts, tcb, base, nullptr);
  }
  if (out.empty()) emit_rest(out, parts);
  return out;
}

SnpEndorsements snp_endorsements_of(const Bundle& bundle) {
  return {data_of(bundle, PartKind::kSnpCertificates), data_of(bundle, PartKind::kSnpCrl)};
}

std::vector<std::string> data_of(const Bundle& bundle, PartKind kind) {
  std::vector<std::string> out;
  for (const Part& part : bundle.parts) {
    if (part.kind == kind) out.push_back(part.data);
  }
  return out;
}

}  // namespace brume::evidence
