#include "master/daemon.h"

#include <sys/resource.h>

#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "abi/frames.h"
#include "base/check.h"
#include "base/json_text.h"
#include "master/copy_folder.h"
#include "master/node_json.h"

namespace brume::master {

using nlohmann::json;

namespace {

// What a master left that was killed between two passes: sealed to a key that is gone.
void remove_pass_files(const std::filesystem::path& runs) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(runs, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("pass-") && name.ends_with(".age")) std::filesystem::remove(entry.path(), error);
  }
}

constexpr transport::Milliseconds kTickInterval{500};
constexpr std::chrono::milliseconds kPeersInterval{100};
constexpr std::size_t kKeyFileLimit = 1u << 20;
constexpr std::size_t kLogLineLimit = 4'096;

mapreduce::Roles roles_of(const NodeRecord& node) {
  switch (node.role.value_or(join::Role::kVerifier)) {
    case join::Role::kWorker:
      return {true, true};
    case join::Role::kMapper:
      return {true, false};
    case join::Role::kReducer:
      return {false, true};
    case join::Role::kVerifier:
      break;
  }
  return {};
}

// A place is a descriptor. Half of what this process may have is left for data, files and the owner's tools.
std::size_t control_places() {
  rlimit descriptors{};
  BRUME_CHECK(::getrlimit(RLIMIT_NOFILE, &descriptors) == 0);
  descriptors.rlim_cur = descriptors.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &descriptors);
  return std::min<rlim_t>(descriptors.rlim_max / 2, kNodeLimit);
}

std::string why_lost(const NodeRecord& node) {
  return node.refusals.empty() ? node.why_gone : "refused by rule " + node.refusals.front().rule;
}

}  // namespace

UnixMs SystemClock::now_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<std::unique_ptr<Daemon>> Daemon::start(DaemonOptions options) {
  BRUME_ASSIGN(crypto::EcKey key, load_or_make_master_key(options.home));
  BRUME_ASSIGN(std::string identity_text, read_text_file(options.home.identity(), kKeyFileLimit));
  auto identities = sealed::parse_identity_file(identity_text);
  crypto::wipe({reinterpret_cast<std::uint8_t*>(identity_text.data()), identity_text.size()});
  if (!identities) return within(options.home.identity().string(), identities.error());
  std::unique_ptr<Daemon> daemon(new Daemon(std::move(options), std::move(key), std::move(*identities)));
  BRUME_TRY(daemon->begin());
  return daemon;
}

Status Daemon::begin() {
  BRUME_TRY(make_private_folder(options_.home.cluster()));
  BRUME_TRY(make_private_folder(options_.home.runs()));
  remove_pass_files(options_.home.runs());
  remove_left_copies(options_.home.runs());
  audit_file_.open(options_.home.audit_log(), std::ios::app);
  cluster_ = random_.make<ClusterId>();
  BRUME_ASSIGN(appraisal::Policy policy, load_policy());
  evidence::Bundle collateral;
  if (!options_.collateral.empty()) {
    collateral_file_.emplace(options_.collateral);
    BRUME_ASSIGN(auto first, collateral_file_->read_if_changed());
    if (first) collateral = std::move(*first);
  }
  Membership::Config config;
  config.cluster = cluster_;
  membership_ =
      std::make_unique<Membership>(key_, std::move(policy), std::move(collateral), config, clock_, random_, *this);
  data_loop_ = std::make_unique<transport::LoopThread>();
  fetch_server_ = std::make_unique<transport::FetchServer>(data_loop_->loop(), *this);
  loop_ = std::make_unique<transport::LoopThread>();
  transport::ControlOptions control;
  control.connection_limit = control_places();
  control_server_ = std::make_unique<transport::ControlServer>(loop_->loop(), *this, control);
  transport::ListenOptions listen;
  listen.address = options_.listen_address;
  listen.port = options_.port;
  BRUME_ASSIGN(listener_, transport::Listener::open(loop_->loop(), listen, control_server_.get(), fetch_server_.get()));
  loop_->loop().post([this] { tick(); });
  BRUME_ASSIGN(tool_server_,
               ControlServer::start(options_.home.master_socket(),
                                    [this](const json& request, ControlPeer& peer) { return handle(request, peer); }));
  audit(json{{"event", "started"}, {"cluster", cluster_.hex()}, {"policy", membership_->policy().hash.hex()}});
  return {};
}

Daemon::~Daemon() {
  stop();
  fetch_client_.cancel();
  if (loop_)
    loop_->loop().run_sync([this] {
      if (run_) run_->fail_run("the master was stopped");
    });
  tool_server_.reset();
  while (fetch_threads_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  listener_.reset();
  control_server_.reset();
  loop_.reset();
  fetch_server_.reset();
  data_loop_.reset();
}

void Daemon::wait() {
  while (!stopping_) std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

void Daemon::stop() { stopping_ = true; }

Result<appraisal::Policy> Daemon::load_policy() const {
  BRUME_ASSIGN(std::string text, read_text_file(options_.home.policy(), appraisal::kPolicySizeLimit));
  auto policy = appraisal::parse_policy(text);
  if (!policy) return within(options_.home.policy().string(), policy.error());
  return policy;
}

// What was read before stays in use where the file cannot be read: it expires by its own dates.
void Daemon::look_at_collateral() {
  if (!collateral_file_) return;
  auto changed = collateral_file_->read_if_changed();
  if (!changed) return log("collateral is not read anew: " + changed.error().what);
  if (!*changed) return;
  audit(json{{"event", "collateral"},
             {"sha256", evidence::bundle_digest(**changed).hex()},
             {"parts", (*changed)->parts.size()}});
  membership_->set_collateral(std::move(**changed));
  if (run_) run_->revoke_absent();
}

void Daemon::tick() {
  look_at_collateral();
  membership_->tick();
  if (run_ && renew_inputs_at_ && clock_.now_ms() >= *renew_inputs_at_) send_inputs(admitted_connections());
  if (run_) run_->tick(clock_.now_ms());
  flush();
  loop_->loop().after(kTickInterval, [this] { tick(); });
}

void Daemon::flush() {
  // To all of them: one node that joins costs so much that many in a moment share it. A run needs it at once.
  const auto now = std::chrono::steady_clock::now();
  if (peers_changed_ && (run_ || now >= peers_due_)) {
    peers_changed_ = false;
    peers_due_ = now + kPeersInterval;
    send_peers();
  }
  for (auto outgoing = membership_->take_outgoing(); !outgoing.empty(); outgoing = membership_->take_outgoing()) {
    for (const auto& one : outgoing) {
      if (!one.bytes.empty()) control_server_->send(one.connection, transport::Channel::kEnclave, one.bytes);
      if (one.close) control_server_->close(one.connection);
    }
  }
}

// All of them to all: hosts find each other's streams by it. A lie would only stop the work.
void Daemon::send_peers() {
  transport::Peers message;
  for (const auto& [connection, node] : membership_->records())
    if (node.state == NodeState::kAdmitted) message.peers.push_back({node.id, {node.address, node.fetch_port}});
  for (const auto& [connection, node] : membership_->records()) {
    if (node.state != NodeState::kAdmitted) continue;
    message.self = node.id;
    control_server_->send(connection, transport::Channel::kHost, transport::encode_host_message(message));
  }
}

std::vector<transport::ConnectionId> Daemon::admitted_connections() const {
  std::vector<transport::ConnectionId> out;
  for (const auto& [connection, node] : membership_->records())
    if (node.state == NodeState::kAdmitted) out.push_back(connection);
  return out;
}

// Where the run's input lies, before any task that reads it; again, with fresh signatures, at half of their time.
void Daemon::send_inputs(const std::vector<transport::ConnectionId>& connections) {
  const UnixMs now = clock_.now_ms();
  for (const transport::Inputs& message : run_->places(now)) {
    const Bytes encoded = transport::encode_host_message(message);
    for (const transport::ConnectionId connection : connections)
      control_server_->send(connection, transport::Channel::kHost, encoded);
  }
  // A node that joins later has fresher ones: the others' time is what counts.
  const bool due = !renew_inputs_at_ || now >= *renew_inputs_at_;
  if (const auto lasts = run_->inputs().places_last_ms(); lasts && due) renew_inputs_at_ = now + *lasts / 2;
}

void Daemon::on_connect(transport::ConnectionId connection, const std::string& peer_address) {
  membership_->connect(connection, peer_address);
  flush();
}

void Daemon::on_message(transport::ConnectionId connection, transport::Channel channel, ByteView payload) {
  if (channel == transport::Channel::kEnclave) {
    membership_->receive(connection, payload);
    return flush();
  }
  auto message = transport::parse_host_message(payload);
  if (!message) {
    membership_->disconnect(connection, message.error().what);
    return flush();
  }
  if (const auto* hello = std::get_if<transport::Hello>(&*message)) {
    membership_->hello(connection, hello->name, hello->role, hello->fetch_port);
    flush();
  } else if (const auto* failed = std::get_if<transport::Failed>(&*message)) {
    if (membership_->takes_log_line(connection)) log("node's host says: " + failed->what);
    membership_->host_failed(connection, failed->what);
    flush();
  } else if (const auto* line = std::get_if<transport::NodeLog>(&*message)) {
    if (membership_->takes_log_line(connection)) log("node's host says: " + line->text);
  } else if (const auto* trouble = std::get_if<transport::InputTrouble>(&*message)) {
    const auto record = membership_->records().find(connection);
    if (run_ && run_->id() == trouble->run && record != membership_->records().end() &&
        record->second.state == NodeState::kAdmitted)
      run_->input_trouble(record->second.claimed_name, trouble->what);
  }
}

void Daemon::on_close(transport::ConnectionId connection, const Error& why) {
  membership_->disconnect(connection, why.what);
  flush();
}

std::expected<std::unique_ptr<transport::FetchSource>, transport::FetchFailure> Daemon::open(
    const transport::FetchRequest& request) {
  const auto* range = std::get_if<abi::InputRange>(&request);
  if (range == nullptr) return std::unexpected(transport::FetchFailure::kNotFound);
  std::lock_guard lock(run_mutex_);
  if (!run_ || run_->id() != range->run) return std::unexpected(transport::FetchFailure::kNotFound);
  auto chunks = run_->inputs().chunks(range->first_chunk, range->chunk_count);
  if (chunks) return std::move(*chunks);
  if (!chunks.error().why.empty()) run_->input_not_served(chunks.error().why);
  return std::unexpected(chunks.error().failure);
}

void Daemon::node_admitted(const NodeRecord& node) {
  audit(json{{"event", "admitted"}, {"node", node_json(node)}, {"epoch", membership_->policy().epoch}});
  control_server_->joined(node.connection);
  peers_changed_ = true;
  if (!may_work(node)) return;
  send_inputs({node.connection});
  run_->node_joined(node.id, roles_of(node), host_of(node));
}

// All of a run is the work of one program: a host must not choose another that the policy names too.
bool Daemon::may_work(const NodeRecord& node) const {
  return run_ && node.facts && node.facts->measurement == run_->measurement();
}

void Daemon::node_renewed(const NodeRecord& node) {
  audit(json{{"event", "renewed"}, {"node", node_json(node)}, {"epoch", membership_->policy().epoch}});
  if (!may_work(node)) return;
  // Where it owed evidence when the run began, it has no part in it yet.
  run_->node_joined(node.id, roles_of(node), host_of(node));
  run_->node_renewed(node.id);
}

void Daemon::node_refused(const NodeRecord& node) {
  audit(json{{"event", "refused"}, {"node", node_json(node)}, {"epoch", membership_->policy().epoch}});
  for (const auto& r : node.refusals)
    log("refused " + node.claimed_name + ": " + r.rule + ": expected " + r.expected + ", got " + r.got);
}

void Daemon::node_lost(const NodeRecord& node) {
  audit(json{{"event", "lost"}, {"node", node_json(node)}});
  peers_changed_ = true;
  if (query_ && query_->node() == node.id) query_->node_lost();
  if (!run_) return;
  run_->remember_loss(node.claimed_name, why_lost(node));
  // Who hangs up in place of an answer gains nothing by it.
  if (node.state == NodeState::kRefused || node.owed_evidence)
    run_->node_revoked(node.id);
  else
    run_->node_lost(node.id, node.ended ? mapreduce::NodeLoss::kEnded : mapreduce::NodeLoss::kCut);
}

void Daemon::node_message(NodeId node, std::uint8_t type, ByteView body) {
  if (static_cast<mapreduce::MessageType>(type) == mapreduce::MessageType::kDescribed) {
    if (!query_ || query_->node() != node) return;  // late
    if (auto status = query_->on_message(body); !status) drop_node(node, status.error().what);
    return;
  }
  if (run_) run_->on_message(node, type, body);
}

Status Daemon::send_to_node(NodeId node, std::uint8_t type, ByteView body) {
  return membership_->send(node, type, body);
}

void Daemon::drop_node(NodeId node, const std::string& why) {
  log("dropping node " + std::to_string(node.value) + ": " + why);
  membership_->drop(node, why);
}

void Daemon::run_note(const std::string& text) { log(text); }

void Daemon::send_hint(NodeId node, const transport::Prefetch& hint) {
  if (const NodeRecord* record = membership_->find(node))
    control_server_->send(record->connection, transport::Channel::kHost, transport::encode_host_message(hint));
}

void Daemon::fetch_output(mapreduce::Ticket ticket, NodeId node, const sealed::StreamId& stream, const RunId& run) {
  const NodeRecord* record = membership_->find(node);
  transport::Endpoint peer;
  if (record != nullptr) peer = {record->address, record->fetch_port};
  abi::StreamName name{run, static_cast<abi::Stage>(stream.stage), stream.split, stream.partition, stream.salt};
  ++fetch_threads_;
  std::thread([this, shared = run_, ticket, peer, name] {
    fetch_thread(shared, ticket, peer, name);
    --fetch_threads_;
  }).detach();
}

void Daemon::fetch_thread(std::shared_ptr<JobRun> run, mapreduce::Ticket ticket, transport::Endpoint peer,
                          abi::StreamName name) {
  Status status;
  bool wanted = true;
  auto fetched = fetch_client_.fetch(peer, abi::StreamPart{name}, [&](ByteView frame) {
    auto blocks = abi::split_blocks(frame, sealed::kSealedBlockLimit);
    if (!blocks) {
      status = std::unexpected(blocks.error());
      return false;
    }
    loop_->loop().run_sync([&] {
      for (ByteView block : *blocks) run->on_fetched(ticket, block);
      wanted = run->wants(ticket);
      flush();
    });
    return wanted;
  });
  if (status && !fetched) status = fetched;
  loop_->loop().run_sync([&] {
    run->on_fetch_end(ticket, status);
    flush();
  });
}

void Daemon::audit(json entry) {
  std::lock_guard lock(audit_mutex_);
  entry["at_ms"] = clock_.now_ms();
  audit_file_ << json_text(entry) << std::endl;
}

// What strangers say is in it: a line stays one, and says nothing to a terminal.
void Daemon::log(const std::string& line) {
  std::lock_guard lock(audit_mutex_);
  std::cerr << mapreduce::printable(line, kLogLineLimit) << std::endl;
}

}  // namespace brume::master
