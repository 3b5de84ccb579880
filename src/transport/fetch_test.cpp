#include <sys/socket.h>

#include <functional>
#include <thread>

#include "transport/test_fetch.h"

namespace brume::transport {
namespace {

using namespace testing_fetch;

TEST(Fetch, GivesAllBytesOfARangeInWholeUnits) {
  const Bytes data = pattern(1'234'567);
  Rig rig(data);
  FetchClient client;
  EXPECT_EQ(fetch_all(client, rig.endpoint(), chunks(0, 1235)), data);
  EXPECT_EQ(fetch_all(client, rig.endpoint(), chunks(1234, 1)), Bytes(data.end() - 567, data.end()));
  std::size_t total = 0;
  ASSERT_TRUE(client.fetch(rig.endpoint(), chunks(10, 1000), [&](ByteView frame) {
    EXPECT_EQ(frame.size() % 1000, 0u);
    total += frame.size();
    return true;
  }));
  EXPECT_EQ(total, 1'000'000u);
}

TEST(Fetch, RefusalsNameTheReasonAndKeepTheConnection) {
  Rig rig(pattern(5000));
  FetchClient client;
  EXPECT_EQ(fetch_all(client, rig.endpoint(), chunks(0, 6)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(fetch_all(client, rig.endpoint(), chunks(5, 1)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(fetch_all(client, rig.endpoint(), chunks(~0ull, ~0ull)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(fetch_all(client, rig.endpoint(), abi::StreamPart{}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(fetch_all(client, rig.endpoint(), chunks(0, 0)).error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(fetch_all(client, rig.endpoint(), chunks(0, 5)));
}

TEST(Fetch, UsesAConnectionAgainAndSurvivesItsEnd) {
  const Bytes data = pattern(3000);
  FetchServerOptions options;
  options.idle_limit = Milliseconds(1);
  Rig rig(data, options);
  FetchClient client;
  for (int i = 0; i < 20; ++i) ASSERT_EQ(fetch_all(client, rig.endpoint(), chunks(0, 3)), data);
  std::this_thread::sleep_for(Milliseconds(1200));  // the server has closed the kept connection
  EXPECT_EQ(fetch_all(client, rig.endpoint(), chunks(0, 3)), data);
  EXPECT_EQ(rig.provider.asked, 21);
}

TEST(Fetch, ManyAtOnceAndOneSlowConsumer) {
  const Bytes data = pattern(8 << 20);
  Rig rig(data, {}, 65'552);
  FetchClient client;
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      Bytes out;
      const auto done = client.fetch(rig.endpoint(), chunks(0, 128), [&](ByteView frame) {
        if (i == 0) std::this_thread::sleep_for(Milliseconds(5));
        append(out, frame);
        return true;
      });
      if (done && out == data) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 8);
}

TEST(Fetch, TheConsumerMayEndIt) {
  Rig rig(pattern(4 << 20), {}, 65'552);
  FetchClient client;
  int frames = 0;
  const auto ended = client.fetch(rig.endpoint(), chunks(0, 64), [&](ByteView) { return ++frames < 2; });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kState);
  EXPECT_EQ(frames, 2);
}

TEST(Fetch, AClientThatLeavesCostsTheServerNoSignal) {
  Rig rig(pattern(4 << 20), {}, 65'552);
  for (int i = 0; i < 50; ++i) {
    FetchClient client;
    EXPECT_FALSE(client.fetch(rig.endpoint(), chunks(0, 64), [](ByteView) { return false; }));
  }
  FetchClient client;
  EXPECT_TRUE(fetch_all(client, rig.endpoint(), chunks(0, 1)));
}

TEST(Fetch, CancelEndsWhatWaits) {
  const auto listening = listen_tcp("127.0.0.1", 0);  // accepts by backlog, never answers
  ASSERT_TRUE(listening);
  FetchClient client;
  std::thread canceller([&] {
    std::this_thread::sleep_for(Milliseconds(50));
    client.cancel();
  });
  const auto ended = fetch_all(client, {"127.0.0.1", local_port(listening->get()).value()}, chunks(0, 1));
  canceller.join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kState);
}

// A peer that takes one request, answers as it likes, then closes.
Status fetch_from_hostile(const std::function<void(int socket)>& answer, FetchClientOptions options = {}) {
  const auto listening = listen_tcp("127.0.0.1", 0);
  std::thread peer([&] {
    UniqueFd socket;
    for (int i = 0; i < 1000 && !socket; ++i) {
      socket.reset(::accept4(listening->get(), nullptr, nullptr, SOCK_NONBLOCK));
      std::this_thread::sleep_for(Milliseconds(1));
    }
    Bytes request(kPrefaceSize + 4 + 33);
    (void)read_full(socket.get(), request, Milliseconds(1000));
    answer(socket.get());
  });
  FetchClient client(options);
  const auto done =
      client.fetch({"127.0.0.1", local_port(listening->get()).value()}, chunks(0, 1), [](ByteView) { return true; });
  peer.join();
  return done;
}

Error fetch_from_hostile(ByteView answer) {
  const auto done = fetch_from_hostile([&](int socket) { (void)write_full(socket, answer, Milliseconds(1000)); });
  return done ? Error{ErrorCode::kUsage, "taken"} : done.error();
}

TEST(Fetch, RefusesCutAndOversizedAnswers) {
  EXPECT_EQ(fetch_from_hostile(Bytes{1, 0, 0, 0, 42, 0, 0, 0, 0}).what, "taken");
  EXPECT_EQ(fetch_from_hostile(Bytes{}).code, ErrorCode::kUnavailable);
  EXPECT_EQ(fetch_from_hostile(Bytes{2, 0, 0, 0, 42}).code, ErrorCode::kUnavailable);
  EXPECT_EQ(fetch_from_hostile(Bytes{1, 0, 0, 0, 42}).code, ErrorCode::kUnavailable) << "without its end";
  EXPECT_EQ(fetch_from_hostile(Bytes{1, 0, 0x10, 0}).code, ErrorCode::kLimit);
  EXPECT_EQ(fetch_from_hostile(Bytes{255, 255, 255, 255, 9}).code, ErrorCode::kUnsupported);
}

// `piece` every 10 ms, until the other side has gone or long after it should have.
void drip(int socket, ByteView piece) {
  for (int i = 0; i < 1000 && write_full(socket, piece, Milliseconds(1000)); ++i) {
    std::this_thread::sleep_for(Milliseconds(10));
  }
}

FetchClientOptions impatient() {
  FetchClientOptions options;
  options.slow_limit = Milliseconds(300);
  options.least_bytes_s = 64u << 10;
  return options;
}

void expect_too_slow(const Status& done) {
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(done.error().what.find("the peer is too slow: "), std::string::npos) << done.error().what;
}

const Bytes kLargestFrame{0, 0, 0x10, 0};

TEST(Fetch, AFrameThatDripsEnds) {
  expect_too_slow(fetch_from_hostile(
      [](int socket) {
        (void)write_full(socket, kLargestFrame, Milliseconds(1000));
        drip(socket, Bytes{1});
      },
      impatient()));
}

TEST(Fetch, WholeFramesThatDripEnd) {
  expect_too_slow(fetch_from_hostile([](int socket) { drip(socket, Bytes{1, 0, 0, 0, 42}); }, impatient()));
}

TEST(Fetch, FastBytesAreNoCreditForADrip) {
  expect_too_slow(fetch_from_hostile(
      [](int socket) {
        Bytes frame = kLargestFrame;
        frame.resize(4 + kAnswerFrameLimit);
        for (int i = 0; i < 16; ++i) (void)write_full(socket, frame, Milliseconds(1000));
        drip(socket, Bytes{1, 0, 0, 0, 42});
      },
      impatient()));
}

TEST(Fetch, SteadyIsFastEnough) {
  FetchClientOptions options = impatient();
  options.least_bytes_s = 1000;
  const Status done = fetch_from_hostile(
      [](int socket) {
        Bytes frame{0, 16, 0, 0};
        frame.resize(4 + 4096);
        for (int i = 0; i < 50; ++i) {
          (void)write_full(socket, frame, Milliseconds(1000));
          std::this_thread::sleep_for(Milliseconds(20));
        }
        (void)write_full(socket, Bytes(4), Milliseconds(1000));
      },
      options);
  EXPECT_TRUE(done) << done.error().what;
}

TEST(Fetch, ASlowConsumerIsNotASlowPeer) {
  const Bytes data = pattern(16 << 20);
  Rig rig(data, {}, 65'552);
  FetchClientOptions options;
  options.slow_limit = Milliseconds(1000);
  options.least_bytes_s = 1u << 30;  // so that nearly no time is earned
  FetchClient client(options);
  std::size_t size = 0;
  const Status done = client.fetch(rig.endpoint(), chunks(0, 256), [&](ByteView frame) {
    std::this_thread::sleep_for(Milliseconds(40));
    size += frame.size();
    return true;
  });
  EXPECT_TRUE(done) << done.error().what;
  EXPECT_EQ(size, data.size());
}

}  // namespace
}  // namespace brume::transport
