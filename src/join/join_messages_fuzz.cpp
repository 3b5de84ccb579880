// What parses encodes to the same bytes.
#include "base/check.h"
#include "join/messages.h"

using namespace brume;
using namespace brume::join;

namespace {

template <typename Parse, typename Encode>
void check_round_trip(ByteView body, Parse parse, Encode encode) {
  if (auto message = parse(body)) BRUME_CHECK(equal(encode(*message), body));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  ByteView body(data + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      check_round_trip(body, parse_challenge, encode_challenge);
      break;
    case 1:
      check_round_trip(body, parse_claims, encode_claims);
      break;
    case 2:
      check_round_trip(body, parse_evidence_message, [](const EvidenceMessage& message) {
        return encode_evidence_message(message.claims, message.evidence);
      });
      break;
    case 3:
      check_round_trip(body, parse_admitted, encode_admitted);
      break;
    case 4:
      check_round_trip(body, parse_refused, encode_refused);
      break;
  }
  return 0;
}
