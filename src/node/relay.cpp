#include "node/relay.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <cstdio>

#include "transport/fetch_server.h"

namespace brume::node {
namespace {

using transport::Milliseconds;

// More threads than this do not make a two-core host faster; each holds a 1 MiB frame.
constexpr std::size_t kFetchThreadLimit = 16;
// A reduce task may ask for all its splits at once.
constexpr std::size_t kFetchQueueLimit = 1u << 16;
constexpr std::size_t kQuoteQueueLimit = 16;
constexpr Milliseconds kHeartbeatInterval{4'000};
// After the enclave closed its connection, the master's reason may still be on its way.
constexpr int kNetShutdownGraceMs = 1'000;

}  // namespace

void log_line(std::string_view text) {
  const std::string line = "brume-node: " + std::string(text) + "\n";
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

Relay::Relay(const NodeOptions& options, EnclaveHost& enclave, BlockStore& store)
    : options_(options),
      enclave_(enclave),
      store_(store),
      write_wait_(enclave.pidfd()),
      read_wait_(enclave.pidfd()),
      writer_(enclave.ring().to_enclave, write_wait_),
      reader_(enclave.ring().to_host, read_wait_),
      inputs_(options.shares),
      prefetched_(options.scratch_path + "/prefetched", fetch_client_, {.size = options.prefetch_limit()}),
      fetches_(kFetchThreadLimit, kFetchQueueLimit),
      quotes_(1, kQuoteQueueLimit),
      end_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Relay::end_with(ExitCode code, std::string what) {
  const std::lock_guard lock(mutex_);
  if (end_) return;
  end_ = RelayEnd{code, std::move(what)};
  const std::uint64_t one = 1;
  (void)!::write(end_event_.get(), &one, sizeof one);
}

namespace {

// Serves what the store holds; input is the master's to serve.
class StoreProvider final : public transport::FetchProvider {
 public:
  explicit StoreProvider(BlockStore& store) : store_(store) {}
  std::expected<std::unique_ptr<transport::FetchSource>, transport::FetchFailure> open(
      const transport::FetchRequest& request) override {
    const auto* part = std::get_if<abi::StreamPart>(&request);
    if (part == nullptr) return std::unexpected(transport::FetchFailure::kNotFound);
    return store_.open_stream(*part);
  }

 private:
  BlockStore& store_;
};

}  // namespace

RelayEnd Relay::run(int stop_fd, const std::function<void(const RelayEnd&)>& on_ending) {
  transport::LoopThread loop;
  StoreProvider provider(store_);
  transport::FetchServer server(loop.loop(), provider);
  const auto listener = transport::Listener::open(loop.loop(), {.port = options_.listen_port}, nullptr, &server);
  if (!listener) return {ExitCode::kHostFailed, listener.error().what};

  auto control = connect_master(stop_fd);
  if (!control) return {ExitCode::kNoMaster, control.error().what};
  control_ = std::move(*control);
  tell_master(transport::Hello{options_.name, options_.role, (*listener)->port()});

  std::thread enclave_reader([this] { read_enclave(); });
  std::thread control_reader([this] { read_control(); });
  std::jthread heartbeats([this](const std::stop_token& stop) { send_heartbeats(stop); });
  RelayEnd end = wait_for_end(stop_fd);
  if (on_ending) on_ending(end);
  wind_down(end);
  inputs_.stop();
  heartbeats.request_stop();
  control_reader.join();
  enclave_reader.join();
  prefetched_.stop();
  fetches_.stop();
  quotes_.stop();
  return end;
}

Result<std::unique_ptr<transport::ControlConnection>> Relay::connect_master(int stop_fd) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(options_.connect_limit_s);
  int pause_ms = 50;
  for (;;) {
    auto connection = transport::ControlConnection::connect(options_.master);
    if (connection || std::chrono::steady_clock::now() >= deadline) return connection;
    pollfd entries[2] = {{stop_fd, POLLIN, 0}, {enclave_.pidfd(), POLLIN, 0}};
    if (::poll(entries, 2, pause_ms) > 0) return fail(ErrorCode::kUnavailable, "ended while connecting to the master");
    pause_ms = std::min(2 * pause_ms, 2'000);
  }
}

RelayEnd Relay::wait_for_end(int stop_fd) {
  for (;;) {
    pollfd entries[3] = {{end_event_.get(), POLLIN, 0}, {stop_fd, POLLIN, 0}, {enclave_.pidfd(), POLLIN, 0}};
    const bool closing = net_shut_down_;
    const int ready = ::poll(entries, 3, closing ? kNetShutdownGraceMs : -1);
    if (ready < 0 && errno == EINTR) continue;
    if (entries[0].revents != 0) {
      const std::lock_guard lock(mutex_);
      if (end_) return *end_;
      std::uint64_t ignored;  // only a nudge: the enclave closed its connection
      (void)!::read(end_event_.get(), &ignored, sizeof ignored);
      continue;
    }
    if (entries[1].revents != 0) return {ExitCode::kAsked, "asked to end"};
    if (entries[2].revents != 0) return {ExitCode::kEnclaveEnded, "the enclave ended"};
    if (ready == 0) return {ExitCode::kMasterGone, "the enclave closed its connection to the master"};
  }
}

// Takes away all that a thread of ours may wait for.
void Relay::wind_down(const RelayEnd& end) {
  if (end.code == ExitCode::kEnclaveEnded || end.code == ExitCode::kHostFailed) {
    tell_master(transport::Failed{end.what});
  }
  control_->shut_down();
  fetch_client_.cancel();
  if (writer_mutex_.try_lock()) {  // who holds it waits for room, then the enclave would not see it either
    (void)writer_.try_write(static_cast<std::uint16_t>(abi::ToEnclave::kStop), 0, {});
    writer_mutex_.unlock();
  }
  enclave_.end();
}

void Relay::send_heartbeats(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  while (!changed.wait_for(lock, stop, kHeartbeatInterval, [&] { return stop.stop_requested(); })) {
    if (!control_->send(transport::Channel::kHeartbeat, {})) return;  // its reader says why
  }
}

void Relay::tell_master(const transport::HostMessage& message) {
  (void)control_->send(transport::Channel::kHost, transport::encode_host_message(message));
}

void Relay::read_control() {
  const Error end = control_->read_until_end([this](transport::Channel channel, ByteView payload) {
    if (channel == transport::Channel::kEnclave) {
      (void)to_enclave(abi::ToEnclave::kNet, 0, payload);
    } else {
      on_host_message(payload);
    }
  });
  end_with(ExitCode::kMasterGone, end.what);
}

void Relay::on_host_message(ByteView payload) {
  auto message = transport::parse_host_message(payload);
  if (!message) return end_with(ExitCode::kMasterGone, "the master's host: " + message.error().what);
  if (const auto* peers = std::get_if<transport::Peers>(&*message)) {
    const std::lock_guard lock(mutex_);
    self_ = peers->self;
    peers_.clear();
    for (const transport::Peer& peer : peers->peers) peers_.insert_or_assign(peer.id, peer.fetch);
  } else if (const auto* drop = std::get_if<transport::DropRun>(&*message)) {
    drop_run(drop->run);
  } else if (const auto* hint = std::get_if<transport::Prefetch>(&*message)) {
    on_prefetch(*hint);
  } else if (const auto* inputs = std::get_if<transport::Inputs>(&*message)) {
    if (const auto set = inputs_.set(*inputs); !set)
      end_with(ExitCode::kMasterGone, "the master's host: " + set.error().what);
  } else if (const auto* bye = std::get_if<transport::Bye>(&*message)) {
    end_with(ExitCode::kAsked, "the master says: " + bye->reason);
  } else {
    end_with(ExitCode::kMasterGone, "the master's host sent a node's message");
  }
}

void Relay::on_prefetch(const transport::Prefetch& hint) {
  transport::Endpoint holder;
  {
    const std::lock_guard lock(mutex_);
    const auto found = peers_.find(hint.holder);
    if (found == peers_.end() || hint.holder == self_) return;
    holder = found->second;
    // On one machine there is no way to save.
    if (const auto own = peers_.find(self_); own != peers_.end() && own->second.host == holder.host) return;
  }
  prefetched_.want(hint, holder);
}

void Relay::drop_run(const RunId& run) {
  store_.drop_run(run);
  inputs_.drop_run(run);
  const Prefetcher::Totals taken = prefetched_.drop_run(run);
  if (taken.streams == 0) return;
  log_line("run " + run.hex() + ": " + std::to_string(taken.streams) + " streams (" + std::to_string(taken.size) +
           " bytes) were here before the enclave asked for them");
}

bool Relay::to_enclave(abi::ToEnclave type, std::uint64_t id, ByteView payload) {
  const std::lock_guard lock(writer_mutex_);
  return writer_.write(static_cast<std::uint16_t>(type), id, {payload}) == abi::RingStep::kDone;
}

}  // namespace brume::node
