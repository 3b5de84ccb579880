#include <algorithm>

#include "cli/evidence_fields.h"
#include "evidence/event_log.h"

namespace brume::cli {
namespace {

using nlohmann::ordered_json;

// Of lists of thousands the first are enough to look at; all are counted and replayed.
constexpr std::size_t kShownEntriesLimit = 100;

ordered_json event_of(const evidence::LogEvent& event) {
  ordered_json out = {{"register", event.pcr},
                      {"type", evidence::event_type_name(event.type)},
                      {"type_number", hex_number(event.type)},
                      {"data_size", event.data_unverified.size()}};
  for (const auto& digest : event.digests) {
    out["digests"][std::string(tpm_hash_name(digest.algorithm))] = to_hex(digest.digest);
  }
  return out;
}

}  // namespace

Result<ordered_json> show_event_log(ByteView bytes) {
  BRUME_ASSIGN(const auto log, evidence::parse_event_log(bytes));
  ordered_json events = ordered_json::array();
  for (const auto& event : log.events) events.push_back(event_of(event));
  const auto kind = appraisal::event_log_kind(log);
  ordered_json out = {{"form", log.agile ? "crypto-agile" : "sha1"},
                      {"registers", kind == evidence::EventLogKind::kCcel ? "RTMRs" : "PCRs"},
                      {"padding", log.padding_size}};
  out["replayed"] = fields_of(appraisal::replayed_values(bytes));
  const auto strongest = std::ranges::find_if(log.algorithms.rbegin(), log.algorithms.rend(), [](auto algorithm) {
    return evidence::tpm_crypto_hash(algorithm).has_value();
  });
  if (strongest != log.algorithms.rend()) out["boot"] = fields_of(evidence::read_boot_state(log, *strongest, kind));
  out["events"] = std::move(events);
  return out;
}

Result<ordered_json> show_ima_list(ByteView bytes) {
  BRUME_ASSIGN(const auto log, evidence::read_ima_log(bytes));
  appraisal::Refusals refusals;
  ordered_json out = fields_of(appraisal::check_ima_log(refusals, bytes, {}));
  ordered_json first = ordered_json::array();
  for (const auto& entry : log.entries) {
    if (first.size() == kShownEntriesLimit) break;
    first.push_back({{"template", entry.template_name},
                     {"digest", entry.hash_name + ":" + to_hex(entry.file_digest)},
                     {"path", entry.path}});
  }
  out["first"] = std::move(first);
  return out;
}

}  // namespace brume::cli
