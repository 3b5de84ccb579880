#include <gtest/gtest.h>

#include <condition_variable>
#include <thread>

#include "transport/control_connection.h"
#include "transport/control_server.h"

namespace brume::transport {
namespace {

class Recorder final : public ControlHandler {
 public:
  void on_connect(ConnectionId connection, const std::string&) override { note(connects_, connection); }
  void on_message(ConnectionId connection, Channel channel, ByteView payload) override {
    if (echo != nullptr) (void)echo->send(connection, channel, payload);
    const std::lock_guard lock(mutex_);
    size_ += payload.size();
    last_ = std::string(as_chars(payload));
    changed_.notify_all();
  }
  void on_close(ConnectionId connection, const Error& why) override {
    why_ = why;
    note(closes_, connection);
  }
  template <typename Test>
  bool wait(Test test) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(5), test);
  }
  bool wait_connected(std::size_t count = 1) {
    return wait([&] { return connects_.size() >= count; });
  }
  bool wait_closed() {
    return wait([&] { return !closes_.empty(); });
  }
  ConnectionId first() { return connects_.at(0); }
  std::size_t size_ = 0;
  std::string last_;
  Error why_;
  ControlServer* echo = nullptr;

 private:
  void note(std::vector<ConnectionId>& list, ConnectionId connection) {
    const std::lock_guard lock(mutex_);
    list.push_back(connection);
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ConnectionId> connects_, closes_;
};

struct Rig {
  explicit Rig(ControlOptions options = {})
      : server(thread.loop(), recorder, options),
        listener(Listener::open(thread.loop(), {.address = "127.0.0.1"}, &server, nullptr).value()) {}
  Endpoint endpoint() const { return {"127.0.0.1", listener->port()}; }
  auto connect(ControlConnectOptions options = {}) { return ControlConnection::connect(endpoint(), options); }

  LoopThread thread;
  Recorder recorder;
  ControlServer server;
  std::unique_ptr<Listener> listener;
};

TEST(Control, CarriesMessagesBothWaysWhole) {
  Rig rig;
  rig.recorder.echo = &rig.server;
  auto connection = rig.connect().value();
  Bytes large(3u << 20);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i * 31);
  Bytes back;
  std::string host;
  std::thread reader([&] {
    (void)connection->read_until_end([&](Channel channel, ByteView payload) {
      if (channel == Channel::kEnclave) append(back, payload);
      if (channel == Channel::kHost) host = as_chars(payload);
      if (channel == Channel::kHost) connection->shut_down();
    });
  });
  ASSERT_TRUE(connection->send(Channel::kEnclave, large));
  ASSERT_TRUE(connection->send(Channel::kHost, as_bytes("{\"type\":\"hello\"}")));
  reader.join();
  EXPECT_EQ(back, large);
  EXPECT_EQ(host, "{\"type\":\"hello\"}");
  EXPECT_TRUE(rig.recorder.wait_closed());
  EXPECT_EQ(rig.server.connection_count(), 0u);
}

TEST(Control, CloseSendsWhatIsQueuedFirst) {
  Rig rig;
  auto connection = rig.connect().value();
  ASSERT_TRUE(rig.recorder.wait_connected());
  const Bytes large(4u << 20, 5);
  EXPECT_TRUE(rig.server.send(rig.recorder.first(), Channel::kEnclave, large));
  rig.server.close(rig.recorder.first());
  EXPECT_FALSE(rig.server.send(rig.recorder.first(), Channel::kEnclave, large));
  std::size_t got = 0;
  const Error end = connection->read_until_end([&](Channel, ByteView payload) { got += payload.size(); });
  EXPECT_EQ(got, large.size());
  EXPECT_EQ(end.code, ErrorCode::kUnavailable);
  EXPECT_TRUE(rig.recorder.wait_closed());
}

TEST(Control, KeepsTwoOfTheLargestMessagesForASlowPeer) {
  Rig rig;
  auto connection = rig.connect().value();
  ASSERT_TRUE(rig.recorder.wait_connected());
  const Bytes message((12u << 20) + (1u << 19));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(rig.server.send(rig.recorder.first(), Channel::kEnclave, message));
  std::size_t got = 0;
  rig.server.close(rig.recorder.first());
  (void)connection->read_until_end([&](Channel, ByteView payload) { got += payload.size(); });
  EXPECT_EQ(got, 2 * message.size());
}

TEST(Control, EndsAPeerWhoseQueueIsFull) {
  ControlOptions options;
  options.queue_limit = 1u << 20;
  Rig rig(options);
  auto connection = rig.connect().value();
  ASSERT_TRUE(rig.recorder.wait_connected());
  const Bytes piece(256u << 10);
  bool accepted = true;
  for (int i = 0; i < 200 && accepted; ++i) accepted = rig.server.send(rig.recorder.first(), Channel::kEnclave, piece);
  EXPECT_FALSE(accepted);
  ASSERT_TRUE(rig.recorder.wait_closed());
  EXPECT_EQ(rig.recorder.why_.code, ErrorCode::kLimit);
}

TEST(Control, HeartbeatsKeepASilentMasterAliveForTheNode) {
  ControlOptions options;
  options.heartbeat_interval = Milliseconds(100);
  options.idle_limit = Milliseconds(60'000);
  Rig rig(options);
  auto connection = rig.connect({.idle_limit = Milliseconds(1500)}).value();
  std::atomic<bool> ended = false;
  std::thread reader([&] {
    (void)connection->read_until_end([](Channel, ByteView) {});
    ended = true;
  });
  std::this_thread::sleep_for(Milliseconds(2500));
  EXPECT_FALSE(ended);
  connection->shut_down();
  reader.join();
}

TEST(Control, EndsANodeThatIsSilent) {
  ControlOptions options;
  options.idle_limit = Milliseconds(300);
  Rig rig(options);
  auto connection = rig.connect().value();
  ASSERT_TRUE(rig.recorder.wait_closed());
  EXPECT_EQ(rig.recorder.why_.code, ErrorCode::kUnavailable);
}

TEST(Control, EndsANodeThatSendsNonsense) {
  Rig rig;
  const auto socket = connect_tcp(rig.endpoint(), Milliseconds(1000));
  ASSERT_TRUE(socket);
  Bytes sent = to_bytes(encode_preface(ConnectionKind::kControl));
  append(sent, Bytes{255, 255, 255, 255, 0});
  ASSERT_TRUE(write_full(socket->get(), sent, Milliseconds(1000)));
  ASSERT_TRUE(rig.recorder.wait_closed());
  EXPECT_EQ(rig.recorder.why_.code, ErrorCode::kLimit);
}

TEST(Control, AFullMasterSaysSoAndHasAPlaceLater) {
  ControlOptions options;
  options.connection_limit = 1;
  Rig rig(options);
  auto connection = rig.connect().value();
  const auto refused = rig.connect();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what, "control: the master closed at once: it has no place for more nodes");
  connection->shut_down();
  ASSERT_TRUE(rig.recorder.wait_closed());
  EXPECT_TRUE(rig.connect());
}

TEST(Control, ManySendersDoNotMixTheirFrames) {
  Rig rig;
  auto connection = rig.connect().value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) ASSERT_TRUE(connection->send(Channel::kEnclave, Bytes(100, 1)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(rig.recorder.wait([&] { return rig.recorder.size_ == 4u * 500 * 100; }));
}

}  // namespace
}  // namespace brume::transport
