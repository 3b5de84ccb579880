#include "master/read_ahead.h"

#include <gtest/gtest.h>

#include <atomic>

namespace brume::master {
namespace {

// Gives `count` pieces of its byte, then the end or an error.
class Given final : public mapreduce::PieceSource {
 public:
  Given(std::uint8_t byte, std::size_t count, bool fails, std::atomic<std::size_t>& taken)
      : byte_(byte), count_(count), fails_(fails), taken_(taken) {}
  Result<ByteView> next() override {
    if (at_ == count_) {
      if (fails_) return fail(ErrorCode::kAuthFailed, "cut");
      return ByteView();
    }
    ++taken_;
    piece_.assign(++at_, byte_);
    return ByteView(piece_);
  }

 private:
  std::uint8_t byte_;
  std::size_t count_;
  bool fails_;
  std::atomic<std::size_t>& taken_;
  std::size_t at_ = 0;
  Bytes piece_;
};

class AtHand final : public mapreduce::PieceSource {
 public:
  bool at_hand() const override { return true; }
  Result<ByteView> next() override { return ByteView(); }
};

std::vector<std::unique_ptr<mapreduce::PieceSource>> sources_of(std::size_t lanes, std::size_t pieces, bool last_fails,
                                                                std::atomic<std::size_t>& taken) {
  std::vector<std::unique_ptr<mapreduce::PieceSource>> out;
  for (std::size_t i = 0; i < lanes; ++i) {
    out.push_back(
        std::make_unique<Given>(static_cast<std::uint8_t>(i), pieces + i, last_fails && i + 1 == lanes, taken));
  }
  return out;
}

TEST(ReadAhead, GivesWhatTheSourcesGive) {
  std::atomic<std::size_t> taken = 0;
  ReadAhead ahead(sources_of(5, 40, false, taken));
  const auto lanes = ahead.lanes();
  ASSERT_EQ(lanes.size(), 5u);
  // One after another: the thread may not wait for a lane that nobody asks.
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    for (std::size_t size = 1; size <= 40 + i; ++size) {
      const auto piece = lanes[i]->next();
      ASSERT_TRUE(piece);
      EXPECT_TRUE(std::ranges::equal(*piece, Bytes(size, static_cast<std::uint8_t>(i))));
    }
    EXPECT_TRUE(lanes[i]->next()->empty());
    EXPECT_TRUE(lanes[i]->next()->empty());
  }
}

TEST(ReadAhead, TellsAnErrorAtItsPlace) {
  std::atomic<std::size_t> taken = 0;
  ReadAhead ahead(sources_of(2, 3, true, taken));
  mapreduce::PieceSource& lane = *ahead.lanes()[1];
  for (int i = 0; i < 4; ++i) ASSERT_FALSE(lane.next()->empty());
  for (int i = 0; i < 2; ++i) {
    const auto piece = lane.next();
    ASSERT_FALSE(piece);
    EXPECT_EQ(piece.error().what, "cut");
  }
}

TEST(ReadAhead, ReadsNoMoreThanItMay) {
  std::atomic<std::size_t> taken = 0;
  {
    ReadAhead ahead(sources_of(3, 1'000, false, taken));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_LE(taken, 6u);
    ASSERT_TRUE(ahead.lanes()[0]->next());
  }
  EXPECT_LE(taken, 7u) << "and it ends where nobody reads on";
}

TEST(ReadAhead, HoldsLittleOfManySources) {
  std::atomic<std::size_t> taken = 0;
  ReadAhead ahead(sources_of(300, 10, false, taken));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LE(taken, 64u);
  const auto lanes = ahead.lanes();
  for (auto lane = lanes.rbegin(); lane != lanes.rend(); ++lane) ASSERT_EQ((*lane)->next()->size(), 1u);
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    std::size_t count = 1;
    while (!lanes[i]->next()->empty()) ++count;
    EXPECT_EQ(count, 10 + i);
  }
}

TEST(ReadAhead, TakesNoSources) {
  std::atomic<std::size_t> taken = 0;
  EXPECT_TRUE(ReadAhead(sources_of(0, 0, false, taken)).lanes().empty());
}

TEST(ReadAhead, LeavesWhatIsAtHandAsItIs) {
  std::atomic<std::size_t> taken = 0;
  auto sources = sources_of(2, 1, false, taken);
  const mapreduce::PieceSource* const at_hand = sources.emplace(sources.begin() + 1, std::make_unique<AtHand>())->get();
  ReadAhead ahead(std::move(sources));
  ASSERT_EQ(ahead.lanes().size(), 3u);
  EXPECT_EQ(ahead.lanes()[1], at_hand);
  EXPECT_EQ(ahead.lanes()[0]->next()->size(), 1u);
  EXPECT_EQ(ahead.lanes()[2]->next()->size(), 1u);
}

}  // namespace
}  // namespace brume::master
