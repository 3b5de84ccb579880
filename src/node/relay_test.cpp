// The relay between a fake enclave on the ring's other end and a fake master.
#include "node/relay.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <filesystem>

#include "base/writer.h"
#include "remote/testing/http_server.h"
#include "transport/control_server.h"
#include "transport/fetch_server.h"

namespace brume::node {
namespace {

using abi::ToEnclave;
using abi::ToHost;
using transport::Channel;
using transport::ConnectionId;

// A ring, and a process whose life stands for the enclave's.
class FakeEnclave final : public EnclaveHost {
 public:
  FakeEnclave() {
    const std::size_t size = abi::ring_file_size(abi::kRingCapacityLeast);
    memory_ = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    map_ = abi::map_ring(memory_, size).value();
    pid_ = ::fork();
    if (pid_ == 0) {
      for (;;) ::pause();
    }
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    wait_ = std::make_unique<abi::FutexWait>(pidfd_.get());
    reader = std::make_unique<abi::FrameReader>(map_.to_enclave, *wait_);
    writer = std::make_unique<abi::FrameWriter>(map_.to_host, *wait_);
  }
  ~FakeEnclave() override {
    end();
    ::waitpid(pid_, nullptr, 0);
  }
  abi::RingMap ring() const override { return map_; }
  int pidfd() const override { return pidfd_.get(); }
  const Bytes& qe_target_info() const override { return target_info_; }
  Result<Bytes> quote(ByteView report) override {
    if (report[0] == 0) return fail(ErrorCode::kUnavailable, "no such quote");
    return Bytes(5000, report[0]);
  }
  void end() override { (void)::kill(pid_, SIGKILL); }

  // The enclave's side.
  void say(ToHost type, std::uint64_t id, ByteView payload) {
    ASSERT_EQ(writer->write(static_cast<std::uint16_t>(type), id, {payload}), abi::RingStep::kDone);
  }
  struct Heard {
    ToEnclave type{};
    std::uint64_t id = 0;
    Bytes payload;
  };
  Heard hear() {
    abi::Frame frame;
    if (reader->next(frame) != abi::RingStep::kDone) return {};
    return {static_cast<ToEnclave>(frame.type), frame.id, to_bytes(frame.payload)};
  }
  // All of one fetch, other frames aside.
  Heard hear_fetch(std::uint64_t id) {
    Heard all;
    for (;;) {
      Heard one = hear();
      if (one.type == ToEnclave{}) return one;
      if (one.id != id) continue;
      if (one.type == ToEnclave::kFetchEnd || one.type == ToEnclave::kFetchFailed) {
        all.type = one.type;
        return all;
      }
      append(all.payload, one.payload);
    }
  }

  std::unique_ptr<abi::FrameReader> reader;
  std::unique_ptr<abi::FrameWriter> writer;

 private:
  void* memory_;
  abi::RingMap map_;
  pid_t pid_;
  UniqueFd pidfd_;
  std::unique_ptr<abi::FutexWait> wait_;
  Bytes target_info_ = Bytes(512, 3);
};

// Echoes the enclave's bytes, notes host messages, serves one input file.
class FakeMaster final : public transport::ControlHandler, public transport::FetchProvider {
 public:
  explicit FakeMaster(Bytes input)
      : input_(std::make_shared<UniqueFd>(::memfd_create("input", MFD_CLOEXEC))),
        size_(input.size()),
        control(thread.loop(), *this),
        fetches(thread.loop(), *this),
        listener(transport::Listener::open(thread.loop(), {.address = "127.0.0.1"}, &control, &fetches).value()) {
    (void)!::write(input_->get(), input.data(), input.size());
  }
  void on_connect(ConnectionId id, const std::string&) override { connection = id; }
  void on_message(ConnectionId id, Channel channel, ByteView payload) override {
    if (channel == Channel::kEnclave) {
      (void)control.send(id, channel, payload);
      return;
    }
    auto message = transport::parse_host_message(payload);
    ASSERT_TRUE(message);
    const std::lock_guard lock(mutex_);
    if (const auto* hello = std::get_if<transport::Hello>(&*message)) hello_ = *hello;
    if (const auto* log = std::get_if<transport::NodeLog>(&*message)) logs_.push_back(log->text);
    if (const auto* trouble = std::get_if<transport::InputTrouble>(&*message)) logs_.push_back(trouble->what);
    changed_.notify_all();
  }
  void on_close(ConnectionId, const Error&) override {}
  std::expected<std::unique_ptr<transport::FetchSource>, transport::FetchFailure> open(
      const transport::FetchRequest& request) override {
    const auto* range = std::get_if<abi::InputRange>(&request);
    if (range == nullptr) return std::unexpected(transport::FetchFailure::kNotFound);
    return transport::make_unit_source({input_, 0, size_, 65'552, range->first_chunk, range->chunk_count});
  }
  transport::Hello wait_hello() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(5), [&] { return hello_.has_value(); }));
    return hello_.value_or(transport::Hello{});
  }
  std::string wait_log() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(5), [&] { return !logs_.empty(); }));
    return logs_.empty() ? "" : logs_[0];
  }
  void tell(const transport::HostMessage& message) {
    EXPECT_TRUE(control.send(connection, Channel::kHost, transport::encode_host_message(message)));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<transport::Hello> hello_;
  std::vector<std::string> logs_;
  std::shared_ptr<UniqueFd> input_;
  std::size_t size_;

 public:
  std::atomic<ConnectionId> connection = 0;
  transport::LoopThread thread;
  transport::ControlServer control;
  transport::FetchServer fetches;
  std::unique_ptr<transport::Listener> listener;
};

Bytes pattern(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + (i >> 9));
  return out;
}

class RelayTest : public ::testing::Test {
 protected:
  explicit RelayTest() : input(pattern(40 * 65'552 + 123)), master(input), stop(::eventfd(0, EFD_CLOEXEC)) {
    std::string name = (std::filesystem::temp_directory_path() / "brume-relay-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    store = BlockStore::open(folder).value();
    options.master = {"127.0.0.1", master.listener->port()};
    options.name = "node-1";
    options.role = "mapper";
    options.connect_limit_s = 1;
    options.scratch_path = folder;
    relay = std::make_unique<Relay>(options, enclave, *store);
    runner = std::thread([this] { end = relay->run(stop.get()); });
  }
  ~RelayTest() override {
    ask_to_end();
    store.reset();
    std::filesystem::remove_all(folder);
  }
  void ask_to_end() {
    const std::uint64_t one = 1;
    (void)!::write(stop.get(), &one, sizeof one);
    join();
  }
  void join() {
    if (runner.joinable()) runner.join();
  }
  // What the master told before has arrived: an echo through it comes after that.
  bool has_heard_the_master() {
    enclave.say(ToHost::kNetOut, 0, as_bytes("sync"));
    return enclave.hear().type == ToEnclave::kNet;
  }
  static abi::StreamName name(std::uint32_t partition) {
    abi::StreamName out;
    out.run.bytes.fill(9);
    out.partition = partition;
    return out;
  }

  Bytes input;
  std::string folder;
  FakeEnclave enclave;
  FakeMaster master;
  UniqueFd stop;
  NodeOptions options;
  std::unique_ptr<BlockStore> store;
  std::unique_ptr<Relay> relay;
  std::thread runner;
  RelayEnd end{ExitCode::kUsage, ""};
};

TEST_F(RelayTest, SaysHelloAndStartsTheEnclave) {
  const auto hello = master.wait_hello();
  EXPECT_EQ(hello.name, "node-1");
  EXPECT_NE(hello.fetch_port, 0);
  enclave.say(ToHost::kReady, 0, {});
  const auto heard = enclave.hear();
  ASSERT_EQ(heard.type, ToEnclave::kStart);
  const auto start = abi::parse_start(heard.payload);
  ASSERT_TRUE(start);
  EXPECT_EQ(start->role, "mapper");
  EXPECT_EQ(start->tee, abi::Tee::kSgxSim);
  EXPECT_EQ(start->qe_target_info, Bytes(512, 3));
  ask_to_end();
  EXPECT_EQ(end.code, ExitCode::kAsked);
}

TEST_F(RelayTest, CarriesTheEnclavesTlsBytesBothWays) {
  const Bytes sent = pattern(300'000);
  for (std::size_t at = 0; at < sent.size(); at += 100'000) {
    enclave.say(ToHost::kNetOut, 0, ByteView(sent).subspan(at, 100'000));
  }
  Bytes back;
  while (back.size() < sent.size()) {
    const auto heard = enclave.hear();
    ASSERT_EQ(heard.type, ToEnclave::kNet);
    append(back, heard.payload);
  }
  EXPECT_EQ(back, sent);
}

TEST_F(RelayTest, FetchesSeveralInputsAtOnceWithASmallRing) {
  for (std::uint64_t id = 1; id <= 4; ++id) {
    abi::InputRange range;
    range.first_chunk = 0;
    range.chunk_count = 41;
    enclave.say(ToHost::kFetchInput, id, abi::encode_input_range(range));
  }
  std::map<std::uint64_t, Bytes> got;
  for (int ended = 0; ended < 4;) {
    const auto heard = enclave.hear();
    ASSERT_TRUE(heard.type == ToEnclave::kInput || heard.type == ToEnclave::kFetchEnd);
    if (heard.type == ToEnclave::kFetchEnd) {
      ++ended;
    } else {
      append(got[heard.id], heard.payload);
    }
  }
  for (std::uint64_t id = 1; id <= 4; ++id) EXPECT_EQ(got[id], input);
}

TEST_F(RelayTest, SaysWhyAFetchFailed) {
  abi::InputRange range;
  range.first_chunk = 41;
  range.chunk_count = 1;
  enclave.say(ToHost::kFetchInput, 5, abi::encode_input_range(range));
  EXPECT_EQ(enclave.hear_fetch(5).type, ToEnclave::kFetchFailed);
  enclave.say(ToHost::kFetchStream, 6, abi::encode_fetch_stream({{name(0)}, NodeId{77}}));
  EXPECT_EQ(enclave.hear_fetch(6).type, ToEnclave::kFetchFailed);
}

TEST_F(RelayTest, FetchesInputWhereItLiesAndTheRestFromTheMaster) {
  const std::string file = remote::testing::test_file(200 + 9 * transport::kSealedChunkSize + 16);
  remote::testing::HttpServer server(remote::testing::serve_file(file));
  const transport::InputPlace place{30, 10, 200, file.size(), transport::InputPlace::Kind::kUrl, server.url("/x")};
  (void)master.wait_hello();
  master.tell(transport::Inputs{RunId{}, {place}, {{40, 1}}, ""});
  ASSERT_TRUE(has_heard_the_master());
  abi::InputRange range;
  range.first_chunk = 28;
  range.chunk_count = 13;
  enclave.say(ToHost::kFetchInput, 1, abi::encode_input_range(range));
  Bytes expected = to_bytes(ByteView(input).subspan(28 * 65'552, 2 * 65'552));
  append(expected, as_bytes(std::string_view(file).substr(200)));
  append(expected, ByteView(input).subspan(40 * 65'552));
  const auto heard = enclave.hear_fetch(1);
  EXPECT_EQ(heard.type, ToEnclave::kFetchEnd);
  EXPECT_EQ(heard.payload, expected);
  EXPECT_GT(server.request_count(), 0);
}

TEST_F(RelayTest, SaysWhatIsWrongWithAPlace) {
  remote::testing::HttpServer server(
      [](const std::string&, remote::testing::Talk& talk) { return talk.send("HTTP/1.1 404 No\r\n\r\n"); });
  const transport::InputPlace place{0, 1, 0, 16, transport::InputPlace::Kind::kUrl, server.url("/x?secret")};
  (void)master.wait_hello();
  master.tell(transport::Inputs{RunId{}, {place}, {}, ""});
  ASSERT_TRUE(has_heard_the_master());
  abi::InputRange range;
  range.chunk_count = 1;
  enclave.say(ToHost::kFetchInput, 1, abi::encode_input_range(range));
  EXPECT_EQ(enclave.hear_fetch(1).type, ToEnclave::kFetchFailed);
  const std::string told = master.wait_log();
  EXPECT_NE(told.find("/x: the server answered 404"), std::string::npos) << told;
  EXPECT_EQ(told.find("secret"), std::string::npos);
}

TEST_F(RelayTest, EndsOnPlacesThatAreNone) {
  (void)master.wait_hello();
  const transport::InputPlace place{0, 1, 0, 16, transport::InputPlace::Kind::kUrl, "file:///etc/shadow"};
  master.tell(transport::Inputs{RunId{}, {place}, {}, ""});
  join();
  EXPECT_EQ(end.code, ExitCode::kMasterGone);
}

TEST_F(RelayTest, StoresStreamsAndServesThemToItselfAndOthers) {
  Bytes expected;
  for (int i = 0; i < 20; ++i) {
    const Bytes blocks = Writer().sized(pattern(200'000 + static_cast<std::size_t>(i))).take();
    Bytes payload = abi::encode_stream_name(name(1));
    append(payload, blocks);
    append(expected, blocks);
    enclave.say(ToHost::kPutBlock, 0, payload);
  }
  enclave.say(ToHost::kPutEnd, 0, abi::encode_stream_name(name(1)));
  const auto hello = master.wait_hello();
  // Node 2 stands for another node at the same address: its stream comes over a socket.
  master.tell(transport::Peers{NodeId{1}, {{NodeId{2}, {"127.0.0.1", hello.fetch_port}}}});
  ASSERT_TRUE(has_heard_the_master());
  for (const std::uint32_t holder : {1u, 2u}) {
    enclave.say(ToHost::kFetchStream, holder, abi::encode_fetch_stream({{name(1)}, NodeId{holder}}));
    const auto heard = enclave.hear_fetch(holder);
    EXPECT_EQ(heard.type, ToEnclave::kFetchEnd);
    EXPECT_EQ(heard.payload, expected);
  }
  // The master's drop removes it.
  master.tell(transport::DropRun{name(1).run});
  for (int i = 0; i < 100 && store->stored_size() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(store->stored_size(), 0u);
}

TEST_F(RelayTest, PrefetchesAndNeedsTheHolderNoMore) {
  const Bytes blocks = Writer().sized(pattern(200'000)).sized(pattern(70'000)).take();
  const auto hello = master.wait_hello();
  // The holder is this very node, by another address: what it serves is its own store.
  ASSERT_TRUE(store->put(name(1), blocks));
  ASSERT_TRUE(store->end(name(1)));
  const transport::Peers peers{
      NodeId{1}, {{NodeId{1}, {"127.0.0.2", hello.fetch_port}}, {NodeId{2}, {"127.0.0.1", hello.fetch_port}}}};
  master.tell(peers);
  master.tell(transport::Prefetch{name(1).run, NodeId{2}, 0, {}, {{1, blocks.size()}}});
  std::uint64_t size = 0;
  for (int i = 0; i < 500 && size < blocks.size(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    size = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder + "/prefetched"))
      size += file.file_size();
  }
  ASSERT_EQ(size, blocks.size());
  ASSERT_TRUE(has_heard_the_master());
  store->drop_stream(name(1));
  for (const std::uint64_t id : {1u, 2u}) {
    enclave.say(ToHost::kFetchStream, id, abi::encode_fetch_stream({{name(1)}, NodeId{2}}));
    const auto heard = enclave.hear_fetch(id);
    EXPECT_EQ(heard.type, ToEnclave::kFetchEnd);
    EXPECT_EQ(heard.payload, blocks);
  }
  // Others get what this node's enclave made, and nothing else.
  transport::FetchClient stranger;
  const Status served =
      stranger.fetch({"127.0.0.1", hello.fetch_port}, abi::StreamPart{name(1)}, [](ByteView) { return true; });
  EXPECT_EQ(served.error().code, ErrorCode::kNotFound);
  master.tell(transport::DropRun{name(1).run});
  ASSERT_TRUE(has_heard_the_master());
  enclave.say(ToHost::kFetchStream, 3, abi::encode_fetch_stream({{name(1)}, NodeId{2}}));
  EXPECT_EQ(enclave.hear_fetch(3).type, ToEnclave::kFetchFailed);
}

TEST_F(RelayTest, PrefetchesNothingFromItsOwnMachine) {
  const auto hello = master.wait_hello();
  const Bytes blocks = Writer().sized(pattern(200'000)).take();
  ASSERT_TRUE(store->put(name(1), blocks));
  ASSERT_TRUE(store->end(name(1)));
  master.tell(transport::Peers{
      NodeId{1}, {{NodeId{1}, {"127.0.0.1", hello.fetch_port}}, {NodeId{2}, {"127.0.0.1", hello.fetch_port}}}});
  master.tell(transport::Prefetch{name(1).run, NodeId{2}, 0, {}, {{1, blocks.size()}}});
  ASSERT_TRUE(has_heard_the_master());
  store->drop_stream(name(1));
  enclave.say(ToHost::kFetchStream, 1, abi::encode_fetch_stream({{name(1)}, NodeId{2}}));
  EXPECT_EQ(enclave.hear_fetch(1).type, ToEnclave::kFetchFailed);
}

TEST_F(RelayTest, StoringGoesOnWhileTheEnclaveTakesNothing) {
  // Two inputs of 2.6 MB fill the ring of 2 MiB; the enclave writes meanwhile and does not read.
  abi::InputRange range;
  range.chunk_count = 41;
  enclave.say(ToHost::kFetchInput, 1, abi::encode_input_range(range));
  enclave.say(ToHost::kFetchInput, 2, abi::encode_input_range(range));
  Bytes payload = abi::encode_stream_name(name(1));
  append(payload, Writer().sized(pattern(250'000)).take());
  for (int i = 0; i < 100; ++i) enclave.say(ToHost::kPutBlock, 0, payload);
  EXPECT_EQ(enclave.hear_fetch(1).type, ToEnclave::kFetchEnd);
}

TEST_F(RelayTest, QuotesOrSaysWhyNot) {
  Bytes report(abi::kReportSize, 7);
  enclave.say(ToHost::kQuoteRequest, 11, report);
  auto heard = enclave.hear();
  EXPECT_EQ(heard.type, ToEnclave::kQuote);
  EXPECT_EQ(heard.id, 11u);
  EXPECT_EQ(heard.payload, Bytes(5000, 7));
  report[0] = 0;
  enclave.say(ToHost::kQuoteRequest, 12, report);
  heard = enclave.hear();
  EXPECT_EQ(heard.type, ToEnclave::kQuoteRefused);
  EXPECT_EQ(heard.id, 12u);
  EXPECT_EQ(as_chars(heard.payload), "no such quote");
}

TEST_F(RelayTest, LogLinesArePrintableAndReachTheMaster) {
  enclave.say(ToHost::kLog, 0, as_bytes("ready\x1b[31m\n"));
  EXPECT_EQ(master.wait_log(), "ready?[31m?");
}

TEST_F(RelayTest, EndsWhenTheEnclaveDiesEvenWithAFullRing) {
  abi::InputRange range;
  range.chunk_count = 41;
  enclave.say(ToHost::kFetchInput, 1, abi::encode_input_range(range));
  enclave.say(ToHost::kFetchInput, 2, abi::encode_input_range(range));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  enclave.end();
  join();
  EXPECT_EQ(end.code, ExitCode::kEnclaveEnded);
}

TEST_F(RelayTest, EndsWhenTheMasterGoes) {
  (void)master.wait_hello();
  master.control.close(master.connection);
  join();
  EXPECT_EQ(end.code, ExitCode::kMasterGone);
}

TEST_F(RelayTest, EndsOnBye) {
  (void)master.wait_hello();
  master.tell(transport::Bye{"all done"});
  join();
  EXPECT_EQ(end.code, ExitCode::kAsked);
  EXPECT_NE(end.what.find("all done"), std::string::npos);
}

TEST_F(RelayTest, EndsAfterTheEnclaveClosedItsConnection) {
  (void)master.wait_hello();
  enclave.say(ToHost::kNetShutdown, 0, {});
  join();
  EXPECT_EQ(end.code, ExitCode::kMasterGone);
}

TEST_F(RelayTest, EndsOnFramesThatNobodyKnows) {
  (void)master.wait_hello();
  enclave.say(static_cast<ToHost>(99), 0, {});
  join();
  EXPECT_EQ(end.code, ExitCode::kEnclaveEnded);
}

TEST_F(RelayTest, EndsOnAMalformedPut) {
  (void)master.wait_hello();
  enclave.say(ToHost::kPutBlock, 0, as_bytes("short"));
  join();
  EXPECT_EQ(end.code, ExitCode::kEnclaveEnded);
}

TEST(Relay, GivesUpOnAnAbsentMaster) {
  FakeEnclave enclave;
  const auto listening = transport::listen_tcp("127.0.0.1", 0);
  NodeOptions options;
  options.master = {"127.0.0.1", transport::local_port(listening->get()).value()};
  const_cast<UniqueFd&>(*listening).reset();
  options.name = "n";
  options.connect_limit_s = 1;
  std::string folder = (std::filesystem::temp_directory_path() / "brume-relay-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  options.scratch_path = folder;
  const auto store = BlockStore::open(folder).value();
  Relay relay(options, enclave, *store);
  const UniqueFd stop(::eventfd(0, 0));
  EXPECT_EQ(relay.run(stop.get()).code, ExitCode::kNoMaster);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace brume::node
