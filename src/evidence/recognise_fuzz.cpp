// Whatever is recognised is recognised again in hex, with the same content; nothing grows by unwrapping.
#include "base/check.h"
#include "base/hex.h"
#include "evidence/recognise.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  const ByteView input(data, size);
  const auto found = evidence::recognise(input);
  BRUME_CHECK(found.content.size() <= size);
  BRUME_CHECK(found.wrappings.size() <= static_cast<std::size_t>(evidence::kWrappingLimit));
  const bool deepest = found.wrappings.size() == static_cast<std::size_t>(evidence::kWrappingLimit);
  if (found.kind == evidence::FileKind::kUnknown || size < 16 || deepest) return 0;
  const auto again = evidence::recognise(as_bytes(to_hex(input)));
  BRUME_CHECK(again.kind == found.kind && again.content == found.content && again.cmw_type == found.cmw_type);
  return 0;
}
