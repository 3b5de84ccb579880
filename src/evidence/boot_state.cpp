#include "evidence/boot_state.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/reader.h"
#include "crypto/hash.h"
#include "evidence/boot_loader.h"

namespace brume::evidence {
namespace {

constexpr std::uint32_t kSecureBootPcr = 7;
constexpr std::uint32_t kImagesPcr = 4;
constexpr std::size_t kFirmwarePcrs = 8;
constexpr ByteArray<4> kSeparatorZeros{}, kSeparatorOnes = {0xff, 0xff, 0xff, 0xff}, kSeparatorError = {1, 0, 0, 0};
constexpr std::string_view kDebugMode = "UEFI Debug Mode", kDmaUnprotected = "DMA Protection Disabled";

// UEFI_IMAGE_LOAD_EVENT, PFP section 10.2.3: address, size and link address u64 each, device path size u64, device
// path (UEFI 2.10, section 10.3): nodes of type u8, subtype u8, size u16; 4/4 is a file's path.
std::string image_name(ByteView data) {
  Reader reader(data);
  reader.take(3 * 8);
  const std::uint64_t size = reader.u64le();
  if (size > reader.remaining()) return {};
  Reader path(reader.take(static_cast<std::size_t>(size)));
  std::string out;
  while (path.remaining() >= 4) {
    const std::uint8_t type = path.u8();
    const std::uint8_t subtype = path.u8();
    const std::uint16_t node_size = path.u16le();
    const ByteView node = path.take(node_size < 4 ? 0 : node_size - 4u);
    if (node_size < 4) break;
    if (type == 4 && subtype == 4) out += efi_text(node);
  }
  return out;
}

ByteView without_nul(ByteView data) { return data.empty() || data.back() != 0 ? data : data.first(data.size() - 1); }

bool is_printable(ByteView data) {
  return std::ranges::all_of(data, [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; });
}

class BootReader {
 public:
  BootReader(const EventLog& log, TpmAlgorithm bank, EventLogKind kind, std::uint32_t registers)
      : log_(log), bank_(bank), kind_(kind), registers_(registers) {}

  BootState read() {
    BootLoaderReader loader(bank_, kind_, state_);
    for (index_ = 0; index_ < log_.events.size(); ++index_) {
      const LogEvent& event = log_.events[index_];
      if (event.pcr >= 32 || (registers_ >> event.pcr & 1u) == 0) continue;
      look_at(event);
      loader.look_at(event);
    }
    // Without its separator nobody can tell where firmware's part of the register ends.
    if (!separated_.contains(register_of_pcr(kind_, kSecureBootPcr))) state_.secure_boot.reset();
    return std::move(state_);
  }

 private:
  bool in_register_of(const LogEvent& event, std::uint32_t pcr) const {
    return event.pcr == register_of_pcr(kind_, pcr);
  }

  void fault(BootFaultKind kind, const LogEvent& event) { state_.faults.push_back({kind, index_, event.pcr}); }

  bool is_digest_of(const LogEvent& event, ByteView data) const {
    return equal(crypto::hash(*tpm_crypto_hash(bank_), data), event.digest(bank_));
  }
  // Firmware measures a text with or without its NUL.
  bool is_digest_of_text(const LogEvent& event, ByteView text) const {
    Bytes with_nul = to_bytes(text);
    with_nul.push_back(0);
    return is_digest_of(event, text) || is_digest_of(event, with_nul);
  }

  // An event's type is in no digest: what matters is known by its digest, whatever the log calls it.
  void look_at(const LogEvent& event) {
    if (in_register_of(event, kSecureBootPcr)) look_at_digest(event);
    if (kind_ == EventLogKind::kTpm && event.pcr == kImagesPcr) look_for_image(event);
    switch (event.type) {
      case kEvSeparator:
        return look_at_separator(event);
      case kEvEfiVariableDriverConfig:
        return look_at_config(event);
      case kEvEfiVariableAuthority:
        return look_at_authority(event);
      case kEvEfiAction:
        return look_at_action(event);
      case kEvSCrtmVersion:
        state_.firmware_version = {efi_text(event.data_unverified), data_is_bound(event, bank_)};
        return;
      case kEvEfiBootServicesApplication:
        state_.images.push_back({image_name(event.data_unverified), to_bytes(event.digest(bank_))});
        return;
      default:
        return;
    }
  }

  // A separator by another name would let what came after firmware speak as firmware. (A CCEL has the register for
  // PCR 1, too, where four zeros may be anything.)
  void look_at_digest(const LogEvent& event) {
    const bool separates = is_digest_of(event, kSeparatorZeros) || is_digest_of(event, kSeparatorOnes) ||
                           is_digest_of(event, kSeparatorError);
    const bool other_name = event.type != kEvSeparator && event.type != kEvNoAction;
    if (kind_ == EventLogKind::kTpm && separates && other_name) {
      separated_.insert(event.pcr);
      fault(BootFaultKind::kSeparatorData, event);
    }
    state_.debug_mode = state_.debug_mode || is_digest_of_text(event, as_bytes(kDebugMode));
    state_.dma_unprotected = state_.dma_unprotected || is_digest_of_text(event, as_bytes(kDmaUnprotected));
  }

  // PFP section 3.3.4.5: PCR 4 holds images that firmware loads, separators and actions. Those two show what was
  // measured; the rest is an image. None is all printable, so that its bytes cannot pass for an action's.
  void look_for_image(const LogEvent& event) {
    if (event.type == kEvEfiBootServicesApplication || event.type == kEvNoAction) return;
    const ByteView text = without_nul(event.data_unverified);
    const bool separator = is_digest_of(event, kSeparatorZeros) || is_digest_of(event, kSeparatorOnes);
    if (separator || (is_printable(text) && is_digest_of_text(event, text))) return;
    std::string name = image_name(event.data_unverified);
    if (name.empty()) name = event_type_name(event.type);
    state_.images.push_back({std::move(name), to_bytes(event.digest(bank_))});
  }

  // PFP section 10.4.1, EV_SEPARATOR: 00000000 or ffffffff; after an error the digest is that of 00000001, whatever
  // the data say.
  void look_at_separator(const LogEvent& event) {
    const bool of_firmware = kind_ == EventLogKind::kCcel ? event.pcr <= 2 : event.pcr < kFirmwarePcrs;
    if (!of_firmware) return;  // Windows separates its own registers, with other data
    if (!separated_.insert(event.pcr).second) fault(BootFaultKind::kSeparatorTwice, event);
    if (is_digest_of(event, kSeparatorError)) return fault(BootFaultKind::kSeparatorError, event);
    const bool plain = equal(event.data_unverified, kSeparatorZeros) || equal(event.data_unverified, kSeparatorOnes);
    if (!plain || !data_is_bound(event, bank_)) fault(BootFaultKind::kSeparatorData, event);
  }

  void look_at_config(const LogEvent& event) {
    if (!in_register_of(event, kSecureBootPcr)) return;
    if (!data_is_bound(event, bank_)) return fault(BootFaultKind::kConfigData, event);
    const auto variable = parse_efi_variable(event.data_unverified);
    if (!variable) return fault(BootFaultKind::kConfigData, event);
    // What comes after the separator was not said by firmware.
    if (separated_.contains(event.pcr)) return;
    if (variable->vendor == kEfiGlobalVariable && variable->name == "SecureBoot") {
      const bool on = variable->data.size() == 1 && variable->data[0] == 1;
      state_.secure_boot = state_.secure_boot.value_or(true) && on;
    } else {
      read_keys(*variable);
    }
  }

  void read_keys(const EfiVariable& variable) {
    const bool global = variable.vendor == kEfiGlobalVariable;
    const bool database = variable.vendor == kEfiImageSecurityDatabase;
    std::vector<EfiKey>* to = global && variable.name == "PK"      ? &state_.platform_keys
                              : global && variable.name == "KEK"   ? &state_.key_exchange_keys
                              : database && variable.name == "db"  ? &state_.allowed
                              : database && variable.name == "dbx" ? &state_.forbidden
                                                                   : nullptr;
    if (to == nullptr) return;
    auto keys = parse_efi_keys(variable.data);
    if (!keys) {
      state_.keys_unreadable = true;
    } else {
      to->insert(to->end(), keys->begin(), keys->end());
    }
  }

  void look_at_authority(const LogEvent& event) {
    const auto variable = parse_efi_variable(event.data_unverified);
    if (!variable) return;
    // An EFI_SIGNATURE_DATA: the owner's GUID, then the certificate (PFP section 3.3.4.8). shim's own have no owner.
    constexpr std::size_t kGuidSize = EfiGuid::kSize;
    const bool with_owner =
        variable->vendor == kEfiImageSecurityDatabase && variable->data.size() > kGuidSize && variable->rest_size == 0;
    const ByteView data = with_owner ? variable->data.subspan(kGuidSize) : variable->data;
    state_.authorities.push_back({variable->name, crypto::sha256(data), data_is_bound(event, bank_)});
  }

  // PFP section 10.4.4.
  void look_at_action(const LogEvent& event) {
    if (!in_register_of(event, kSecureBootPcr)) return;
    if (!data_is_bound(event, bank_)) fault(BootFaultKind::kConfigData, event);
  }

  const EventLog& log_;
  TpmAlgorithm bank_;
  EventLogKind kind_;
  std::uint32_t registers_;
  std::size_t index_ = 0;
  std::set<std::uint32_t> separated_;
  BootState state_;
};

}  // namespace

std::uint32_t register_of_pcr(EventLogKind kind, std::uint32_t pcr) {
  if (kind == EventLogKind::kTpm || pcr == 0 || pcr == 1) return pcr;
  if (pcr == 7) return 1;
  return pcr <= 6 ? 2 : 3;
}

bool data_is_bound(const LogEvent& event, TpmAlgorithm bank) {
  const auto hash = tpm_crypto_hash(bank);
  const ByteView digest = event.digest(bank);
  if (!hash || digest.empty()) return false;
  const auto is_of = [&](ByteView bytes) { return equal(crypto::hash(*hash, bytes), digest); };
  const ByteView data = event.data_unverified;
  if (is_of(data)) return true;
  if (event.type == kEvEfiVariableBoot) {
    const auto variable = parse_efi_variable(data);
    return variable && is_of(variable->data);
  }
  if (event.type == kEvEfiAction && !data.empty() && data.back() == 0) return is_of(data.first(data.size() - 1));
  const ByteView command = event.type == kEvIpl ? boot_command_bytes(data) : ByteView{};
  return !command.empty() && is_of(command);
}

BootState read_boot_state(const EventLog& log, TpmAlgorithm bank, EventLogKind kind, std::uint32_t registers) {
  BRUME_CHECK(tpm_crypto_hash(bank).has_value());
  return BootReader(log, bank, kind, registers).read();
}

}  // namespace brume::evidence
