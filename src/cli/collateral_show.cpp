#include "cli/collateral_show.h"

#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "base/json_text.h"
#include "evidence/time.h"

namespace brume::cli {

namespace {

using Json = nlohmann::ordered_json;

// Dates in full where the part could be read at all.
std::string window(const collateral::Item& item) {
  if (item.expires_ms == 0) return "";
  return evidence::format_time(item.issued_ms) + " to " + evidence::format_time(item.expires_ms);
}

Json item_json(const collateral::Item& item) {
  Json out{{"kind", std::string(evidence::part_kind_name(item.kind))},
           {"what", item.what},
           {"tee", item.tee},
           {"sha256", item.digest.hex()}};
  if (item.fmspc) out["fmspc"] = to_hex(*item.fmspc);
  if (item.pce_id) out["pceid"] = to_hex(*item.pce_id);
  if (item.evaluation_number) out["tcb_evaluation"] = *item.evaluation_number;
  if (!item.issuer.empty()) out["ca"] = item.issuer;
  if (!item.product.empty()) out["product"] = item.product;
  if (!item.subjects.empty()) out["certificates"] = item.subjects;
  if (item.expires_ms != 0) {
    out["issued"] = evidence::format_time(item.issued_ms);
    out["expires"] = evidence::format_time(item.expires_ms);
  }
  if (!item.broken.empty()) out["broken"] = item.broken;
  return out;
}

// JSON of bytes from outside: what is no UTF-8 becomes a replacement character.
std::string dumped(const Json& json) { return json_text(json, 2) + "\n"; }

}  // namespace

std::string show_text(const evidence::Bundle& bundle) {
  std::string out;
  for (const collateral::Item& item : collateral::inventory(bundle)) {
    out += item.what + "\n    " + window(item) + "\n    sha256 " + item.digest.hex() + "\n";
    if (!item.broken.empty()) out += "    BROKEN: " + item.broken + "\n";
  }
  return out + std::to_string(bundle.parts.size()) + " parts, sha256 " + bundle_digest(bundle).hex() + "\n";
}

std::string show_json(const evidence::Bundle& bundle) {
  Json parts = Json::array();
  for (const collateral::Item& item : collateral::inventory(bundle)) parts.push_back(item_json(item));
  return dumped({{"sha256", bundle_digest(bundle).hex()}, {"parts", std::move(parts)}});
}

std::string check_text(const collateral::Checkup& checkup, UnixMs at_ms) {
  std::string out;
  for (const collateral::Finding& finding : checkup.findings) {
    out += std::string(finding_name(finding.kind)) + ": " + finding.what + ": " + finding.fix + "\n";
  }
  if (checkup.findings.empty()) out += "all is there and valid at " + evidence::format_time(at_ms) + "\n";
  if (checkup.first_expiry) {
    out += "first to expire: " + checkup.first_expiry->what + ", " +
           evidence::format_time(checkup.first_expiry->at_ms) + "\n";
  }
  return out;
}

std::string check_json(const collateral::Checkup& checkup, UnixMs at_ms) {
  Json findings = Json::array();
  for (const collateral::Finding& finding : checkup.findings) {
    findings.push_back({{"kind", finding_name(finding.kind)}, {"what", finding.what}, {"fix", finding.fix}});
  }
  Json out{{"at", evidence::format_time(at_ms)}, {"ok", checkup.findings.empty()}, {"findings", std::move(findings)}};
  if (checkup.first_expiry) {
    out["first_expiry"] = {{"what", checkup.first_expiry->what},
                           {"at", evidence::format_time(checkup.first_expiry->at_ms)}};
  }
  return dumped(out);
}

}  // namespace brume::cli
