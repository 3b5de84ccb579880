// What is decoded encodes to the text that came (base64), or to a PEM that decodes to the same blocks.
#include "base/check.h"
#include "crypto/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  using namespace brume::crypto;
  ByteView input(data, size);
  std::string_view text = as_chars(input);
  if (auto bytes = from_base64(text)) BRUME_CHECK(base64(*bytes) == text);
  if (auto bytes = from_base64_unpadded(text)) BRUME_CHECK(base64_unpadded(*bytes) == text);
  BRUME_CHECK(from_base64(base64(input)).value() == to_bytes(input));
  if (auto blocks = from_pem("X", text, 4)) {
    BRUME_CHECK(blocks->size() <= 4);
    std::string again;
    for (const Bytes& block : *blocks) again += to_pem("X", block);
    BRUME_CHECK(from_pem("X", again, 4).value() == *blocks);
  }
  return 0;
}
