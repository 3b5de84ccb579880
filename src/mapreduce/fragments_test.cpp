#include "mapreduce/fragments.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "mapreduce/test_values.h"

namespace brume::mapreduce {
namespace {

constexpr std::size_t kNoLimit = std::size_t{1} << 40;

struct Collected final : PieceSink {
  Status piece(const Piece& piece) override {
    pieces.emplace_back(piece.text);
    offsets.push_back(piece.offset);
    return {};
  }
  Status fragment(ByteView bytes) override {
    append(fragments, bytes);
    return {};
  }
  std::vector<std::string> pieces;
  std::vector<std::uint64_t> offsets;
  Bytes fragments;
};

Status cut(std::string_view text, std::size_t chunk_size, SplitCutter& cutter) {
  while (!text.empty()) {
    const std::string_view chunk = text.substr(0, chunk_size);
    const MutableByteView buffer = cutter.next_chunk(chunk.size());
    std::memcpy(buffer.data(), chunk.data(), chunk.size());
    BRUME_TRY(cutter.advance());
    text.remove_prefix(chunk.size());
  }
  return cutter.finish();
}

std::vector<std::string> records_of(std::string_view text, const ByteSet& separators) {
  std::vector<std::string> records(1);
  for (const char c : text) {
    records.back().push_back(c);
    if (separators.contains(c)) records.emplace_back();
  }
  if (records.back().empty()) records.pop_back();
  return records;
}

// Cuts `text` into splits of `split_chunks` chunks, maps and stitches, and returns all pieces.
Result<Collected> run_pieces(std::string_view text, std::size_t chunk_size, std::size_t split_chunks,
                             const Borders& borders, std::size_t limit = kNoLimit) {
  Collected all;
  std::vector<Bytes> streams;
  const std::size_t split_size = chunk_size * split_chunks;
  const bool whole = text.size() <= split_size;
  for (std::size_t at = 0; at < text.size() || (at == 0 && whole); at += split_size) {
    Collected one;
    SplitCutter cutter(borders, whole ? SplitCutter::Extent::kWholeInput : SplitCutter::Extent::kPart,
                       {{}, at, 7, "text"}, limit, one);
    BRUME_TRY(cut(text.substr(at, split_size), chunk_size, cutter));
    for (std::string& piece : one.pieces) all.pieces.push_back(std::move(piece));
    for (const std::uint64_t offset : one.offsets) all.offsets.push_back(offset);
    streams.push_back(std::move(one.fragments));
    if (whole) break;
  }
  if (!whole) {
    FragmentJoiner joiner(borders, {{}, 0, 7, "text"}, limit, all);
    std::size_t split_end = 0;
    for (const Bytes& stream : streams) {
      split_end = std::min(split_end + split_size, text.size());
      for (std::size_t i = 0; i < stream.size(); i += 3) {
        BRUME_TRY(joiner.feed(ByteView(stream).subspan(i, std::min<std::size_t>(3, stream.size() - i))));
      }
      BRUME_TRY(joiner.end_of_stream(split_end));
    }
    BRUME_TRY(joiner.finish());
  }
  for (std::size_t i = 0; i < all.pieces.size(); ++i) {
    EXPECT_FALSE(all.pieces[i].empty());
    EXPECT_EQ(text.substr(all.offsets[i], all.pieces[i].size()), all.pieces[i]);
  }
  return all;
}

// All records, sorted.
Result<std::vector<std::string>> run_splits(std::string_view text, std::size_t chunk_size, std::size_t split_chunks,
                                            const ByteSet& separators, std::size_t limit = kNoLimit) {
  BRUME_ASSIGN(const Collected all, run_pieces(text, chunk_size, split_chunks, separators, limit));
  std::vector<std::string> records;
  for (const std::string& piece : all.pieces) {
    for (std::string& record : records_of(piece, separators)) records.push_back(std::move(record));
  }
  std::ranges::sort(records);
  return records;
}

std::vector<std::string> sorted(std::vector<std::string> values) {
  std::ranges::sort(values);
  return values;
}

const ByteSet kSpace{' ', '\n'};
const Borders kAtSpaces(kSpace);

TEST(SplitCutter, KeepsWholeInputInOrder) {
  Collected sink;
  SplitCutter cutter(kAtSpaces, SplitCutter::Extent::kWholeInput, Piece{}, kNoLimit, sink);
  ASSERT_TRUE(cut("one two three", 4, cutter).has_value());
  std::string all;
  for (const std::string& piece : sink.pieces) all += piece;
  EXPECT_EQ(all, "one two three");
  EXPECT_EQ(sink.pieces.back(), "three");
  EXPECT_TRUE(sink.fragments.empty());
}

TEST(SplitCutter, FeedsNothingForNoBytes) {
  Collected sink;
  SplitCutter cutter(kAtSpaces, SplitCutter::Extent::kWholeInput, Piece{}, kNoLimit, sink);
  ASSERT_TRUE(cutter.next_chunk(0).empty());
  ASSERT_TRUE(cutter.advance().has_value());
  ASSERT_TRUE(cutter.finish().has_value());
  EXPECT_TRUE(sink.pieces.empty());
}

TEST(SplitCutter, HeadHoldsItsSeparator) {
  Collected sink;
  SplitCutter cutter(kAtSpaces, SplitCutter::Extent::kPart, Piece{}, kNoLimit, sink);
  ASSERT_TRUE(cut("ad two thr", 64, cutter).has_value());
  EXPECT_EQ(sink.pieces, (std::vector<std::string>{"two "}));
  EXPECT_EQ(sink.fragments, (Bytes{3, 0, 0, 0, 'a', 'd', ' ', 0, 0, 0, 0, 1, 3, 0, 0, 0, 't', 'h', 'r', 0, 0, 0, 0}));
}

TEST(SplitCutter, LeavesOutWhatTheEndsOfASampleCut) {
  Collected sink;
  SplitCutter cutter(kAtSpaces, SplitCutter::Extent::kSample, Piece{}, kNoLimit, sink);
  ASSERT_TRUE(cut("ad two thr", 64, cutter).has_value());
  EXPECT_EQ(sink.pieces, (std::vector<std::string>{"two "}));
  EXPECT_TRUE(sink.fragments.empty());
}

TEST(SplitCutter, GivesAWholeFileInOnePieceHoweverItComes) {
  const Borders whole{WholeFiles()};
  for (const std::string text : {"", "a b\nc", "  "}) {
    for (const std::size_t chunk : {1u, 2u, 64u}) {
      Collected sink;
      SplitCutter cutter(whole, SplitCutter::Extent::kWholeInput, Piece{}, kNoLimit, sink);
      ASSERT_TRUE(cut(text, chunk, cutter).has_value());
      EXPECT_EQ(sink.pieces, (std::vector<std::string>{text}));
    }
  }
}

TEST(SplitCutter, SaysWhenThereIsNoSeparator) {
  Collected sink;
  SplitCutter cutter(kAtSpaces, SplitCutter::Extent::kPart, Piece{}, kNoLimit, sink);
  ASSERT_TRUE(cut("abc", 2, cutter).has_value());
  EXPECT_TRUE(sink.pieces.empty());
  EXPECT_EQ(sink.fragments, (Bytes{2, 0, 0, 0, 'a', 'b', 1, 0, 0, 0, 'c', 0, 0, 0, 0, 0}));
}

TEST(SplitCutter, RefusesARecordOverTheLimit) {
  const std::string text = "a " + std::string(200000, 'x') + " b ";
  EXPECT_TRUE(run_splits(text, 65536, 100, kSpace, 200001).has_value());
  const auto refused = run_splits(text, 65536, 100, kSpace, 199999);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kLimit);
}

TEST(Fragments, NoRecordIsCutOrLostWhereverTheBordersLie) {
  SeededRandom random(7);
  for (int round = 0; round < 3000; ++round) {
    const std::size_t size = random.below(60);
    const std::uint64_t density = 1 + random.below(12);
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
      text.push_back(random.below(density) == 0 ? ' ' : static_cast<char>('a' + random.below(3)));
    }
    const std::size_t chunk_size = 1 + random.below(9);
    const std::size_t split_chunks = 1 + random.below(4);
    const auto records = run_splits(text, chunk_size, split_chunks, kSpace);
    ASSERT_TRUE(records.has_value()) << records.error().what;
    EXPECT_EQ(*records, sorted(records_of(text, kSpace))) << '"' << text << "\" " << chunk_size << ' ' << split_chunks;
  }
}

TEST(Fragments, JoinsOneEndlessWordAcrossAllSplits) {
  const std::string text(3u << 20, 'x');
  const auto records = run_splits(text, 65536, 4, kSpace);
  ASSERT_TRUE(records.has_value());
  EXPECT_EQ(*records, (std::vector<std::string>{text}));
}

TEST(Fragments, AnyByteMayBeASeparatorAndNoneToo) {
  ByteSet all;
  all.add_range(0, 255);
  EXPECT_EQ(run_splits("abcdef", 2, 1, all)->size(), 6u);
  EXPECT_EQ(*run_splits("abcdef", 2, 1, ByteSet{}), (std::vector<std::string>{"abcdef"}));
}

// Records of one size: the pieces hold each record once, whole, and nothing of the header.
void check_records(std::string_view text, std::size_t chunk_size, std::size_t split_chunks, const Records& records) {
  const auto all = run_pieces(text, chunk_size, split_chunks, records);
  const bool has_header = text.size() >= records.header;
  ASSERT_EQ(all.has_value(), text.empty() || (has_header && (text.size() - records.header) % records.size == 0))
      << text.size() << ' ' << records.size << ' ' << records.header;
  if (!all) return;
  std::vector<std::uint64_t> begins;
  for (std::size_t i = 0; i < all->pieces.size(); ++i) {
    ASSERT_EQ(all->pieces[i].size() % records.size, 0u);
    for (std::size_t at = 0; at < all->pieces[i].size(); at += records.size) begins.push_back(all->offsets[i] + at);
  }
  std::ranges::sort(begins);
  std::vector<std::uint64_t> expected;
  for (std::uint64_t at = records.header; at < text.size(); at += records.size) expected.push_back(at);
  EXPECT_EQ(begins, expected) << text.size() << ' ' << chunk_size << ' ' << split_chunks << ' ' << records.size;
}

TEST(Fragments, NoRecordOfOneSizeIsCutOrLostWhereverTheBordersLie) {
  SeededRandom random(11);
  for (int round = 0; round < 3000; ++round) {
    std::string text(random.below(90), '\0');
    for (char& byte : text) byte = static_cast<char>(random.below(256));
    const Records records{1 + random.below(20), random.below(3) == 0 ? random.below(40) : 0};
    if (random.below(4) != 0 && text.size() > records.header) {
      text.resize(text.size() - (text.size() - records.header) % records.size);
    }
    check_records(text, 1 + random.below(12), 1 + random.below(4), records);
  }
}

TEST(Fragments, AnInputThatEndsWithinItsHeaderIsRefused) {
  const Records records{4, 54};
  for (const std::size_t split_chunks : {1u, 3u, 100u}) {
    const auto cut = run_pieces(std::string(53, 'h'), 10, split_chunks, records);
    ASSERT_FALSE(cut.has_value());
    EXPECT_EQ(cut.error().what, "the input ends within its header, at byte 53 of 54");
    EXPECT_TRUE(run_pieces(std::string(54, 'h'), 10, split_chunks, records).has_value());
    EXPECT_TRUE(run_pieces("", 10, split_chunks, records).has_value()) << "an empty input has no records";
  }
}

TEST(Fragments, RecordsMayBeLargerThanASplit) {
  SeededRandom random(12);
  for (const std::size_t size : {std::size_t{70'000}, std::size_t{131'072}, std::size_t{400'001}}) {
    check_records(std::string(3 * size + 11, 'r'), 65536, 2, {size, 11});
    check_records(std::string(3 * size, 'r'), 65536, 1, {size});
  }
}

TEST(Fragments, AnInputThatEndsWithinARecordIsRefused) {
  for (const std::size_t split_chunks : {1u, 100u}) {
    const auto refused = run_pieces(std::string(101, 'r'), 8, split_chunks, Records{10});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().what, "the input ends within a record");
  }
}

Status join(const Bytes& stream) {
  Collected sink;
  FragmentJoiner joiner(kAtSpaces, {}, kNoLimit, sink);
  BRUME_TRY(joiner.feed(stream));
  BRUME_TRY(joiner.end_of_stream(stream.size()));
  return joiner.finish();
}

TEST(FragmentJoiner, RefusesEveryTruncationAndBytesAfterTheEnd) {
  const Bytes whole{1, 0, 0, 0, 'a', 0, 0, 0, 0, 1, 2, 0, 0, 0, 'b', 'c', 0, 0, 0, 0};
  EXPECT_TRUE(join(whole).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(join(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))).has_value()) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(join(longer).has_value());
}

TEST(FragmentJoiner, RefusesAPieceOverItsLimitAndAnUnknownCase) {
  EXPECT_FALSE(join({1, 0, 16, 0}).has_value());
  EXPECT_TRUE(join({0, 0, 0, 0, 0}).has_value());
  EXPECT_FALSE(join({0, 0, 0, 0, 2}).has_value());
}

}  // namespace
}  // namespace brume::mapreduce
