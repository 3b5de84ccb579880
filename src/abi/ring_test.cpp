#include "abi/ring.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <random>
#include <thread>

#include "abi/futex_wait.h"

namespace brume::abi {
namespace {

constexpr std::size_t kCapacity = kRingCapacityLeast;
// Where ring.cpp keeps the words of the direction to the enclave, as docs/formats/enclave-abi.md says.
constexpr std::size_t kHeadAt = 0;
constexpr std::size_t kTailAt = 64;

// A peer that is gone as soon as one would have to wait for it.
class GoneWait final : public RingWait {
 public:
  bool wait(std::uint32_t*, std::uint32_t) override { return false; }
  void wake(std::uint32_t*) override { ++wakes; }
  int wakes = 0;
};

class RingTest : public testing::Test {
 protected:
  RingTest() {
    memory_ = static_cast<std::uint8_t*>(
        mmap(nullptr, ring_file_size(kCapacity), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    map_ = *map_ring(memory_, ring_file_size(kCapacity));
  }
  ~RingTest() override { munmap(memory_, ring_file_size(kCapacity)); }

  void poke(std::size_t at, std::uint64_t value) { std::memcpy(memory_ + at, &value, sizeof value); }

  std::uint8_t* memory_;
  RingMap map_;
  GoneWait gone_;
};

TEST_F(RingTest, RefusesSizesThatNoCapacityGives) {
  EXPECT_FALSE(map_ring(memory_, ring_file_size(kCapacity) - 1));
  EXPECT_FALSE(map_ring(memory_, 0));
  EXPECT_FALSE(map_ring(memory_, kRingControlSize + 2 * 3'000'000));
  EXPECT_FALSE(map_ring(memory_ + 8, ring_file_size(kCapacity)));
  EXPECT_FALSE(map_ring(nullptr, ring_file_size(kCapacity)));
}

TEST_F(RingTest, CarriesFramesInOrderWithTheirParts) {
  FrameWriter writer(map_.to_enclave, gone_);
  FrameReader reader(map_.to_enclave, gone_);
  const Bytes a = {1, 2, 3};
  const Bytes b = {4};
  ASSERT_EQ(writer.write(7, 99, {a, {}, b}), RingStep::kDone);
  ASSERT_EQ(writer.write(8, 100, {}), RingStep::kDone);
  Frame frame;
  ASSERT_EQ(reader.next(frame), RingStep::kDone);
  EXPECT_EQ(frame.type, 7);
  EXPECT_EQ(frame.id, 99u);
  EXPECT_EQ(to_bytes(frame.payload), (Bytes{1, 2, 3, 4}));
  ASSERT_EQ(reader.next(frame), RingStep::kDone);
  EXPECT_EQ(frame.type, 8);
  EXPECT_TRUE(frame.payload.empty());
  EXPECT_EQ(reader.try_next(frame), RingStep::kLater);
}

TEST_F(RingTest, LetsAPayloadBePutInItsPlace) {
  FrameWriter writer(map_.to_enclave, gone_);
  FrameReader reader(map_.to_enclave, gone_);
  std::size_t cut_count = 0;
  std::uint8_t next = 0;
  // Sizes that meet the ring's end in all ways, within headers too.
  for (std::size_t i = 0; i < 40; ++i) {
    const std::size_t size = i == 0 ? 0 : 300'000 + 16 * i + i % 3;
    ASSERT_EQ(writer.try_write_by(9, i, size, [](auto) { return false; }), RingStep::kLater);
    const auto fill = [&](std::span<const MutableByteView> parts) {
      cut_count += parts.size() == 2;
      std::size_t room = 0;
      for (const MutableByteView& part : parts) {
        room += part.size();
        for (std::uint8_t& byte : part) byte = next++;
      }
      EXPECT_EQ(room, size);
      return true;
    };
    std::uint8_t expected = next;
    ASSERT_EQ(writer.try_write_by(9, i, size, fill), RingStep::kDone);
    Frame frame;
    ASSERT_EQ(reader.next(frame), RingStep::kDone);
    ASSERT_EQ(frame.payload.size(), size);
    EXPECT_EQ(frame.id, i);
    for (const std::uint8_t byte : frame.payload) ASSERT_EQ(byte, expected++);
    ASSERT_EQ(reader.try_next(frame), RingStep::kLater) << "what was refused is not there";
  }
  EXPECT_GT(cut_count, 3u);
  const Bytes payload(kFramePayloadLimit);
  ASSERT_EQ(writer.try_write(1, 1, {payload}), RingStep::kDone);
  EXPECT_EQ(writer.try_write_by(1, 2, kFramePayloadLimit, [](auto) { return ADD_FAILURE(), true; }), RingStep::kLater);
}

TEST_F(RingTest, DirectionsAreIndependent) {
  FrameWriter down(map_.to_enclave, gone_);
  FrameReader up(map_.to_host, gone_);
  ASSERT_EQ(down.write(1, 0, {}), RingStep::kDone);
  Frame frame;
  EXPECT_EQ(up.try_next(frame), RingStep::kLater);
}

TEST_F(RingTest, SaysThatThePeerIsGoneInsteadOfWaiting) {
  FrameWriter writer(map_.to_enclave, gone_, 10);
  FrameReader reader(map_.to_enclave, gone_, 10);
  Frame frame;
  EXPECT_EQ(reader.next(frame), RingStep::kPeerGone);
  const Bytes payload(kFramePayloadLimit);
  ASSERT_EQ(writer.write(1, 1, {payload}), RingStep::kDone);
  EXPECT_EQ(writer.try_write(1, 2, {payload}), RingStep::kLater);
  EXPECT_EQ(writer.write(1, 2, {payload}), RingStep::kPeerGone);
}

TEST_F(RingTest, AClosedRingGivesWhatIsInItFirst) {
  FrameWriter writer(map_.to_enclave, gone_);
  FrameReader reader(map_.to_enclave, gone_);
  ASSERT_EQ(writer.write(5, 5, {}), RingStep::kDone);
  writer.close();
  Frame frame;
  EXPECT_EQ(reader.next(frame), RingStep::kDone);
  EXPECT_EQ(reader.next(frame), RingStep::kPeerGone);
}

TEST_F(RingTest, RefusesAHeadBeyondTheCapacity) {
  FrameReader reader(map_.to_enclave, gone_);
  poke(kHeadAt, kCapacity + 16);
  Frame frame;
  EXPECT_EQ(reader.next(frame), RingStep::kBroken);
  poke(kHeadAt, 0);
  EXPECT_EQ(reader.next(frame), RingStep::kBroken) << "a broken ring stays broken";
}

TEST_F(RingTest, RefusesAHeadThatIsNotAligned) {
  FrameReader reader(map_.to_enclave, gone_);
  poke(kHeadAt, 17);
  Frame frame;
  EXPECT_EQ(reader.next(frame), RingStep::kBroken);
}

TEST_F(RingTest, RefusesATailThatWasNeverWritten) {
  FrameWriter writer(map_.to_enclave, gone_);
  const Bytes payload(kFramePayloadLimit);
  ASSERT_EQ(writer.write(1, 1, {payload}), RingStep::kDone);
  poke(kTailAt, 4 * kCapacity);
  EXPECT_EQ(writer.write(1, 1, {payload}), RingStep::kBroken);
}

TEST_F(RingTest, RefusesATailThatMovesBack) {
  FrameWriter writer(map_.to_enclave, gone_);
  FrameReader reader(map_.to_enclave, gone_);
  const Bytes payload(kFramePayloadLimit);
  Frame frame;
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(writer.write(1, 1, {payload}), RingStep::kDone);
    ASSERT_EQ(reader.next(frame), RingStep::kDone);
  }
  poke(kTailAt, 16);
  RingStep step = RingStep::kDone;
  for (int i = 0; i < 3 && step == RingStep::kDone; ++i) step = writer.write(1, 1, {payload});
  EXPECT_EQ(step, RingStep::kBroken);
}

struct HeaderCase {
  std::uint32_t size;
  std::uint16_t zero;
};
class RingHeaderTest : public RingTest, public testing::WithParamInterface<HeaderCase> {};
TEST_P(RingHeaderTest, RefusesAHostileHeader) {
  FrameReader reader(map_.to_enclave, gone_);
  ByteArray<16> header{};
  std::memcpy(header.data(), &GetParam().size, 4);
  std::memcpy(header.data() + 6, &GetParam().zero, 2);
  std::memcpy(memory_ + kRingControlSize, header.data(), header.size());
  poke(kHeadAt, 32);
  Frame frame;
  EXPECT_EQ(reader.next(frame), RingStep::kBroken);
}
INSTANTIATE_TEST_SUITE_P(Ring, RingHeaderTest,
                         testing::Values(HeaderCase{17, 0}, HeaderCase{0xFFFFFFFF, 0}, HeaderCase{0xFFFFFFF0, 0},
                                         HeaderCase{kFramePayloadLimit + 1, 0}, HeaderCase{1, 1}));

TEST_F(RingTest, ReadsAPayloadOnce) {
  FrameWriter writer(map_.to_enclave, gone_);
  FrameReader reader(map_.to_enclave, gone_);
  const Bytes payload(64, 0xAA);
  ASSERT_EQ(writer.write(1, 1, {payload}), RingStep::kDone);
  Frame frame;
  ASSERT_EQ(reader.next(frame), RingStep::kDone);
  std::memset(memory_ + kRingControlSize, 0xBB, 128);
  EXPECT_EQ(to_bytes(frame.payload), payload) << "what the host changes later must not show";
}

TEST_F(RingTest, TwoThreadsCarryEverySizeAcrossTheWrap) {
  constexpr int kFrames = 4000;
  std::thread sender([&] {
    FutexWait wait;
    FrameWriter writer(map_.to_enclave, wait, 50);
    std::minstd_rand random(1);
    Bytes payload(200'000);
    for (int i = 0; i < kFrames; ++i) {
      const std::size_t size = random() % (i % 10 == 0 ? payload.size() : 300);
      std::memset(payload.data(), i & 0xFF, size);
      ASSERT_EQ(writer.write(static_cast<std::uint16_t>(i), static_cast<std::uint64_t>(i),
                             {ByteView(payload).first(size / 2), ByteView(payload).subspan(size / 2, size - size / 2)}),
                RingStep::kDone);
    }
    writer.close();
  });
  FutexWait wait;
  FrameReader reader(map_.to_enclave, wait, 50);
  std::minstd_rand random(1);
  Frame frame;
  for (int i = 0; i < kFrames; ++i) {
    const std::size_t size = random() % (i % 10 == 0 ? 200'000 : 300);
    ASSERT_EQ(reader.next(frame), RingStep::kDone);
    ASSERT_EQ(frame.id, static_cast<std::uint64_t>(i));
    ASSERT_EQ(frame.payload.size(), size);
    ASSERT_TRUE(equal(frame.payload, Bytes(size, static_cast<std::uint8_t>(i & 0xFF))));
  }
  EXPECT_EQ(reader.next(frame), RingStep::kPeerGone);
  sender.join();
}

TEST_F(RingTest, WakesOnlyASleeper) {
  FrameWriter writer(map_.to_enclave, gone_);
  ASSERT_EQ(writer.write(1, 1, {}), RingStep::kDone);
  EXPECT_EQ(gone_.wakes, 0);
}

}  // namespace
}  // namespace brume::abi
