// What parses as an event log encodes to the very bytes that came, less their padding, and replays or says why not.
#include "base/check.h"
#include "evidence/boot_state.h"
#include "evidence/event_replay.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  using namespace brume::evidence;
  const ByteView input(data, size);
  auto log = parse_event_log(input);
  if (!log) return 0;
  BRUME_CHECK(log->padding_size <= size);
  BRUME_CHECK(equal(encode_event_log(*log), input.first(size - log->padding_size)));
  for (const TpmAlgorithm bank : log->algorithms) {
    const auto registers = replay_event_log(*log, bank);
    for (const EventLogKind kind : {EventLogKind::kTpm, EventLogKind::kCcel}) {
      if (registers) static_cast<void>(read_boot_state(*log, bank, kind).faults.size());
    }
    if (!registers) continue;
    for (const auto& [pcr, value] : *registers) {
      BRUME_CHECK(pcr < kPcrCount && value.size() == tpm_digest_size(bank));
    }
  }
  return 0;
}
