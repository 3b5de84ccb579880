#include "appraisal/log_appraiser.h"

#include <algorithm>

#include "evidence/event_replay.h"

namespace brume::appraisal {
namespace {

using evidence::EventLogKind;
using evidence::PcrValue;
using evidence::PcrValues;
using evidence::TpmAlgorithm;

constexpr std::string_view kFixLog = "take the log of the boot that the quote is of, whole and as the kernel gives it";

// By strength: a collision of a weak bank must not decide what a strong one could.
constexpr TpmAlgorithm kBanks[] = {TpmAlgorithm::kSha512, TpmAlgorithm::kSha384, TpmAlgorithm::kSha256,
                                   TpmAlgorithm::kSm3, TpmAlgorithm::kSha1};

std::string register_name(EventLogKind kind, TpmAlgorithm bank, std::uint32_t index) {
  if (kind == EventLogKind::kCcel) return index == 0 ? "MRTD" : "RTMR" + std::to_string(index - 1);
  return std::string(evidence::tpm_hash_name(bank)) + "." + std::to_string(index);
}

// PFP 1.06, section 3.3.3: PCR 0 to 7 are firmware's. 8, 9 and 14 are boot loaders', which extend them through
// firmware, so that these are in its log, too. PCR 10 is IMA's, 11 to 13 and 15 are userspace's, 16 and 23 anybody's.
bool firmware_extends(EventLogKind kind, std::uint32_t index) {
  if (kind == EventLogKind::kCcel) return index == 1 || index == 2;
  return index <= 9 || index == 14;
}

bool is_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

std::string_view fault_rule(evidence::BootFaultKind kind) {
  switch (kind) {
    case evidence::BootFaultKind::kSeparatorTwice:
      return "log.separator.twice";
    case evidence::BootFaultKind::kSeparatorData:
      return "log.separator.data";
    case evidence::BootFaultKind::kSeparatorError:
      return "log.separator.error";
    default:
      return "log.config-data";
  }
}

std::string_view fault_expected(evidence::BootFaultKind kind) {
  switch (kind) {
    case evidence::BootFaultKind::kSeparatorTwice:
      return "one separator in each register of firmware";
    case evidence::BootFaultKind::kSeparatorData:
      return "separators of zeros or ones, and of their digest";
    case evidence::BootFaultKind::kSeparatorError:
      return "firmware that did not fail";
    default:
      return "variables and actions that are what their digest is of";
  }
}

class EventLogCheck {
 public:
  EventLogCheck(Refusals& refusals, EventLogKind kind, const PcrValues& values) : refusals_(refusals), values_(values) {
    out_.kind = kind;
  }

  EventLogFindings run(ByteView bytes) {
    const auto log = evidence::parse_event_log(bytes);
    if (!log) {
      refuse(refusals_, "log.format", "a TCG event log", log.error().what, kFixLog);
      return std::move(out_);
    }
    out_.readable = true;
    out_.algorithms = log->algorithms;
    out_.event_count = log->events.size();
    out_.padding_size = log->padding_size;
    for (const TpmAlgorithm bank : kBanks) check_bank(*log, bank);
    check_coverage();
    read_boot(*log);
    return std::move(out_);
  }

 private:
  // TPM 2.0 Library, Part 1, 17.3; PFP 1.06, section 10.4: each extend of the register is in the log, in order.
  void check_bank(const evidence::EventLog& log, TpmAlgorithm bank) {
    if (std::ranges::find(log.algorithms, bank) == log.algorithms.end()) return;
    const auto registers = evidence::replay_event_log(log, bank);
    if (!registers) {
      refuse(refusals_, "log.replay", "a log that can be replayed", registers.error().what, kFixLog);
      return;
    }
    for (const auto& [index, value] : *registers) sort_in({bank, index, value});
    for (const PcrValue& given : values_) {
      if (given.bank == bank && !registers->contains(given.index)) check_not_extended(given);
    }
  }

  void sort_in(PcrValue replayed) {
    const PcrValue* given = evidence::find_pcr(values_, replayed.bank, replayed.index);
    if (given == nullptr) {
      out_.unchecked.push_back(std::move(replayed));
    } else if (given->value == replayed.value) {
      out_.matching.push_back(std::move(replayed));
    } else {
      refuse(refusals_, "log.register",
             register_name(out_.kind, replayed.bank, replayed.index) + " = " + to_hex(given->value),
             "the log replays to " + to_hex(replayed.value), kFixLog);
      out_.differing.push_back(std::move(replayed));
    }
  }

  void check_not_extended(const PcrValue& given) {
    if (!firmware_extends(out_.kind, given.index) || is_zero(given.value)) return;
    refuse(refusals_, "log.unexplained",
           register_name(out_.kind, given.bank, given.index) + " extended by the log, as its value is not zero",
           "no event of that register", kFixLog);
  }

  void check_coverage() {
    if (!out_.matching.empty() || !out_.differing.empty()) return;
    refuse(refusals_, "log.values.missing", "values of registers that the log extends", "none",
           "lay PCR values, or a quote with RTMRs, beside the log: alone it proves nothing");
  }

  void read_boot(const evidence::EventLog& log) {
    for (const TpmAlgorithm bank : kBanks) {
      std::uint32_t mask = 0;
      for (const PcrValue& value : out_.matching) mask |= value.bank == bank ? 1u << value.index : 0;
      if (mask == 0) continue;
      out_.bank = bank;
      out_.boot = evidence::read_boot_state(log, bank, out_.kind, mask);
      break;
    }
    const TpmAlgorithm any = out_.bank.value_or(log.algorithms.front());
    if (!evidence::tpm_crypto_hash(any)) return;
    out_.boot.faults = evidence::read_boot_state(log, any, out_.kind).faults;
    for (const evidence::BootFault& fault : out_.boot.faults) {
      refuse(refusals_, fault_rule(fault.kind), std::string(fault_expected(fault.kind)),
             "event " + std::to_string(fault.event) + " of register " + std::to_string(fault.pcr),
             "do not trust this machine's firmware or log");
    }
  }

  Refusals& refusals_;
  const PcrValues& values_;
  EventLogFindings out_;
};

}  // namespace

EventLogFindings check_event_log(Refusals& refusals, ByteView log, EventLogKind kind, const PcrValues& values) {
  return EventLogCheck(refusals, kind, values).run(log);
}

void check_values_of_quote(Refusals& refusals, ByteView attest, const PcrValues& values) {
  constexpr std::string_view kFix = "lay the values beside the quote that were read with it";
  const auto quote = evidence::parse_tpm_attest(attest);
  if (!quote) {
    refuse(refusals, "tpm.quote.format", "a TPMS_ATTEST", quote.error().what, kFix);
    return;
  }
  const auto all = evidence::concatenate_pcrs(quote->selections, values);
  if (!all) return;
  // Without the signature only its size tells the digest's hash.
  for (const TpmAlgorithm bank : kBanks) {
    const bool fits = evidence::tpm_digest_size(bank) == quote->pcr_digest.size();
    if (fits && crypto::hash(*evidence::tpm_crypto_hash(bank), *all) == quote->pcr_digest) return;
  }
  refuse(refusals, "tpm.pcr.digest", to_hex(quote->pcr_digest), "values of another digest", kFix);
}

EventLogKind event_log_kind(const evidence::EventLog& log) {
  const bool sha384_only = log.algorithms.size() == 1 && log.algorithms.front() == TpmAlgorithm::kSha384;
  const bool of_register_1 = log.header_record.size() > 4 && log.header_record[0] == 1;
  return sha384_only && of_register_1 ? EventLogKind::kCcel : EventLogKind::kTpm;
}

PcrValues rtmr_values(std::span<const evidence::TdRegister> rtmrs) {
  PcrValues out;
  for (std::uint32_t i = 0; i < rtmrs.size(); ++i) {
    out.push_back({TpmAlgorithm::kSha384, i + 1, to_bytes(rtmrs[i].view())});
  }
  return out;
}

PcrValues replayed_values(ByteView bytes) {
  PcrValues out;
  const auto log = evidence::parse_event_log(bytes);
  if (!log) return out;
  for (const TpmAlgorithm bank : log->algorithms) {
    const auto registers = evidence::replay_event_log(*log, bank);
    if (!registers) continue;
    for (const auto& [index, value] : *registers) out.push_back({bank, index, value});
  }
  return out;
}

}  // namespace brume::appraisal
