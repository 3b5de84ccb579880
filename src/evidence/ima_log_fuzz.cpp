// What parses as an IMA list encodes to the very bytes that came; the longest matching prefix of its own value is
// the whole list.
#include "base/check.h"
#include "evidence/ima_replay.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  using namespace brume::evidence;
  const ByteView input(data, size);
  if (auto log = parse_ima_binary(input)) {
    BRUME_CHECK(equal(encode_ima_binary(*log), input));
    const Bytes value = replay_ima(*log, TpmAlgorithm::kSha256, ImaStyle::kOwnHash);
    const auto match = match_ima_prefix(*log, TpmAlgorithm::kSha256, value);
    BRUME_CHECK(match && match->count == log->entries.size());
    static_cast<void>(first_ima_misfit(*log).has_value());
  }
  if (auto log = parse_ima_text(as_chars(input))) {
    if (first_ima_misfit(*log)) return 0;
    // What fits its template digests can stand in a binary list, too.
    for (const ImaEntry& entry : log->entries) {
      if (entry.template_digest.size() != 20) return 0;
    }
    auto again = parse_ima_binary(encode_ima_binary(*log));
    BRUME_CHECK(again && again->entries == log->entries);
  }
  return 0;
}
