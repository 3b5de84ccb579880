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

Bytes encode(const std::vector<Record>& records, OutputKind kind = OutputKind::kLine) {
  Bytes out;
  std::uint64_t rank = 0;
  for (const Record& record : records) {
    std::uint8_t header[kMaxOutputHeaderSize];
    const std::string line = record.key + record.rest;
    const std::uint8_t* end = put_output_header(header, record.rank - rank, line.size(), record.key.size(), kind);
    rank = record.rank;
    append(out, {header, end});
    append(out, as_bytes(line));
  }
  return out;
}

class PiecesSource final : public PieceSource {
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
    return {};
  }
  Status next_output() override {
    text += "--\n";
    ++marks;
    return {};
  }
  std::string text;
  std::size_t marks = 0;
};

Result<std::string> merge(const std::vector<Bytes>& streams, std::size_t piece) {
  std::vector<PiecesSource> sources;
  for (const Bytes& stream : streams) sources.emplace_back(stream, piece);
  std::vector<PieceSource*> pointers;
  for (PiecesSource& source : sources) pointers.push_back(&source);
  TextSink sink;
  BRUME_ASSIGN(const MergeTotals totals, merge_outputs(pointers, sink));
  EXPECT_EQ(totals.bytes, sink.text.size() - 3 * sink.marks);
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
      const std::size_t size = random.below(round % 2 == 0 ? 14 : 40);  // of one word and of many
      const std::size_t letters = 1 + random.below(3);
      for (std::size_t j = 0; j < size; ++j) record.key.push_back(static_cast<char>(random.below(letters) * 127));
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

const Bytes kMark{0, 0, 2};

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const Bytes& part : parts) append(out, part);
  return out;
}

TEST(Merge, HidesKeysThatOnlyOrder) {
  const auto kHidden = OutputKind::kHiddenKey;
  EXPECT_EQ(
      *merge({encode({{1, "b", "2\n"}, {2, "", "4\n"}}, kHidden), encode({{1, "a", "1\n"}, {1, "c", "3\n"}}, kHidden)},
             5),
      "1\n2\n3\n4\n");
}

TEST(Merge, KeepsOutputsApart) {
  const Bytes first = joined({encode({{7, "b", "\n"}}), kMark, encode({{1, "a", "\n"}}), kMark});
  const Bytes second = joined({kMark, encode({{0, "z", "\n"}, {1, "0", "\n"}}), kMark, encode({{0, "x", "\n"}})});
  for (std::size_t piece : {1u, 3u, 100u}) EXPECT_EQ(*merge({first, second}, piece), "b\n--\nz\n0\na\n--\nx\n");
  EXPECT_EQ(*merge({kMark, kMark}, 1), "--\n");
  EXPECT_FALSE(merge({kMark, {}}, 1).has_value());
  EXPECT_FALSE(merge({first, kMark}, 1).has_value());
}

TEST(Merge, RefusesMarksWithContentAndUnknownKinds) {
  EXPECT_FALSE(merge({{1, 0, 2}}, 9).has_value());
  EXPECT_FALSE(merge({{0, 1, 2, 'a'}}, 9).has_value());
  EXPECT_FALSE(merge({{0, 0, 6}}, 9).has_value());
  EXPECT_FALSE(merge({{0, 1, 7, 'a'}}, 9).has_value());
}

TEST(Merge, RefusesRecordsOutOfOrder) {
  const std::string word = "eight...";
  for (std::size_t piece : {1u, 5u, 100u}) {
    EXPECT_FALSE(merge({encode({{1, "b", "\n"}, {1, "a", "\n"}})}, piece).has_value());
    EXPECT_FALSE(merge({encode({{1, word + word + "b", ""}, {1, word + word + "a", ""}})}, piece).has_value());
    EXPECT_FALSE(merge({encode({{1, word + "a", ""}, {1, word, ""}})}, piece).has_value());
    EXPECT_FALSE(merge({encode({{1, std::string("\0", 1), ""}, {1, "", ""}})}, piece).has_value());
    EXPECT_TRUE(merge({encode({{1, word, ""}, {1, word, ""}, {2, "", ""}})}, piece).has_value());
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
  EXPECT_FALSE(merge({{0, 1, 4 * 2, 'a'}}, 9).has_value());
  Bytes wraps = encode({{~std::uint64_t{0}, "a", ""}});
  const Bytes again = encode({{1, "a", ""}});
  append(wraps, again);
  EXPECT_FALSE(merge({wraps}, 9).has_value());
}

}  // namespace
}  // namespace brume::mapreduce
