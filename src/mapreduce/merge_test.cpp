#include "mapreduce/merge.h"

#include <brume/output_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "mapreduce/test_values.h"

namespace brume::mapreduce {
namespace {

struct Record {
  std::uint64_t rank;
  std::string key;
  std::string rest;
};

Bytes encode(const std::vector<Record>& records) {
  Bytes out;
  std::uint64_t rank = 0;
  for (const Record& record : records) {
    std::uint8_t header[kMaxOutputHeaderSize];
    const std::string line = record.key + record.rest;
    const std::uint8_t* end = put_output_header(header, record.rank - rank, line.size(), record.key.size());
    rank = record.rank;
    append(out, {header, end});
    append(out, as_bytes(line));
  }
  return out;
}

class PiecesSource final : public OutputSource {
 public:
  PiecesSource(Bytes bytes, std::size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}
  Result<ByteView> next() override {
    const ByteView view = ByteView(bytes_).subspan(at_, std::min(piece_, bytes_.size() - at_));
    at_ += view.size();
    return view;
  }

 private:
  Bytes bytes_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

struct TextSink final : LineSink {
  Status write(ByteView more) override {
    text += as_chars(more);
    ++calls;
    return {};
  }
  std::string text;
  int calls = 0;
};

Result<std::string> merge(const std::vector<Bytes>& streams, std::size_t piece) {
  std::vector<PiecesSource> sources;
  for (const Bytes& stream : streams) sources.emplace_back(stream, piece);
  std::vector<OutputSource*> pointers;
  for (PiecesSource& source : sources) pointers.push_back(&source);
  TextSink sink;
  BRUME_ASSIGN(const MergeTotals totals, merge_outputs(pointers, sink));
  EXPECT_EQ(totals.bytes, sink.text.size());
  return sink.text;
}

TEST(Merge, OrdersByRankThenKeyAcrossStreams) {
  SeededRandom random(3);
  for (int round = 0; round < 200; ++round) {
    const std::size_t stream_count = 1 + random.below(9);
    std::vector<std::vector<Record>> streams(stream_count);
    std::vector<Record> all;
    for (std::size_t i = random.below(120); i > 0; --i) {
      Record record{random.below(4) == 0 ? ~random.below(3) : random.below(5), "", "\t1\n"};
      const std::size_t size = random.below(14);
      for (std::size_t j = 0; j < size; ++j) record.key.push_back(static_cast<char>(random.below(3) * 127));
      all.push_back(record);
      streams[random.below(stream_count)].push_back(record);
    }
    const auto order = [](const Record& a, const Record& b) {
      return std::tie(a.rank, a.key) < std::tie(b.rank, b.key);
    };
    std::ranges::stable_sort(all, order);
    std::string expected;
    for (const Record& record : all) expected += record.key + record.rest;
    std::vector<Bytes> encoded;
    for (auto& stream : streams) {
      std::ranges::stable_sort(stream, order);
      encoded.push_back(encode(stream));
    }
    const auto merged = merge(encoded, 1 + random.below(50));
    ASSERT_TRUE(merged.has_value()) << merged.error().what;
    EXPECT_EQ(*merged, expected);
  }
}

TEST(Merge, GivesNothingForNoStreamsAndForEmptyOnes) {
  EXPECT_EQ(*merge({}, 1), "");
  EXPECT_EQ(*merge({{}, {}, {}}, 1), "");
}

TEST(Merge, PassesLinesLongerThanAPiece) {
  const std::string long_key(3u << 20, 'k');
  const auto merged = merge({encode({{1, "a", "\n"}, {2, long_key, "\n"}}), encode({{1, "b", "\n"}})}, 70000);
  ASSERT_TRUE(merged.has_value());
  EXPECT_EQ(*merged, "a\nb\n" + long_key + "\n");
}

TEST(Merge, RefusesEveryTruncationWithinARecord) {
  const Bytes stream = encode({{300, "key", "\tvalue\n"}});
  for (std::size_t size = 1; size < stream.size(); ++size) {
    EXPECT_FALSE(merge({Bytes(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size))}, 4).has_value());
  }
}

TEST(Merge, RefusesKeysLongerThanTheirLineAndRanksThatWrap) {
  EXPECT_FALSE(merge({{0, 1, 2, 'a'}}, 9).has_value());
  Bytes wraps = encode({{~std::uint64_t{0}, "a", ""}});
  const Bytes again = encode({{1, "a", ""}});
  append(wraps, again);
  EXPECT_FALSE(merge({wraps}, 9).has_value());
}

}  // namespace
}  // namespace brume::mapreduce
