// Private to boot_state.cpp: what boot loaders measure, GRUB (grub-core/commands/efi/tpm.c, kern/verifiers.c), shim
// (tpm.c), systemd-boot and systemd-stub (src/boot/measure.c) and Linux's EFI stub (efi-stub-helper.c).
#pragma once

#include "evidence/boot_state.h"

namespace brume::evidence {

// Of "grub_cmd: TEXT\0", "kernel_cmdline: TEXT\0" and "module_cmdline: TEXT\0": TEXT, which is what GRUB hashes.
// Empty for anything else.
ByteView boot_command_bytes(ByteView data);

// Sets commands, files, sections, mok_lists, command_lines, kernels and initrds from one event after the other.
class BootLoaderReader {
 public:
  BootLoaderReader(TpmAlgorithm bank, EventLogKind kind, BootState& state) : bank_(bank), kind_(kind), state_(state) {}
  void look_at(const LogEvent& event);

 private:
  void look_at_command(const LogEvent& event, std::string text);
  void look_at_file(BootFile file);
  void look_at_section(const LogEvent& event, const std::string& name);
  void look_at_tag(const LogEvent& event);

  TpmAlgorithm bank_;
  EventLogKind kind_;
  BootState& state_;
  std::string kernel_path_;
  std::string initrd_path_;
};

}  // namespace brume::evidence
