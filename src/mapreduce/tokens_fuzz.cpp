// Any text and any separators: every form of the tokeniser finds the words that a plain loop finds,
// and split and hash agree.
#include <cstdlib>
#include <vector>

#include "mapreduce/kernels.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume::mapreduce;
  if (size < 33 || size - 33 > kSegmentSize) return 0;
  brume::ByteSet separators;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (data[byte / 8] >> (byte % 8) & 1) separators.add(static_cast<std::uint8_t>(byte));
  }
  std::vector<std::uint8_t> text(data + 33, data + size);
  const std::size_t text_size = text.size();
  std::vector<WordSpan> plain;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text_size; ++at) {
    if (at < text_size && !separators.contains(text[at])) continue;
    if (at > begin) plain.push_back(word_span(begin, at));
    begin = at + 1;
  }
  text.resize(text_size + kSlack, data[32]);
  const HashSchedule schedule = brume::detail::make_hash_schedule({data[32]});
  std::vector<std::uint64_t> first_hashes;
  for (const Isa isa : {Isa::kPortable, Isa::kAvx2, Isa::kAvx512}) {
    if (!isa_available(isa)) continue;
    const Kernels& kernels = kernels_for(isa);
    std::vector<WordSpan> words(kMaxSegmentWords + kOutputSlack);
    const std::size_t count = kernels.tokenise(ByteClass(separators), text.data(), text_size, words.data());
    if (!std::equal(plain.begin(), plain.end(), words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count))) {
      std::abort();
    }
    std::vector<WordSpan> long_words(count + kOutputSlack);
    std::vector<std::uint64_t> short_hashes(count + kOutputSlack);
    std::vector<std::uint64_t> long_hashes(count + kOutputSlack);
    const SplitCounts counts = kernels.split_and_hash(schedule, text.data(), words.data(), count, words.data(),
                                                      short_hashes.data(), long_words.data(), long_hashes.data());
    std::vector<std::uint64_t> hashes(short_hashes.begin(),
                                      short_hashes.begin() + static_cast<std::ptrdiff_t>(counts.short_count));
    hashes.insert(hashes.end(), long_hashes.begin(),
                  long_hashes.begin() + static_cast<std::ptrdiff_t>(counts.long_count));
    if (isa == Isa::kPortable) first_hashes = hashes;
    if (hashes != first_hashes || counts.short_count + counts.long_count != count) std::abort();
  }
  return 0;
}
