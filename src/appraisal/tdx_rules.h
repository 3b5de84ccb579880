// What is known of a verified TDX quote, and what a policy may ask of it.
#pragma once

#include <array>
#include <vector>

#include "appraisal/refusal.h"
#include "appraisal/tcb_facts.h"
#include "evidence/td_report.h"

namespace brume::appraisal {

struct AllowEntry;
struct PeerFacts;

struct TdxFacts {
  evidence::TdReport report;
  std::optional<TcbFacts> module_tcb;  // from module version 1 on
  // Of a TD of version 1.5, where TCB info has a level for each: what it was launched on and what it runs on now.
  std::optional<evidence::TcbStatus> launch_status;
  std::optional<evidence::TcbStatus> current_status;
};

// Values of one register that an entry accepts; where none is named, any.
using TdRegisters = std::vector<evidence::TdRegister>;

struct TdxRules {
  TdRegisters measurements;  // MRTD
  bool any_measurement = false;
  std::array<TdRegisters, evidence::kRtmrCount> rtmrs;
  TdRegisters mr_config_ids;
  TdRegisters mr_owners;
  TdRegisters mr_owner_configs;
  TdRegisters mr_seams;
  TdRegisters mr_signer_seams;
  evidence::TeeTcbSvn min_tee_tcb_svn{};  // each byte at least
  bool sept_ve_disable = true;            // the attribute must be set
  bool migratable = false;                // may be set
  bool reserved_attributes = false;       // may be set
  TdRegisters service_tds;                // besides none
  bool any_service_td = false;
};

// Asks for nothing but that the quote is genuine: any TD, any attributes (debug is the entry's own rule).
TdxRules genuine_tdx();

// Adds a refusal for every rule of the entry that does not hold.
void match_tdx_rules(Refusals& refusals, const AllowEntry& entry, const PeerFacts& facts);

}  // namespace brume::appraisal
