// What an event log says about how a machine was started: secure boot and its keys, what was loaded, kernel and
// command line. True only for registers whose replay gives the value of a quote, and then only what is bound: a
// replay protects digests, not the data beside them (PFP 1.06, section 10.4).
#pragma once

#include <optional>

#include "evidence/efi_variable.h"
#include "evidence/event_log.h"

namespace brume::evidence {

enum class EventLogKind {
  kTpm,   // registers are PCRs
  kCcel,  // registers are MRTD and RTMRs: UEFI 2.10, section 38.4.1, maps PCRs to them
};

// The register that has what a PCR has: for kCcel PCR 1 and 7 are register 1, 2 to 6 register 2, 8 to 15 register 3.
std::uint32_t register_of_pcr(EventLogKind kind, std::uint32_t pcr);

// Whether the digest is of the data, by the rule of the event's type (PFP 1.06, table 27). EFI_VARIABLE_BOOT: of all
// of it or of the variable's content, as firmware does either. GRUB's commands: without "grub_cmd: " and the NUL.
bool data_is_bound(const LogEvent& event, TpmAlgorithm bank);

// What no honest firmware does, in events that the profile binds.
enum class BootFaultKind {
  kSeparatorTwice,  // PFP 3.3.2.2: one ends each of PCR 0 to 7; a second hides what came before it
  kSeparatorData,   // neither zeros nor ones, or not what its digest is of; in PCR 7, one by another name
  kSeparatorError,  // the digest of 00000001: firmware says that it failed
  kConfigData,      // in PCR 7: a variable or action that is not what its digest is of
};
struct BootFault {
  BootFaultKind kind = BootFaultKind::kSeparatorTwice;
  std::size_t event = 0;  // index in EventLog::events
  std::uint32_t pcr = 0;
};

struct BootText {
  std::string text;  // ASCII, others '?'
  bool bound = false;
};
// A file, image or UKI section: its digest is what was measured, its name is a claim.
struct BootFile {
  std::string name_unverified;
  Bytes digest;
};
// What allowed an image to start: a key of db, or shim's own (EV_EFI_VARIABLE_AUTHORITY).
struct BootAuthority {
  std::string variable;
  Sha256Digest data_digest;  // of a certificate: of its DER
  bool bound = false;
};

struct BootState {
  std::optional<bool> secure_boot;  // nothing where no bound variable before PCR 7's separator says it
  bool debug_mode = false;          // "UEFI Debug Mode" in PCR 7
  bool dma_unprotected = false;     // "DMA Protection Disabled" in PCR 7
  std::vector<EfiKey> platform_keys, key_exchange_keys, allowed, forbidden;  // PK, KEK, db, dbx; bound
  bool keys_unreadable = false;                                              // one of them is no list of keys
  std::vector<BootAuthority> authorities;
  std::optional<BootText> firmware_version;
  // What firmware loaded, in order, by Authenticode hash: boot loaders, kernel stub. Of PCR 4 all that is no separator
  // and no action.
  std::vector<BootFile> images;
  std::vector<BootText> commands;  // GRUB's
  std::vector<BootFile> files;     // that GRUB read
  std::vector<BootFile> sections;  // of a unified kernel image
  std::vector<BootFile> mok_lists;
  // All that were measured, in order: who comes later can add to a register, but not take away.
  std::vector<BootText> command_lines;
  std::vector<BootFile> kernels;
  std::vector<BootFile> initrds;
  std::vector<BootFault> faults;
};

inline constexpr std::uint32_t kAllRegisters = 0xffffffff;
// `bank`: one of the log's whose replay fits; its hash must be one that can be computed. `registers`: events of
// others are not looked at, bit i for register i.
BootState read_boot_state(const EventLog& log, TpmAlgorithm bank, EventLogKind kind,
                          std::uint32_t registers = kAllRegisters);

}  // namespace brume::evidence
