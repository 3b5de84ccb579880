#include "master/write_behind.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>

namespace brume::master {
namespace {

class Collected final : public mapreduce::LineSink {
 public:
  Status write(ByteView text) override {
    append(outputs.back(), text);
    if (outputs.back().size() > fails_after) return fail(ErrorCode::kIo, "no space");
    return {};
  }
  Status next_output() override {
    outputs.emplace_back();
    return {};
  }

  std::vector<Bytes> outputs{1};
  std::size_t fails_after = std::numeric_limits<std::size_t>::max();
};

TEST(WriteBehind, WritesAllInOrder) {
  Collected sink;
  Bytes expected;
  {
    WriteBehind behind(sink);
    for (std::size_t i = 0; i < 1'000; ++i) {
      const Bytes piece(i % 70, static_cast<std::uint8_t>(i));
      append(expected, piece);
      ASSERT_TRUE(behind.write(piece));
    }
    ASSERT_TRUE(behind.next_output());
    ASSERT_TRUE(behind.next_output());
    ASSERT_TRUE(behind.write(Bytes(5, 'x')));
    ASSERT_TRUE(behind.finish());
  }
  EXPECT_EQ(sink.outputs, (std::vector<Bytes>{expected, {}, Bytes(5, 'x')}));
}

TEST(WriteBehind, TakesBuffersAndGivesOthers) {
  Collected sink;
  Bytes expected;
  WriteBehind behind(sink);
  Bytes buffer(100);
  for (std::size_t i = 0; i < 1'000; ++i) {
    const std::size_t size = i % 101;
    std::fill_n(buffer.begin(), size, static_cast<std::uint8_t>(i));
    expected.insert(expected.end(), size, static_cast<std::uint8_t>(i));
    ASSERT_TRUE(behind.take(buffer, size));
    ASSERT_EQ(buffer.size(), 100u);
  }
  ASSERT_TRUE(behind.finish());
  EXPECT_EQ(sink.outputs, std::vector<Bytes>{expected});
}

TEST(WriteBehind, TellsTheSinksErrorAndWritesNoMore) {
  Collected sink;
  sink.fails_after = 100;
  WriteBehind behind(sink);
  Status status;
  for (int i = 0; i < 1'000 && status; ++i) status = behind.write(Bytes(10, 'x'));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what, "no space");
  EXPECT_FALSE(behind.next_output());
  EXPECT_FALSE(behind.finish());
  EXPECT_EQ(sink.outputs, std::vector<Bytes>{Bytes(110, 'x')});
}

TEST(WriteBehind, TellsAnErrorOfTheLastPiece) {
  Collected sink;
  sink.fails_after = 5;
  WriteBehind behind(sink);
  ASSERT_TRUE(behind.write(Bytes(6, 'x')));
  EXPECT_FALSE(behind.finish());
}

class Held final : public mapreduce::LineSink {
 public:
  Status write(ByteView) override {
    may_write.acquire();
    ++written;
    return {};
  }
  std::counting_semaphore<> may_write{0};
  std::atomic<int> written = 0;
};

TEST(WriteBehind, HoldsAFewPiecesAndDropsThemWhenItEnds) {
  Held sink;
  std::atomic<int> put = 0;
  std::thread releaser;
  {
    WriteBehind behind(sink);
    std::thread writer([&] {
      for (; put < 20; ++put) (void)behind.write(Bytes(1, 'x'));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_LE(put, 4);
    sink.may_write.release(16);
    writer.join();
    releaser = std::thread([&] {  // the destructor waits for the piece that is being written
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      sink.may_write.release(100);
    });
  }
  releaser.join();
  EXPECT_EQ(put, 20);
  EXPECT_GE(sink.written, 16);
}

}  // namespace
}  // namespace brume::master
