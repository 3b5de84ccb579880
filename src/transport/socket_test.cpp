#include "transport/socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <thread>

namespace brume::transport {
namespace {

TEST(Endpoints, AreHostAndPort) {
  EXPECT_EQ(parse_endpoint("master.local:7000"), (Endpoint{"master.local", 7000}));
  EXPECT_EQ(parse_endpoint("[fe80::1]:1"), (Endpoint{"fe80::1", 1}));
  EXPECT_EQ(parse_endpoint("[fe80::1]:1")->text(), "[fe80::1]:1");
  for (const char* bad : {"", "a", "a:", ":1", "a:0", "a:65536", "a:1x", "a b:1", "::1:2", "a/b:1", "[]:1", "a:-1"}) {
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
  }
}

TEST(Sockets, ConnectSaysThatNobodyListens) {
  const auto listening = listen_tcp("127.0.0.1", 0);
  ASSERT_TRUE(listening);
  const std::uint16_t port = local_port(listening->get()).value();
  ASSERT_TRUE(connect_tcp({"127.0.0.1", port}, Milliseconds(1000)));
  const_cast<UniqueFd&>(*listening).reset();
  const auto refused = connect_tcp({"127.0.0.1", port}, Milliseconds(1000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
}

TEST(Sockets, AReadEndsWhenThePeerIsSilent) {
  const auto listening = listen_tcp("127.0.0.1", 0);
  ASSERT_TRUE(listening);
  const auto socket = connect_tcp({"127.0.0.1", local_port(listening->get()).value()}, Milliseconds(1000));
  ASSERT_TRUE(socket);
  std::uint8_t byte;
  const auto silent = read_full(socket->get(), MutableByteView(&byte, 1), Milliseconds(20));
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, ErrorCode::kUnavailable);
}

TEST(Patience, OnlyWaitingUsesItUpAndBytesGiveItBack) {
  using std::chrono::seconds;
  Patience patience(seconds(20), seconds(30), 1000);
  EXPECT_EQ(patience.left(), seconds(20)) << "for a byte";
  patience.waited(seconds(15));
  EXPECT_EQ(patience.left(), seconds(15));
  patience.came(2000);
  EXPECT_EQ(patience.left(), seconds(17));
  patience.waited(seconds(17));
  EXPECT_EQ(patience.left(), seconds(0));
  EXPECT_EQ(patience.error().what, "receive: the peer is too slow: 2000 bytes in 32 s");
}

TEST(Patience, HasNoMoreThanItHadHoweverMuchCame) {
  using std::chrono::seconds;
  Patience patience(seconds(30), seconds(30), 1000);
  patience.came(1 << 30);
  patience.waited(seconds(29));
  EXPECT_EQ(patience.left(), seconds(1));
  patience.came(1 << 30);
  EXPECT_EQ(patience.left(), seconds(30));
  EXPECT_EQ(patience.error().what, "receive: the peer is silent for too long");
}

TEST(Patience, WithoutALeastRateIsForEachByte) {
  Patience patience(Milliseconds(20));
  patience.waited(std::chrono::hours(1));
  EXPECT_EQ(patience.left(), Milliseconds(20));
}

struct Pair {
  UniqueFd near, far;
};
Pair connected() {
  const auto listening = listen_tcp("127.0.0.1", 0).value();
  Pair out;
  out.near = connect_tcp({"127.0.0.1", local_port(listening.get()).value()}, Milliseconds(1000)).value();
  out.far.reset(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
  tune_socket(out.far.get());
  return out;
}

TEST(Sockets, AReadOfManyBytesTakesThemHoweverTheyCome) {
  const Pair pair = connected();
  Bytes sent(400'000);
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::uint8_t>(i % 251);
  std::thread peer([&] {
    ByteView left = sent;
    for (const std::size_t size : {1u, 2u, 1000u, 99'997u, 200'000u, 99'000u}) {
      EXPECT_TRUE(write_full(pair.far.get(), left.first(size), Milliseconds(1000)));
      left = left.subspan(size);
      std::this_thread::sleep_for(Milliseconds(size == 1000 ? 450 : 20));
    }
  });
  Bytes got(sent.size());
  EXPECT_TRUE(read_full(pair.near.get(), got, Milliseconds(5000)));
  peer.join();
  EXPECT_EQ(got, sent);
  // What was waited for before does not delay what is small, nor hide that no more comes.
  ASSERT_TRUE(write_full(pair.far.get(), ByteView(sent).first(3), Milliseconds(1000)));
  EXPECT_EQ(read_some(pair.near.get(), got, Milliseconds(1000)).value(), 3u);
  ASSERT_TRUE(write_full(pair.far.get(), ByteView(sent).first(3), Milliseconds(1000)));
  const auto silent = read_full(pair.near.get(), got, Milliseconds(250));
  ASSERT_FALSE(silent);
  EXPECT_NE(silent.error().what.find("silent"), std::string::npos);
}

TEST(Sockets, DoNotPaceWithinAHost) {
  const Pair pair = connected();
  char name[16] = {};
  socklen_t size = sizeof name;
  ASSERT_EQ(::getsockopt(pair.far.get(), IPPROTO_TCP, TCP_CONGESTION, name, &size), 0);
  EXPECT_STREQ(name, "reno");
}

}  // namespace
}  // namespace brume::transport
