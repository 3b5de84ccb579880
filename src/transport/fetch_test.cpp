#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <thread>

#include "transport/fetch_client.h"
#include "transport/fetch_server.h"

namespace brume::transport {
namespace {

std::shared_ptr<const UniqueFd> file_with(ByteView bytes) {
  auto file = std::make_shared<UniqueFd>(::memfd_create("fetch_test", MFD_CLOEXEC));
  EXPECT_EQ(::write(file->get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return file;
}

Bytes pattern(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + (i >> 8));
  return out;
}

// Serves chunks of 1000 bytes of one file; stream names are not known.
class OneFile final : public FetchProvider {
 public:
  explicit OneFile(ByteView bytes, std::uint32_t unit = 1000)
      : file_(file_with(bytes)), size_(bytes.size()), unit_(unit) {}
  std::expected<std::unique_ptr<FetchSource>, FetchFailure> open(const FetchRequest& request) override {
    ++asked;
    const auto* range = std::get_if<abi::InputRange>(&request);
    if (range == nullptr) return std::unexpected(FetchFailure::kNotFound);
    return make_unit_source({file_, 0, size_, unit_, range->first_chunk, range->chunk_count});
  }
  std::atomic<int> asked = 0;

 private:
  std::shared_ptr<const UniqueFd> file_;
  std::size_t size_;
  std::uint32_t unit_;
};

abi::InputRange chunks(std::uint64_t first, std::uint64_t count) {
  abi::InputRange range;
  range.first_chunk = first;
  range.chunk_count = count;
  return range;
}

struct Rig {
  explicit Rig(ByteView bytes, FetchServerOptions options = {}, std::uint32_t unit = 1000)
      : provider(bytes, unit),
        server(thread.loop(), provider, options),
        listener(Listener::open(thread.loop(), {.address = "127.0.0.1"}, nullptr, &server).value()) {}
  Endpoint endpoint() const { return {"127.0.0.1", listener->port()}; }

  LoopThread thread;
  OneFile provider;
  FetchServer server;
  std::unique_ptr<Listener> listener;
};

Result<Bytes> fetch_all(FetchClient& client, const Endpoint& peer, const FetchRequest& request) {
  Bytes out;
  BRUME_TRY(client.fetch(peer, request, [&](ByteView frame) {
    append(out, frame);
    return true;
  }));
  return out;
}

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

bool closed_without_answer(Rig& rig, ByteView sent) {
  const auto socket = connect_tcp(rig.endpoint(), Milliseconds(1000));
  if (!socket || !write_full(socket->get(), sent, Milliseconds(1000))) return false;
  std::uint8_t byte;
  const auto size = read_some(socket->get(), MutableByteView(&byte, 1), Milliseconds(3000));
  return size ? *size == 0 : size.error().what.find("silent") == std::string::npos;
}

TEST(FetchServer, ClosesOnNonsenseAndOnSlowRequests) {
  FetchServerOptions options;
  options.request_timeout = Milliseconds(100);
  Rig rig(pattern(1000), options);
  EXPECT_TRUE(closed_without_answer(rig, as_bytes("GET / HTTP/1.1\r\n\r\n")));
  EXPECT_TRUE(closed_without_answer(rig, as_bytes("BRM1\x01"))) << "control is not served here";
  EXPECT_TRUE(closed_without_answer(rig, as_bytes(std::string_view("BRM1\x02\0\0\0\0", 9))));
  EXPECT_TRUE(closed_without_answer(rig, as_bytes(std::string_view("BRM1\x02\0\0\1\0", 9))));
  EXPECT_TRUE(closed_without_answer(rig, as_bytes(std::string_view("BRM1\x02\5\0\0\0a", 10)))) << "half a request";
  EXPECT_EQ(rig.provider.asked, 0);
}

TEST(FetchServer, DropsAPeerThatTakesNothing) {
  FetchServerOptions options;
  options.stall_limit = Milliseconds(100);
  Rig rig(pattern(32 << 20), options, 65'552);
  const auto socket = connect_tcp(rig.endpoint(), Milliseconds(1000));
  ASSERT_TRUE(socket);
  Bytes sent = to_bytes(encode_preface(ConnectionKind::kFetch));
  append(sent, encode_fetch_request(chunks(0, 500)));
  ASSERT_TRUE(write_full(socket->get(), sent, Milliseconds(1000)));
  std::this_thread::sleep_for(Milliseconds(1500));
  Bytes buffer(1 << 20);
  std::size_t total = 0;
  for (;;) {
    const auto size = read_some(socket->get(), buffer, Milliseconds(2000));
    if (!size || *size == 0) break;
    total += *size;
  }
  EXPECT_LT(total, std::size_t{32 << 20});
}

// A connection from `address`, without a request, or with one for more than a socket holds, of which it takes nothing.
struct Stranger {
  Stranger(Rig& rig, const std::string& address, bool asks) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    far.reset(ends[1]);
    const Bytes request = asks ? encode_fetch_request(chunks(0, 500)) : Bytes();
    EXPECT_TRUE(write_full(ends[1], request, Milliseconds(1000)));
    rig.server.adopt(UniqueFd(ends[0]), address);
    rig.thread.loop().run_sync([] {});
  }
  bool closed() const {
    pollfd entry{far.get(), 0, 0};
    return ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLHUP) != 0;
  }
  UniqueFd far;
};

TEST(FetchServer, AFullServerAnswersWhoAsksInsteadOfWhoIsIdle) {
  FetchServerOptions options;
  options.connection_limit = 4;
  const Bytes data = pattern(32 << 20);
  Rig rig(data, options, 65'552);
  const Stranger busy(rig, "10.0.0.1", true);
  const Stranger first(rig, "10.0.0.1", false), second(rig, "10.0.0.1", false), third(rig, "10.0.0.1", false);
  EXPECT_FALSE(first.closed());
  const Stranger newcomer(rig, "10.0.0.1", true);
  EXPECT_TRUE(first.closed()) << "idle for longest";
  EXPECT_FALSE(second.closed());
  FetchClient client;
  EXPECT_EQ(fetch_all(client, rig.endpoint(), chunks(0, 1)), Bytes(data.begin(), data.begin() + 65'552));
  EXPECT_TRUE(second.closed());
  EXPECT_FALSE(third.closed() || busy.closed() || newcomer.closed());
}

TEST(FetchServer, IdleConnectionsShutNobodyOut) {
  FetchServerOptions options;
  options.connection_limit = 64;
  const Bytes data = pattern(3000);
  Rig rig(data, options);
  std::vector<UniqueFd> held;
  for (int i = 0; i < 100; ++i) {
    held.push_back(connect_tcp(rig.endpoint(), Milliseconds(1000)).value());
    ASSERT_TRUE(write_full(held.back().get(), encode_preface(ConnectionKind::kFetch), Milliseconds(1000)));
  }
  FetchClient client;
  EXPECT_EQ(fetch_all(client, rig.endpoint(), chunks(0, 3)), data);
}

TEST(FetchServer, TakesNoMoreConnectionsThanItsLimit) {
  FetchServerOptions options;
  options.connection_limit = 2;
  Rig rig(pattern(32 << 20), options, 65'552);
  const Stranger first(rig, "10.0.0.1", true), second(rig, "10.0.0.1", true);
  const Stranger same(rig, "10.0.0.1", true), other(rig, "10.0.0.2", true);
  EXPECT_TRUE(same.closed() && other.closed());
  EXPECT_FALSE(first.closed() || second.closed()) << "they are being answered";
}

TEST(FetchServer, WhoHasMoreThanItsShareMakesRoomForOthers) {
  FetchServerOptions options;
  options.connection_limit = 4;
  options.address_share = 2;
  Rig rig(pattern(32 << 20), options, 65'552);
  // One machine behind four IPv6 addresses.
  const Stranger first(rig, "2001:db8::1", true), second(rig, "2001:db8::2", true);
  const Stranger third(rig, "2001:db8::3", true), fourth(rig, "2001:db8::4", true);
  const Stranger fifth(rig, "2001:db8::5", true);
  EXPECT_TRUE(fifth.closed()) << "it has its share and more";
  const Stranger other(rig, "10.0.0.1", true);
  EXPECT_TRUE(first.closed()) << "stands still for longest";
  const Stranger another(rig, "10.0.0.2", true);
  EXPECT_TRUE(second.closed());
  const Stranger late(rig, "10.0.0.3", true);
  EXPECT_TRUE(late.closed()) << "nobody has more than the share";
  EXPECT_FALSE(third.closed() || fourth.closed() || other.closed() || another.closed());
}

TEST(FetchServer, WhoHasAskedMayBeIdleForLonger) {
  FetchServerOptions options;
  options.first_request_limit = Milliseconds(100);
  Rig rig(pattern(1000), options);
  EXPECT_TRUE(closed_without_answer(rig, encode_preface(ConnectionKind::kFetch)));
  const auto socket = connect_tcp(rig.endpoint(), Milliseconds(1000));
  ASSERT_TRUE(socket);
  Bytes sent = to_bytes(encode_preface(ConnectionKind::kFetch));
  for (int i = 0; i < 2; ++i) {
    append(sent, encode_fetch_request(chunks(0, 1)));
    ASSERT_TRUE(write_full(socket->get(), sent, Milliseconds(1000)));
    Bytes answer(4 + 1000 + 4);
    EXPECT_TRUE(read_full(socket->get(), answer, Milliseconds(1000)));
    std::this_thread::sleep_for(Milliseconds(1200));
    sent.clear();
  }
}

}  // namespace
}  // namespace brume::transport
