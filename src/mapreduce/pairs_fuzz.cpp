// Sorted pairs from outside: what one stream's reader accepts encodes to the same bytes again, whatever its pieces;
// several merge to as many pairs, in order; no pair is larger than the streams' tasks tell. The first byte says how
// many streams there are and how they are cut.
#include <brume/detail/pairs.h>

#include "base/check.h"
#include "mapreduce/pair_merge.h"
#include "mapreduce/test_scratch.h"

using namespace brume;
using namespace brume::mapreduce;

namespace {

struct Merged {
  bool accepted = false;
  std::size_t count = 0;
  Bytes again;
  std::size_t largest_pair = 0;
};

Merged merge(const std::vector<Bytes>& streams, std::size_t piece, detail::Ties ties,
             std::optional<std::uint64_t> told = std::nullopt) {
  testing::TestStreams set(streams, piece);
  if (told) set.say_largest_pair(*told);
  testing::TestScratch scratch(piece);
  detail::PairRules rules;
  rules.ties = ties;
  rules.memory = detail::kLeastPairMemory;  // two at once: more are merged through scratch
  Merged out;
  auto reader = detail::merge_streams(set, scratch, rules);
  if (!reader) return out;
  detail::PairWriter writer([&](std::span<const std::uint8_t> bytes) {
    append(out.again, bytes);
    return JobStatus{};
  });
  std::string last;
  for (detail::Pair pair;; ++out.count) {
    const auto more = (*reader)->next(pair);
    if (!more) return out;
    if (!*more) break;
    BRUME_CHECK(out.count == 0 || pair.key >= last);
    BRUME_CHECK(pair.same_key == (out.count > 0 && pair.key == last));
    last = pair.key;
    BRUME_CHECK(writer.put(pair).has_value());
  }
  BRUME_CHECK(writer.finish().has_value());
  out.largest_pair = writer.largest_pair();
  out.accepted = true;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t count = 1 + data[0] % 5;
  const std::size_t piece = 1 + data[0] / 5;
  const Bytes input(data + 1, data + size);
  const Merged whole = merge({input}, std::max<std::size_t>(input.size(), 1), detail::Ties::kAsTheyCame);
  const Merged cut = merge({input}, piece, detail::Ties::kAsTheyCame);
  BRUME_CHECK(whole.accepted == cut.accepted && whole.again == cut.again);
  if (whole.accepted) {
    BRUME_CHECK(whole.again == input);
    const std::size_t largest = whole.largest_pair;
    BRUME_CHECK(merge({input}, piece, detail::Ties::kAsTheyCame, largest).again == input);
    BRUME_CHECK(largest == 0 || !merge({input}, piece, detail::Ties::kAsTheyCame, largest - 1).accepted);
    const std::vector<Bytes> copies(count, input);
    for (const auto ties : {detail::Ties::kAsTheyCame, detail::Ties::kByValue}) {
      const Merged all = merge(copies, piece, ties);
      BRUME_CHECK(all.accepted && all.count == count * whole.count);
    }
  }
  return 0;
}
