// What a log's events make of the registers, bank by bank.
#pragma once

#include <map>

#include "evidence/event_log.h"

namespace brume::evidence {

// H(value || digest), the only way in which a PCR changes (TPM 2.0 Library, Part 1, section 17.3). Both have the
// hash's size.
Bytes extend_pcr(crypto::HashAlgorithm hash, ByteView value, ByteView digest);

// Registers by index, only those that an event extended. Starts from zeros; PCR 0 from the locality that a
// "StartupLocality" event names, or from 4 where an EV_EFI_HCRTM_EVENT comes without one (PFP sections 3.3.4.1 and
// 10.4.5.3). EV_NO_ACTION extends nothing. PCRs 17 to 22 start from zeros, too: what is in a log comes after the
// dynamic launch that set them so.
// Refuses a bank that an extending event does not have or that cannot be computed, and a StartupLocality that is
// not of PCR 0, not 0, 3 or 4, comes twice, or comes after PCR 0 was extended.
Result<std::map<std::uint32_t, Bytes>> replay_event_log(const EventLog& log, TpmAlgorithm bank);

// Nothing where no event says it.
Result<std::optional<std::uint8_t>> startup_locality(const EventLog& log);

}  // namespace brume::evidence
