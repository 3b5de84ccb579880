// TCG event logs: what firmware and boot loaders say that they extended into PCRs (TCG PC Client Platform Firmware
// Profile 1.06, section 10; EFI Protocol Specification 2.0 for the confidential-computing form, CCEL: UEFI 2.10,
// section 38.4). Little-endian. A log proves nothing by itself: its replay must give the values of a quote.
//
//   first record, TCG_PCR_EVENT: pcr u32 | type u32 | SHA-1 digest 20 | size u32 | data
//   if its data is a "Spec ID Event03", all others are TCG_PCR_EVENT2:
//     pcr u32 | type u32 | count u32, each {algorithm u16, digest} | size u32 | data
//   else they are all of the first form.
#pragma once

#include <vector>

#include "evidence/tpm_algorithm.h"

namespace brume::evidence {

inline constexpr std::size_t kEventLogSizeLimit = 4u
                                                  << 20;  // real ones have up to 64 KiB, firmware reserves up to 1 MiB
inline constexpr std::size_t kEventsLimit = 16384;        // 160 in the longest real one at hand
inline constexpr std::size_t kEventAlgorithmsLimit = 8;

// Event types, PFP section 10.4.1, table 27.
inline constexpr std::uint32_t kEvNoAction = 0x3;
inline constexpr std::uint32_t kEvSeparator = 0x4;
inline constexpr std::uint32_t kEvEventTag = 0x6;
inline constexpr std::uint32_t kEvSCrtmVersion = 0x8;
inline constexpr std::uint32_t kEvIpl = 0xd;
inline constexpr std::uint32_t kEvEfiVariableDriverConfig = 0x80000001;
inline constexpr std::uint32_t kEvEfiVariableBoot = 0x80000002;
inline constexpr std::uint32_t kEvEfiBootServicesApplication = 0x80000003;
inline constexpr std::uint32_t kEvEfiBootServicesDriver = 0x80000004;
inline constexpr std::uint32_t kEvEfiRuntimeServicesDriver = 0x80000005;
inline constexpr std::uint32_t kEvEfiGptEvent = 0x80000006;
inline constexpr std::uint32_t kEvEfiAction = 0x80000007;
inline constexpr std::uint32_t kEvEfiVariableBoot2 = 0x8000000c;
inline constexpr std::uint32_t kEvEfiHcrtmEvent = 0x80000010;
inline constexpr std::uint32_t kEvEfiVariableAuthority = 0x800000e0;

// "EV_SEPARATOR"; "unknown" for what the profile does not name.
std::string_view event_type_name(std::uint32_t type);

struct EventDigest {
  TpmAlgorithm algorithm = TpmAlgorithm::kSha1;
  ByteView digest;  // as long as the log's header says
};

// Views lie in the bytes that were parsed.
struct LogEvent {
  std::uint32_t pcr = 0;  // in a CCEL: measurement register, 0 MRTD, 1 to 4 RTMR0 to RTMR3
  std::uint32_t type = 0;
  std::vector<EventDigest> digests;
  ByteView data_unverified;  // only the digest is extended; see bound() in boot_state.h

  // Empty where the event has no digest of that algorithm.
  ByteView digest(TpmAlgorithm algorithm) const;
};

struct EventLog {
  bool agile = false;                    // crypto-agile: every event may have a digest for each algorithm
  std::vector<TpmAlgorithm> algorithms;  // of the header; SHA-1 alone in a log of the old form
  std::vector<std::uint16_t> digest_sizes;
  ByteView header_record;        // of a crypto-agile log: its first record, which is no event
  std::vector<LogEvent> events;  // without the header
  std::size_t padding_size = 0;  // bytes 0x00 or 0xff after the end, as firmware's buffers have
};

// Refuses sizes beyond the end, a log cut within a record, digests of algorithms that the header does not name or
// twice, registers above 23 and bytes after the padding begins. The result refers to `bytes`.
Result<EventLog> parse_event_log(ByteView bytes);
// The same bytes again, without the padding.
Bytes encode_event_log(const EventLog& log);

}  // namespace brume::evidence
