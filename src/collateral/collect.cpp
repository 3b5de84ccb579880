#include "collateral/collect.h"

#include <algorithm>

#include "base/hex.h"
#include "collateral/normal_form.h"

namespace brume::collateral {
namespace {

using evidence::PartKind;

struct Want {
  std::string what;
  PartKind kind;
  Resource resource;
};

void want_family(std::vector<Want>& wants, const PcsOptions& pcs, const SgxFamily& family) {
  for (auto [wanted, technology, name, qe] : {std::tuple{family.sgx, Technology::kSgx, "SGX", "QE"},
                                              std::tuple{family.tdx, Technology::kTdx, "TDX", "TD_QE"}}) {
    if (!wanted) continue;
    wants.push_back({std::string("TCB info, ") + name + ", FMSPC " + to_hex(family.fmspc), PartKind::kTcbInfo,
                     tcb_info_resource(pcs, technology, family.fmspc)});
    wants.push_back({std::string("identity of ") + qe, PartKind::kQeIdentity, qe_identity_resource(pcs, technology)});
  }
}

void want_chip(std::vector<Want>& wants, const std::string& kds_url, const SnpChip& chip) {
  const std::string name(evidence::snp_product_name(chip.product));
  const std::string kind = chip.key == EndorsementKey::kVcek ? "VCEK" : "VLEK";
  if (chip.chip) {
    wants.push_back({"VCEK, " + name, PartKind::kSnpCertificates,
                     vcek_resource(kds_url, chip.product, chip.chip->first, chip.chip->second)});
  }
  wants.push_back(
      {kind + " chain, " + name, PartKind::kSnpCertificates, snp_chain_resource(kds_url, chip.product, chip.key)});
  wants.push_back({kind + " CRL, " + name, PartKind::kSnpCrl, snp_crl_resource(kds_url, chip.product, chip.key)});
}

std::vector<Want> wants_of(const Servers& servers, const Plan& plan) {
  std::vector<Want> out;
  for (const SgxFamily& family : plan.families) want_family(out, servers.pcs, family);
  if (!plan.families.empty() || !plan.pck_certificates.empty()) {
    out.push_back({"root CRL, SGX", PartKind::kSgxRootCrl, root_crl_resource(servers.pcs)});
    for (PckCa ca : plan.cas) {
      const char* name = ca == PckCa::kProcessor ? "processor" : "platform";
      out.push_back({std::string("PCK CRL, ") + name + " CA", PartKind::kPckCrl, pck_crl_resource(servers.pcs, ca)});
    }
  }
  for (const auto& request : plan.pck_certificates) {
    out.push_back({"PCK certificate", PartKind::kPckChain, pck_certificate_resource(servers.pcs, request)});
  }
  for (const SnpChip& chip : plan.chips) want_chip(out, servers.kds_url, chip);
  return out;
}

// A PCK chain is one file: certificate, CA, root.
evidence::Part part_of(const Want& want, Fetched fetched) {
  if (want.kind != PartKind::kPckChain) return {want.kind, std::move(fetched.body), std::move(fetched.chain)};
  if (!fetched.body.ends_with('\n')) fetched.body += '\n';
  return {want.kind, fetched.body + fetched.chain, {}};
}

}  // namespace

Result<Collected> collect(Fetcher& fetcher, const Servers& servers, const Plan& plan) {
  Collected out;
  for (const Want& want : wants_of(servers, plan)) {
    const std::string& url = want.resource.url;
    if (std::ranges::find(out.reports, url, &Report::url) != out.reports.end()) continue;
    auto fetched = fetcher.get(want.resource);
    if (!fetched) return within(want.what, fetched.error());
    BRUME_ASSIGN(const UnixMs valid_until_ms, want.resource.check(fetched->body, fetched->chain));
    out.reports.push_back({want.what, url, fetched->origin, fetched->fetched_ms, valid_until_ms, fetched->why_stale});
    for (auto& part : normal_form(part_of(want, std::move(*fetched)))) out.bundle.parts.push_back(std::move(part));
  }
  return out;
}

}  // namespace brume::collateral
