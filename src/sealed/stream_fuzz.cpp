// Hosts hand over what they like: nothing but the honest blocks in their order is ever accepted. The input is a
// list of moves: take an honest block, flip a bit in it, cut it, or give arbitrary bytes.
#include "base/check.h"
#include "base/reader.h"
#include "sealed/stream.h"

using namespace brume;
using namespace brume::sealed;

namespace {

struct Honest {
  crypto::Key32 key;
  StreamId id;
  std::vector<Bytes> blocks;
  Bytes data;
  StreamTotals totals;

  explicit Honest(Padding padding) {
    BlockSealer sealer(key, id, {padding, 64});
    Bytes out(kSealedBlockLimit);
    auto emit = [&](ByteView block) -> Status {
      blocks.push_back(to_bytes(block));
      return {};
    };
    for (int i = 0; i < 300; ++i) data.push_back(static_cast<std::uint8_t>(i));
    BRUME_CHECK(sealer.push(data, out, emit).has_value());
    totals = *sealer.finish(out, emit);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  static const Honest plain(Padding::off());
  static const Honest padded(Padding::by_padme(400));
  Reader reader({input, size});
  const Honest& honest = reader.u8() % 2 == 0 ? plain : padded;
  BlockOpener opener(honest.key, honest.id);
  Bytes out(kSealedBlockLimit);
  Bytes data;
  std::size_t next = 0;
  while (reader.remaining() > 0) {
    std::uint8_t move = reader.u8();
    Bytes block = honest.blocks[reader.u8() % honest.blocks.size()];
    if (move % 4 == 1) block[reader.u16le() % block.size()] ^= static_cast<std::uint8_t>(1 << move / 32);
    if (move % 4 == 2) block.resize(reader.u16le() % block.size());
    if (move % 4 == 3) block = to_bytes(reader.take(reader.u8() % (reader.remaining() + 1)));
    bool fits = next < honest.blocks.size() && block == honest.blocks[next];
    auto opened = opener.open(block, out);
    BRUME_CHECK(opened.has_value() == (fits && opener.fault() == StreamFault::kNone));
    if (!opened) break;
    append(data, *opened);
    ++next;
  }
  bool whole = opener.fault() == StreamFault::kNone && next == honest.blocks.size();
  BRUME_CHECK(opener.finish(honest.totals).has_value() == whole);
  BRUME_CHECK(!whole || data == honest.data);
  return 0;
}
