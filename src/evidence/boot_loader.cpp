#include "evidence/boot_loader.h"

#include <algorithm>
#include <array>

namespace brume::evidence {
namespace {

constexpr std::string_view kCommand = "grub_cmd: ";
constexpr std::string_view kCommandLine = "kernel_cmdline: ";
constexpr std::string_view kModuleLine = "module_cmdline: ";
constexpr std::uint32_t kLoaderPcr = 9;               // files that GRUB reads; initrd and options of Linux's EFI stub
constexpr std::uint32_t kStubTagInitrd = 0x8f3b22ec;  // INITRD_EVENT_TAG_ID of Linux's EFI stub
// Sections that systemd-stub measures (systemd, src/fundamental/uki.c).
constexpr auto kSections =
    std::to_array<std::string_view>({".linux", ".osrel", ".cmdline", ".initrd", ".ucode", ".splash", ".dtb", ".dtbauto",
                                     ".hwids", ".uname", ".sbat", ".pcrpkey", ".profile", ".efifw"});

bool is_utf16(ByteView data) { return data.size() >= 4 && data.size() % 2 == 0 && data[1] == 0 && data[3] == 0; }

std::string plain(ByteView data) {
  if (is_utf16(data)) return efi_text(data);
  std::string out;
  for (const std::uint8_t byte : data) {
    if (byte == 0) break;
    out += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : (byte == '\n' || byte == '\t' ? ' ' : '?');
  }
  return out;
}

// The word after "linux " or "initrd " of a GRUB command.
std::string argument(std::string_view command, std::string_view verb) {
  if (!command.starts_with(verb) || command.size() <= verb.size() || command[verb.size()] != ' ') return {};
  command.remove_prefix(verb.size() + 1);
  return std::string(command.substr(0, command.find(' ')));
}

}  // namespace

ByteView boot_command_bytes(ByteView data) {
  for (const std::string_view prefix : {kCommand, kCommandLine, kModuleLine}) {
    if (!as_chars(data).starts_with(prefix)) continue;
    const ByteView text = data.subspan(prefix.size());
    return !text.empty() && text.back() == 0 ? text.first(text.size() - 1) : text;
  }
  return {};
}

void BootLoaderReader::look_at(const LogEvent& event) {
  if (event.type == kEvEventTag) return look_at_tag(event);
  if (event.type != kEvIpl) return;
  const std::string_view raw = as_chars(event.data_unverified);
  const std::string text = plain(event.data_unverified);
  if (raw.starts_with(kCommand)) return look_at_command(event, text.substr(kCommand.size()));
  if (raw.starts_with(kCommandLine)) {
    state_.command_lines.push_back({text.substr(kCommandLine.size()), data_is_bound(event, bank_)});
  } else if (text.starts_with("MokList")) {
    state_.mok_lists.push_back({text, to_bytes(event.digest(bank_))});
  } else if (std::ranges::find(kSections, text) != kSections.end()) {
    look_at_section(event, text);
  } else if (is_utf16(event.data_unverified) && data_is_bound(event, bank_)) {
    state_.command_lines.push_back({text, true});  // systemd-stub: the options handed to it, PCR 12
  } else if (event.pcr == register_of_pcr(kind_, kLoaderPcr) && !text.empty()) {
    look_at_file({text, to_bytes(event.digest(bank_))});
  }
}

void BootLoaderReader::look_at_command(const LogEvent& event, std::string text) {
  const bool bound = data_is_bound(event, bank_);
  for (const std::string_view verb : {"linux", "linuxefi"}) {
    if (auto path = argument(text, verb); bound && !path.empty()) kernel_path_ = path;
  }
  for (const std::string_view verb : {"initrd", "initrdefi"}) {
    if (auto path = argument(text, verb); bound && !path.empty()) initrd_path_ = path;
  }
  state_.commands.push_back({std::move(text), bound});
}

// GRUB measures a file as it reads it: after the command that names it.
void BootLoaderReader::look_at_file(BootFile file) {
  if (!kernel_path_.empty() && file.name_unverified.ends_with(kernel_path_)) state_.kernels.push_back(file);
  if (!initrd_path_.empty() && file.name_unverified.ends_with(initrd_path_)) state_.initrds.push_back(file);
  state_.files.push_back(std::move(file));
}

// systemd-stub measures a section's name with its NUL, then its content under the same description.
void BootLoaderReader::look_at_section(const LogEvent& event, const std::string& name) {
  const Bytes with_nul = to_bytes({reinterpret_cast<const std::uint8_t*>(name.c_str()), name.size() + 1});
  if (equal(crypto::hash(*tpm_crypto_hash(bank_), with_nul), event.digest(bank_))) return;
  BootFile section{name, to_bytes(event.digest(bank_))};
  if (name == ".linux") state_.kernels.push_back(section);
  if (name == ".initrd") state_.initrds.push_back(section);
  state_.sections.push_back(std::move(section));
}

// TCG_PCClientTaggedEvent: id u32, size u32, data.
void BootLoaderReader::look_at_tag(const LogEvent& event) {
  const ByteView data = event.data_unverified;
  if (event.pcr != register_of_pcr(kind_, kLoaderPcr) || data.size() < 8) return;
  const std::uint32_t id = data[0] | data[1] << 8 | data[2] << 16 | static_cast<std::uint32_t>(data[3]) << 24;
  if (id == kStubTagInitrd) state_.initrds.push_back({plain(data.subspan(8)), to_bytes(event.digest(bank_))});
}

}  // namespace brume::evidence
