#include "evidence/event_log.h"

#include <algorithm>
#include <array>

#include "base/reader.h"
#include "base/writer.h"

namespace brume::evidence {
namespace {

constexpr std::size_t kSha1Size = 20;
constexpr std::string_view kSpecId03("Spec ID Event03\0", 16);

struct TypeName {
  std::uint32_t type;
  std::string_view name;
};
constexpr auto kTypeNames = std::to_array<TypeName>({
    {0x0, "EV_PREBOOT_CERT"},
    {0x1, "EV_POST_CODE"},
    {0x3, "EV_NO_ACTION"},
    {0x4, "EV_SEPARATOR"},
    {0x5, "EV_ACTION"},
    {0x6, "EV_EVENT_TAG"},
    {0x7, "EV_S_CRTM_CONTENTS"},
    {0x8, "EV_S_CRTM_VERSION"},
    {0x9, "EV_CPU_MICROCODE"},
    {0xa, "EV_PLATFORM_CONFIG_FLAGS"},
    {0xb, "EV_TABLE_OF_DEVICES"},
    {0xc, "EV_COMPACT_HASH"},
    {0xd, "EV_IPL"},
    {0xe, "EV_IPL_PARTITION_DATA"},
    {0xf, "EV_NONHOST_CODE"},
    {0x10, "EV_NONHOST_CONFIG"},
    {0x11, "EV_NONHOST_INFO"},
    {0x12, "EV_OMIT_BOOT_DEVICE_EVENTS"},
    {0x13, "EV_POST_CODE2"},
    {0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
    {0x80000002, "EV_EFI_VARIABLE_BOOT"},
    {0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION"},
    {0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER"},
    {0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
    {0x80000006, "EV_EFI_GPT_EVENT"},
    {0x80000007, "EV_EFI_ACTION"},
    {0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
    {0x80000009, "EV_EFI_HANDOFF_TABLES"},
    {0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
    {0x8000000b, "EV_EFI_HANDOFF_TABLES2"},
    {0x8000000c, "EV_EFI_VARIABLE_BOOT2"},
    {0x8000000d, "EV_EFI_GPT_EVENT2"},
    {0x80000010, "EV_EFI_HCRTM_EVENT"},
    {0x800000e0, "EV_EFI_VARIABLE_AUTHORITY"},
    {0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB"},
    {0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG"},
});

// TCG_PCR_EVENT, PFP section 10.2.1.
LogEvent read_old_event(Reader& reader) {
  LogEvent event;
  event.pcr = reader.u32le();
  event.type = reader.u32le();
  event.digests = {{TpmAlgorithm::kSha1, reader.take(kSha1Size)}};
  event.data_unverified = reader.sized(kEventLogSizeLimit);
  return event;
}

// TCG_PCR_EVENT2, PFP section 10.2.2: digest sizes are known from the header only.
LogEvent read_agile_event(Reader& reader, const EventLog& log) {
  LogEvent event;
  event.pcr = reader.u32le();
  event.type = reader.u32le();
  const std::uint32_t count = reader.count(log.algorithms.size(), 2);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto algorithm = static_cast<TpmAlgorithm>(reader.u16le());
    const auto known = std::ranges::find(log.algorithms, algorithm);
    if (known == log.algorithms.end() || !event.digest(algorithm).empty()) {
      reader.fault();
      break;
    }
    const auto at = static_cast<std::size_t>(known - log.algorithms.begin());
    event.digests.push_back({algorithm, reader.take(log.digest_sizes[at])});
  }
  event.data_unverified = reader.sized(kEventLogSizeLimit);
  return event;
}

// TCG_EfiSpecIDEvent, PFP section 10.4.5.1: platform class u32, version and errata u8 x3, uintn size u8,
// algorithms u32 {id u16, size u16}, vendor size u8, vendor data.
Status read_spec_id(ByteView data, EventLog& log) {
  Reader reader(data.subspan(kSpecId03.size()));
  reader.take(4 + 4);
  const std::uint32_t count = reader.count(kEventAlgorithmsLimit, 4);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto algorithm = static_cast<TpmAlgorithm>(reader.u16le());
    const std::uint16_t size = reader.u16le();
    const std::size_t known = tpm_digest_size(algorithm);
    const bool twice = std::ranges::find(log.algorithms, algorithm) != log.algorithms.end();
    if (size == 0 || size > kTpmDigestSizeLimit || twice || (known != 0 && known != size)) {
      return malformed("event log header: an algorithm comes twice or with another size than it has");
    }
    log.algorithms.push_back(algorithm);
    log.digest_sizes.push_back(size);
  }
  reader.take(reader.u8());
  BRUME_TRY(reader.done("event log header"));
  if (log.algorithms.empty()) return malformed("event log header: no algorithm");
  return {};
}

// What firmware leaves behind the last event: a register and a type of ones, or of zeros beyond the first record, are
// no events but the fill of its buffer. Fewer bytes are a record that was cut.
bool is_padding(ByteView rest) {
  if (rest.size() < 8 || (rest.front() != 0 && rest.front() != 0xff)) return false;
  return std::ranges::all_of(rest.first(8), [&](std::uint8_t byte) { return byte == rest.front(); });
}

Status read_padding(ByteView rest, EventLog& log) {
  if (std::ranges::any_of(rest, [](std::uint8_t byte) { return byte != 0 && byte != 0xff; })) {
    return malformed("event log: other bytes than padding after its end");
  }
  log.padding_size = rest.size();
  return {};
}

Status check_event(const LogEvent& event) {
  if (event.pcr < kPcrCount || event.type == kEvNoAction) return {};
  return malformed("event log: a register above 23");
}

}  // namespace

std::string_view event_type_name(std::uint32_t type) {
  for (const TypeName& name : kTypeNames) {
    if (name.type == type) return name.name;
  }
  return "unknown";
}

ByteView LogEvent::digest(TpmAlgorithm algorithm) const {
  for (const EventDigest& digest : digests) {
    if (digest.algorithm == algorithm) return digest.digest;
  }
  return {};
}

Result<EventLog> parse_event_log(ByteView bytes) {
  if (bytes.size() > kEventLogSizeLimit) return fail(ErrorCode::kLimit, "event log: longer than 4 MiB");
  Reader reader(bytes);
  EventLog log;
  const LogEvent first = read_old_event(reader);
  if (!reader.ok()) return malformed("event log: shorter than its first record");
  log.agile = first.type == kEvNoAction && as_chars(first.data_unverified).starts_with(kSpecId03);
  if (log.agile) {
    BRUME_TRY(read_spec_id(first.data_unverified, log));
    log.header_record = bytes.first(reader.offset());
  } else {
    log.algorithms = {TpmAlgorithm::kSha1};
    log.digest_sizes = {kSha1Size};
    BRUME_TRY(check_event(first));
    log.events.push_back(first);
  }
  while (reader.remaining() > 0) {
    const ByteView rest = bytes.subspan(reader.offset());
    if (is_padding(rest)) {
      BRUME_TRY(read_padding(rest, log));
      return log;
    }
    if (log.events.size() == kEventsLimit) return fail(ErrorCode::kLimit, "event log: too many events");
    LogEvent event = log.agile ? read_agile_event(reader, log) : read_old_event(reader);
    if (!reader.ok()) return malformed("event log: cut within a record, or digests that its header does not name");
    BRUME_TRY(check_event(event));
    log.events.push_back(std::move(event));
  }
  return log;
}

Bytes encode_event_log(const EventLog& log) {
  Writer writer;
  writer.raw(log.header_record);
  for (const LogEvent& event : log.events) {
    writer.u32le(event.pcr).u32le(event.type);
    if (log.agile) writer.u32le(static_cast<std::uint32_t>(event.digests.size()));
    for (const EventDigest& digest : event.digests) {
      if (log.agile) writer.u16le(static_cast<std::uint16_t>(digest.algorithm));
      writer.raw(digest.digest);
    }
    writer.sized(event.data_unverified);
  }
  return writer.take();
}

}  // namespace brume::evidence
