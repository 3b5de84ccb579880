// Event logs and IMA lists held against the values of registers: PCRs of a TPM's quote, or RTMRs of a TD's. Pure.
// Whoever made the values vouches for what is said here: a log alone proves nothing.
#pragma once

#include <memory>

#include "appraisal/refusal.h"
#include "evidence/boot_state.h"
#include "evidence/ima_replay.h"
#include "evidence/pcr_values.h"
#include "evidence/td_report.h"

namespace brume::appraisal {

// Registers of one log, each with the value that the log's replay gives.
struct EventLogFindings {
  evidence::EventLogKind kind = evidence::EventLogKind::kTpm;
  bool readable = false;  // else nothing below is set
  std::vector<evidence::TpmAlgorithm> algorithms;
  std::size_t event_count = 0;    // without the header
  std::size_t padding_size = 0;   // fill after the log
  evidence::PcrValues matching;   // have the value that was given
  evidence::PcrValues differing;  // have not
  evidence::PcrValues unchecked;  // no value was given
  // By which bank the boot state was read: of those with matching registers, the strongest.
  std::optional<evidence::TpmAlgorithm> bank;
  evidence::BootState boot;  // only of matching registers of `bank`; faults of all
};

// Adds log.* refusals. `values`: what the log must replay to; at least one register must be in both. Values of
// registers that the log does not extend must be zero where firmware alone extends them: PCR 0 to 9 and 14, and RTMR0
// and RTMR1 (of others, the operating system's own extends are in no such log).
EventLogFindings check_event_log(Refusals& refusals, ByteView log, evidence::EventLogKind kind,
                                 const evidence::PcrValues& values);

// For register values that came beside a quote whose key did not: they must be those of its PCR digest, whatever the
// signature. Adds tpm.quote.format, tpm.pcr.digest; nothing where not all selected values are there.
void check_values_of_quote(Refusals& refusals, ByteView attest, const evidence::PcrValues& values);

// A CCEL says it by its header, which is of register 1, and has SHA-384 only.
evidence::EventLogKind event_log_kind(const evidence::EventLog& log);
// As values for check_event_log: registers 1 to 4 of the SHA-384 bank are RTMR0 to RTMR3.
evidence::PcrValues rtmr_values(std::span<const evidence::TdRegister> rtmrs);
// All that a log replays to, in every bank; empty if it is not readable.
evidence::PcrValues replayed_values(ByteView log);

struct ImaFindings {
  bool readable = false;
  std::size_t entry_count = 0;
  std::size_t violation_count = 0;
  std::vector<std::string> templates;      // that occur
  evidence::PcrValues replayed;            // PCR 10 of banks SHA-1 and SHA-256 after the whole list
  std::optional<std::size_t> match_count;  // so many entries have the given value of PCR 10; the rest came later
  evidence::ImaStyle style = evidence::ImaStyle::kOwnHash;
  bool boot_aggregate_checked = false;  // the first entry is of the PCR values that were given
  // The entries that count: those of `match_count`, else all.
  std::shared_ptr<const std::vector<evidence::ImaEntry>> entries;
};

// Adds ima.* refusals. `values`: where PCR 10 is among them, the list must give it at some point, not before
// `least_count` entries (what an earlier appraisal has verified). Without it only the template digests are checked,
// and the replay is reported.
ImaFindings check_ima_log(Refusals& refusals, ByteView log, const evidence::PcrValues& values,
                          std::size_t least_count = 0);

}  // namespace brume::appraisal
