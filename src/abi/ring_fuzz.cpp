// A reader over a ring that the fuzzer owns: never reads outside it, and never gives a payload
// over the limit.
#include "abi/ring.h"
#include "base/check.h"

using namespace brume;
using namespace brume::abi;

namespace {
class NoWait final : public RingWait {
 public:
  bool wait(std::uint32_t*, std::uint32_t) override { return false; }
  void wake(std::uint32_t*) override {}
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::size_t file_size = ring_file_size(kRingCapacityLeast);
  static auto* memory = static_cast<std::uint8_t*>(std::aligned_alloc(4096, file_size));
  std::memset(memory, 0, kRingControlSize);
  const std::size_t control = std::min<std::size_t>(size, 16);
  std::memcpy(memory, data, std::min<std::size_t>(control, 8));
  const std::size_t body = std::min(size - control, std::size_t{1} << 16);
  std::memcpy(memory + kRingControlSize, data + control, body);
  NoWait wait;
  const RingMap map = *map_ring(memory, file_size);
  FrameReader reader(map.to_enclave, wait, 0);
  Frame frame;
  for (int i = 0; i < 100 && reader.next(frame) == RingStep::kDone; ++i)
    BRUME_CHECK(frame.payload.size() <= kFramePayloadLimit);
  return 0;
}
