#include "transport/socket.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace brume::transport
