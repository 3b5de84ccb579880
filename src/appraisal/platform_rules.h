// What an entry of any tee may ask of the platform and of what is known of it: advisories, a while for one
// that has just become out of date, which platforms, how fresh collateral and evidence are, revocation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "appraisal/refusal.h"
#include "base/ids.h"
#include "base/outside.h"

namespace brume::appraisal {

struct AllowEntry;
struct PeerFacts;

struct PlatformIdTag {};
// One platform, by the name that its vendor gave it, hashed so that the name itself is nowhere in policies and logs.
// sgx, tdx: SHA-256("brume-platform/1" || PCEID || PPID).
using PlatformId = FixedBytes<PlatformIdTag, 32>;

struct PlatformRules {
  std::optional<std::vector<std::string>> advisories;  // all that may be known of the platform; nothing: any
  std::vector<std::string> refused_advisories;         // none of these may
  std::uint32_t grace_days = 0;                        // for what a newer TCB level has made out of date
  std::vector<PlatformId> platforms;                   // any of these; empty: any
  std::uint32_t min_tcb_evaluation_data_number = 0;
  std::optional<std::uint32_t> collateral_max_age_days;
  std::optional<std::uint32_t> evidence_max_age_s;
  bool crl_required = true;
};

// When it is, and when the evidence was asked for.
struct Moment {
  UnixMs now_ms = 0;
  std::optional<UnixMs> challenged_ms;
};

// Adds a refusal for every rule of the entry that does not hold, but for those on the TCB's status.
void match_platform_rules(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts, bool tcb_known,
                          const Moment& moment);

// The end of the grace window of a platform whose status the entry does not accept; nothing where it has none:
// Intel's TCB info says only since when the next better level stands, and that is when this one became old.
std::optional<UnixMs> grace_end_ms(const AllowEntry& entry, const PeerFacts& facts);

}  // namespace brume::appraisal
