#include "collateral/inventory.h"

#include <algorithm>

#include "collateral/part_view.h"
#include "crypto/hash.h"
#include "evidence/time.h"

namespace brume::collateral {
namespace {

using evidence::PartKind;

std::string dated(const Item& item) { return item.what + " (until " + evidence::format_time(item.expires_ms) + ")"; }

bool has(const std::vector<PartView>& parts, auto predicate) { return std::ranges::any_of(parts, predicate); }

// What a TCB info needs beside it: docs/formats/collateral.md, "How parts go together".
void check_platform(const std::vector<PartView>& parts, const PartView& tcb, std::vector<Finding>& out) {
  auto missing = [&](const std::string& what, const std::string& fix) {
    out.push_back({FindingKind::kMissing, what + ", for " + tcb.item.what, fix});
  };
  if (!has(parts, [&](const PartView& part) {
        return part.item.kind == PartKind::kQeIdentity && part.item.tee == tcb.item.tee && part.root == tcb.root;
      })) {
    missing(tcb.item.tee == "tdx" ? "the identity of TD_QE" : "the identity of QE",
            "fetch it with --tee " + tcb.item.tee);
  }
  if (!has(parts, [&](const PartView& part) {
        return part.item.kind == PartKind::kSgxRootCrl && part.issuer_name == tcb.root;
      })) {
    missing("the root's revocation list", "fetch it anew");
  }
  if (!has(parts, [&](const PartView& part) {
        return part.item.kind == PartKind::kPckCrl && (part.root.empty() || part.root == tcb.root);
      })) {
    missing("a revocation list of the PCK CA", "fetch it with --ca");
  }
}

// An SNP certificate needs its issuers up to a self-signed one, and that one's CRL.
void check_snp(const std::vector<PartView>& parts, const PartView& part, std::vector<Finding>& out) {
  for (const crypto::Certificate& certificate : part.certificates) {
    const bool self = certificate.issuer_der() == certificate.subject_der();
    const bool issuer = has(parts, [&](const PartView& other) {
      return other.item.kind == PartKind::kSnpCertificates &&
             std::ranges::any_of(other.certificates, [&](const crypto::Certificate& candidate) {
               return candidate.subject_der() == certificate.issuer_der();
             });
    });
    const bool crl = has(parts, [&](const PartView& other) {
      return other.item.kind == PartKind::kSnpCrl && other.issuer_name == certificate.subject_der();
    });
    const std::string fix = "fetch it with --product" + (part.item.product.empty() ? "" : " " + part.item.product);
    const std::string name = certificate.subject_common_name();
    if (!self && !issuer) out.push_back({FindingKind::kMissing, "the certificate that signed " + name, fix});
    if (self && !crl) out.push_back({FindingKind::kMissing, "the revocation list of " + name, fix});
  }
}

void check_item(const Item& item, UnixMs now_ms, Checkup& out) {
  if (!item.broken.empty()) {
    out.findings.push_back({FindingKind::kBroken, item.what + ": " + item.broken, "fetch or import it anew"});
    return;
  }
  if (now_ms < item.issued_ms) {
    out.findings.push_back({FindingKind::kNotYetValid,
                            item.what + " (from " + evidence::format_time(item.issued_ms) + ")",
                            "set the clock right, or wait"});
  }
  if (now_ms > item.expires_ms) {
    out.findings.push_back({FindingKind::kStale, dated(item), "fetch it anew"});
  } else if (!out.first_expiry || item.expires_ms < out.first_expiry->at_ms) {
    out.first_expiry = FirstExpiry{item.expires_ms, item.what};
  }
}

std::vector<PartView> views_of(const evidence::Bundle& bundle) {
  std::vector<PartView> out;
  for (const evidence::Part& part : bundle.parts) out.push_back(view_part(part));
  check_root_crls(out);
  return out;
}

}  // namespace

const char* finding_name(FindingKind kind) {
  switch (kind) {
    case FindingKind::kBroken:
      return "broken";
    case FindingKind::kStale:
      return "stale";
    case FindingKind::kNotYetValid:
      return "not yet valid";
    case FindingKind::kMissing:
      return "missing";
  }
  return "?";
}

std::vector<Item> inventory(const evidence::Bundle& bundle) {
  std::vector<Item> out;
  for (PartView& view : views_of(bundle)) out.push_back(std::move(view.item));
  return out;
}

Checkup check(const evidence::Bundle& bundle, UnixMs now_ms) {
  Checkup out;
  const std::vector<PartView> parts = views_of(bundle);
  if (parts.empty()) out.findings.push_back({FindingKind::kMissing, "everything", "fetch or import collateral"});
  for (const PartView& part : parts) {
    check_item(part.item, now_ms, out);
    if (part.item.kind == PartKind::kTcbInfo && part.item.broken.empty()) check_platform(parts, part, out.findings);
    if (part.item.kind == PartKind::kSnpCertificates) check_snp(parts, part, out.findings);
  }
  const bool dcap = has(parts, [](const PartView& part) {
    return part.item.kind == PartKind::kPckCrl || part.item.kind == PartKind::kQeIdentity ||
           part.item.kind == PartKind::kSgxRootCrl || part.item.kind == PartKind::kPckChain;
  });
  if (dcap && !has(parts, [](const PartView& part) { return part.item.kind == PartKind::kTcbInfo; })) {
    out.findings.push_back({FindingKind::kMissing, "the TCB info of any platform family", "fetch it with --fmspc"});
  }
  return out;
}

evidence::Bundle newest_parts(const evidence::Bundle& bundle) {
  std::vector<std::optional<evidence::PartStamp>> stamps;
  for (const evidence::Part& part : bundle.parts) stamps.push_back(evidence::part_stamp(part));
  evidence::Bundle out;
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    auto replaces = [&](const std::optional<evidence::PartStamp>& other) {
      return other && stamps[i] && other->subject == stamps[i]->subject &&
             other->evaluation_number == stamps[i]->evaluation_number && other->issued_ms > stamps[i]->issued_ms;
    };
    if (std::ranges::none_of(stamps, replaces)) out.parts.push_back(bundle.parts[i]);
  }
  std::ranges::sort(out.parts);
  const auto doubled = std::ranges::unique(out.parts);
  out.parts.erase(doubled.begin(), doubled.end());
  return out;
}

}  // namespace brume::collateral
