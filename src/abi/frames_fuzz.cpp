// What parses encodes to the same bytes.
#include "abi/config.h"
#include "abi/frames.h"
#include "base/check.h"

using namespace brume;
using namespace brume::abi;

namespace {
template <typename Value>
void check_same(const Result<Value>& value, Bytes (*encode)(const Value&), ByteView input) {
  if (value) BRUME_CHECK(equal(encode(*value), input));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView input(data + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      check_same(parse_start(input), encode_start, input);
      break;
    case 1:
      check_same(parse_stream_name(input), encode_stream_name, input);
      break;
    case 2:
      check_same(parse_input_range(input), encode_input_range, input);
      break;
    case 3:
      check_same(parse_fetch_stream(input), encode_fetch_stream, input);
      break;
    case 4:
      check_same(parse_config(input), encode_config, input);
      break;
    default:
      if (auto blocks = split_blocks(input, 1000)) {
        std::size_t total = 0;
        for (ByteView block : *blocks) total += 4 + block.size();
        BRUME_CHECK(total == input.size());
      }
  }
  return 0;
}
