#include "evidence/event_replay.h"

namespace brume::evidence {
namespace {

constexpr std::string_view kStartupLocality("StartupLocality\0", 16);
constexpr std::uint8_t kHcrtmLocality = 4;

bool names_locality(const LogEvent& event) {
  return event.type == kEvNoAction && as_chars(event.data_unverified).starts_with(kStartupLocality);
}

Result<std::uint8_t> read_locality(const LogEvent& event) {
  if (event.pcr != 0 || event.data_unverified.size() != kStartupLocality.size() + 1) {
    return malformed("event log: StartupLocality is not of PCR 0 or not 17 bytes long");
  }
  const std::uint8_t locality = event.data_unverified.back();
  if (locality != 0 && locality != 3 && locality != 4) return malformed("event log: StartupLocality is not 0, 3 or 4");
  return locality;
}

}  // namespace

Bytes extend_pcr(crypto::HashAlgorithm hash, ByteView value, ByteView digest) {
  Bytes both = to_bytes(value);
  append(both, digest);
  return crypto::hash(hash, both);
}

Result<std::optional<std::uint8_t>> startup_locality(const EventLog& log) {
  std::optional<std::uint8_t> out;
  bool hcrtm = false;
  bool extended = false;
  for (const LogEvent& event : log.events) {
    if (names_locality(event)) {
      if (out || extended) return malformed("event log: StartupLocality comes twice or after PCR 0 was extended");
      BRUME_ASSIGN(out, read_locality(event));
    } else if (event.pcr == 0 && event.type != kEvNoAction) {
      extended = true;
      hcrtm = hcrtm || event.type == kEvEfiHcrtmEvent;
    }
  }
  if (!out && hcrtm) out = kHcrtmLocality;
  return out;
}

Result<std::map<std::uint32_t, Bytes>> replay_event_log(const EventLog& log, TpmAlgorithm bank) {
  const auto hash = tpm_crypto_hash(bank);
  if (!hash) return fail(ErrorCode::kUnsupported, "event log: a bank whose hash cannot be computed");
  BRUME_ASSIGN(const auto locality, startup_locality(log));
  std::map<std::uint32_t, Bytes> registers;
  for (const LogEvent& event : log.events) {
    if (event.type == kEvNoAction) continue;
    const ByteView digest = event.digest(bank);
    if (digest.empty())
      return malformed("event log: an event has no digest of the bank " + std::string(tpm_hash_name(bank)));
    auto [at, fresh] = registers.try_emplace(event.pcr, digest.size());
    if (fresh && event.pcr == 0) at->second.back() = locality.value_or(0);
    at->second = extend_pcr(*hash, at->second, digest);
  }
  return registers;
}

}  // namespace brume::evidence
