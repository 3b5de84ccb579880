#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "transport/test_fetch.h"

namespace brume::transport {
namespace {

using namespace testing_fetch;

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

// Slow after less than half a second; a server looks twice a second.
FetchServerOptions impatient_server(std::size_t connection_limit) {
  FetchServerOptions options;
  options.connection_limit = connection_limit;
  options.address_share = 2;
  options.slow_limit = Milliseconds(400);
  options.least_bytes_s = 64u << 10;
  return options;
}
constexpr Milliseconds kLongEnough{1'300};

// So many bytes every 10 ms, to the end of its life.
std::jthread taking(const Stranger& stranger, std::size_t size) {
  return std::jthread([&stranger, size](const std::stop_token& stop) {
    Bytes buffer(size);
    while (!stop.stop_requested() && read_full(stranger.far.get(), buffer, Milliseconds(1000))) {
      std::this_thread::sleep_for(Milliseconds(10));
    }
  });
}

TEST(FetchServer, WhoTakesAnAnswerDropByDropGivesWayInAFullServer) {
  Rig rig(pattern(32 << 20), impatient_server(4), 65'552);
  const Stranger drip(rig, "10.0.0.1", true), still(rig, "10.0.0.1", true);
  const Stranger steady(rig, "10.0.0.2", true), other(rig, "10.0.0.2", true);
  const Stranger early(rig, "10.0.0.3", true);
  EXPECT_TRUE(early.closed()) << "nobody is slow yet, and nobody has more than the share";
  const std::jthread takers[] = {taking(drip, 1), taking(steady, 64u << 10), taking(other, 64u << 10)};
  std::this_thread::sleep_for(kLongEnough);
  const Stranger first(rig, "10.0.0.3", true), second(rig, "10.0.0.4", true);
  EXPECT_TRUE(still.closed() && drip.closed());
  const Stranger third(rig, "10.0.0.5", true);
  EXPECT_TRUE(third.closed()) << "all that are left are fast enough, or have just begun";
  EXPECT_FALSE(steady.closed() || other.closed() || first.closed() || second.closed());
}

TEST(FetchServer, OfTheSlowTheAddressWithMostOfThemGivesWayFirst) {
  Rig rig(pattern(32 << 20), impatient_server(5), 65'552);
  const Stranger computing(rig, "10.0.0.1", true);
  const Stranger a(rig, "10.0.0.2", true), b(rig, "10.0.0.2", true);
  const Stranger c(rig, "10.0.0.3", true), d(rig, "10.0.0.3", true);
  std::this_thread::sleep_for(kLongEnough);
  const Stranger first(rig, "10.0.0.4", true), second(rig, "10.0.0.5", true);
  EXPECT_TRUE(a.closed() && c.closed());
  EXPECT_FALSE(computing.closed());
  const Stranger more(rig, "10.0.0.3", true);
  EXPECT_TRUE(d.closed()) << "its own one";
  EXPECT_FALSE(computing.closed() || b.closed());
}

TEST(FetchServer, WhoTakesNothingForLongIsKeptWhileThereIsRoom) {
  const Bytes data = pattern(8 << 20);
  Rig rig(data, impatient_server(2), 65'552);
  FetchClient client;
  Bytes out;
  const Status done = client.fetch(rig.endpoint(), chunks(0, 128), [&](ByteView frame) {
    if (out.empty()) std::this_thread::sleep_for(kLongEnough);
    append(out, frame);
    return true;
  });
  EXPECT_TRUE(done) << done.error().what;
  EXPECT_EQ(out, data);
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
