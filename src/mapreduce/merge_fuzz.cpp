// The merge of one stream takes what the plain reader takes, and gives the same lines; of several it
// never does harm. The first byte says how many streams there are and how they are cut.
#include <brume/output_format.h>

#include "base/check.h"
#include "mapreduce/merge.h"

using namespace brume;
using namespace brume::mapreduce;

namespace {

class Source final : public PieceSource {
 public:
  Source(ByteView bytes, std::size_t piece) : rest_(bytes), piece_(piece) {}
  Result<ByteView> next() override {
    const ByteView out = rest_.first(std::min(piece_, rest_.size()));
    rest_ = rest_.subspan(out.size());
    return out;
  }

 private:
  ByteView rest_;
  std::size_t piece_;
};

struct Sink final : LineSink {
  Status write(ByteView more) override {
    append(text, more);
    return {};
  }
  Status next_output() override { return {}; }
  Bytes text;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t count = 1 + data[0] % 5;
  const std::size_t piece = 1 + data[0] / 5;
  const ByteView input(data + 1, size - 1);
  std::vector<Source> sources;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t begin = input.size() * i / count;
    sources.emplace_back(input.subspan(begin, input.size() * (i + 1) / count - begin), piece);
  }
  std::vector<PieceSource*> pointers;
  for (Source& source : sources) pointers.push_back(&source);
  Sink sink;
  const auto totals = merge_outputs(pointers, sink);
  if (totals) BRUME_CHECK(totals->bytes == sink.text.size());
  if (count > 1) return 0;

  OutputReader reader;
  reader.feed(input);
  OutputRecord record;
  Bytes lines;
  while (reader.next(record) == OutputReader::Next::kRecord) append(lines, as_bytes(record.line()));
  if (reader.at_border()) BRUME_CHECK(totals && sink.text == lines);
  return 0;
}
