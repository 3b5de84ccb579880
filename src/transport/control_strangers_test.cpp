#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

#include "transport/control_server.h"

namespace brume::transport {
namespace {

// Whose messages came, in their order; all on the loop's thread.
class Listed final : public ControlHandler {
 public:
  void on_connect(ConnectionId connection, const std::string& address) override { addresses[connection] = address; }
  void on_message(ConnectionId connection, Channel, ByteView) override { said.push_back(addresses.at(connection)); }
  void on_close(ConnectionId, const Error& why) override { whys.push_back(why.what); }
  std::map<ConnectionId, std::string> addresses;
  std::vector<std::string> said;
  std::vector<std::string> whys;
};

class Strangers : public ::testing::Test {
 protected:
  void open(ControlOptions options = {}) { server.emplace(thread.loop(), listed, options); }

  // A connection from there that has sent so many messages already.
  UniqueFd connect(const std::string& address, int messages = 0) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends), 0);
    for (int i = 0; i < messages; ++i) say(ends[1]);
    server->adopt(UniqueFd(ends[0]), address);
    return UniqueFd(ends[1]);
  }
  static void say(int far) {
    Bytes frame = to_bytes(encode_control_header(Channel::kHost, 2));
    append(frame, as_bytes("{}"));
    EXPECT_TRUE(write_full(far, frame, Milliseconds(1000)));
  }
  template <typename Test>
  bool wait(Test test) {
    for (int i = 0; i < 2000; ++i) {
      bool fine = false;
      thread.loop().run_sync([&] { fine = test(); });
      if (fine) return true;
      std::this_thread::sleep_for(Milliseconds(5));
    }
    return false;
  }
  bool wait_announced(std::size_t count) {
    return wait([&] { return listed.addresses.size() == count; });
  }
  ConnectionId first_of(const std::string& address) {
    for (const auto& [id, from] : listed.addresses) {
      if (from == address) return id;
    }
    return 0;
  }
  static bool closed(const UniqueFd& far) {
    pollfd entry{far.get(), 0, 0};
    return ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLHUP) != 0;
  }

  LoopThread thread;
  Listed listed;
  std::optional<ControlServer> server;
};

TEST_F(Strangers, OneAddressMakesAnotherWaitForOneTurnAtATime) {
  open();
  std::vector<UniqueFd> held;
  // All at once: the loop waits until they are there.
  thread.loop().run_sync([&] {
    for (int i = 0; i < 200; ++i) held.push_back(connect("10.0.0.1", 1));
    held.push_back(connect("10.0.0.2", 1));
  });
  ASSERT_TRUE(wait([&] { return listed.said.size() == 201; }));
  const auto place = std::ranges::find(listed.said, "10.0.0.2") - listed.said.begin();
  EXPECT_LE(place, 4);
}

TEST_F(Strangers, WhoHasJoinedWaitsForNoneOfThem) {
  open();
  const UniqueFd node = connect("10.0.0.1");
  ASSERT_TRUE(wait_announced(1));
  std::vector<UniqueFd> held;
  thread.loop().run_sync([&] {
    server->joined(first_of("10.0.0.1"));
    for (int i = 0; i < 200; ++i) held.push_back(connect("10.0.0." + std::to_string(2 + i), 1));
    say(node.get());
  });
  ASSERT_TRUE(wait([&] { return listed.said.size() == 201; }));
  EXPECT_EQ(listed.said.front(), "10.0.0.1");
}

TEST_F(Strangers, AThousandAtOneAddressAllHaveAPlace) {
  open();
  std::vector<UniqueFd> held;
  for (int i = 0; i < 1000; ++i) held.push_back(connect("10.0.0.1", 2));
  EXPECT_TRUE(wait([&] { return listed.said.size() == 2000; }));
  EXPECT_EQ(server->connection_count(), 1000u);
}

TEST_F(Strangers, AtAnAddressWithMoreThanItsShareTheyMakeRoomForOthers) {
  ControlOptions options;
  options.connection_limit = 5;
  options.address_share = 2;
  open(options);
  const UniqueFd node = connect("10.0.0.1");
  ASSERT_TRUE(wait_announced(1));
  thread.loop().run_sync([&] { server->joined(first_of("10.0.0.1")); });
  const UniqueFd a = connect("10.0.0.1"), b = connect("10.0.0.1"), c = connect("10.0.0.1"), d = connect("10.0.0.1");
  ASSERT_TRUE(wait_announced(5));
  const UniqueFd same = connect("10.0.0.1");
  EXPECT_TRUE(wait([&] { return closed(same); })) << "it has its share and more";
  const UniqueFd other = connect("10.0.0.2");
  EXPECT_TRUE(wait([&] { return closed(a); })) << "the first of them that has not joined";
  const UniqueFd another = connect("10.0.0.3");
  EXPECT_TRUE(wait([&] { return closed(b); }));
  const UniqueFd late = connect("10.0.0.4");
  EXPECT_TRUE(wait([&] { return closed(late); })) << "nobody has more than the share";
  EXPECT_FALSE(closed(node) || closed(c) || closed(d) || closed(other) || closed(another));
  std::vector<std::string> whys;
  thread.loop().run_sync([&] { whys = listed.whys; });
  ASSERT_EQ(whys.size(), 2u);
  EXPECT_EQ(whys[0], "control: many at this address have not joined, and others need the place");
}

TEST_F(Strangers, WhoLeavesBeforeItsTurnCostsNone) {
  open();
  thread.loop().run_sync([&] {
    for (int i = 0; i < 100; ++i) (void)connect("10.0.0.1", 1);
  });
  EXPECT_TRUE(wait([&] { return server->connection_count() == 0; }));
  thread.loop().run_sync([&] { EXPECT_LE(listed.said.size(), 1u) << "the first one may have had its turn already"; });
}

}  // namespace
}  // namespace brume::transport
