#include "simulation/world.h"

#include <algorithm>

#include "abi/ring.h"
#include "base/check.h"
#include "base/writer.h"
#include "sealed/age.h"
#include "simulation/sort_job.h"
#include "simulation/word_job.h"

namespace brume::simulation {
namespace {

using mapreduce::RunAction;

constexpr UnixMs kLongestRunMs = 4'000'000;

struct SealedInput {
  Pieces chunks;
  sealed::AgeOpening opening;
  std::optional<sealed::AgeLayout> layout;
};

// As the owner seals a file, and as the master authenticates it before it plans.
SealedInput seal_input(std::string_view text, Random& random) {
  const auto identity = sealed::AgeIdentity::generate(random);
  const sealed::AgeRecipient recipients[] = {identity.recipient()};
  auto writer = sealed::AgeWriter::create(recipients, random);
  BRUME_CHECK(writer.has_value());
  Bytes file = writer->prefix();
  writer->push(as_bytes(text), file);
  writer->finish(file);
  const auto header = sealed::AgeHeader::parse(file);
  BRUME_CHECK(header && *header);
  const sealed::AgeIdentity identities[] = {identity};
  const auto opening = (*header)->open(identities);
  BRUME_CHECK(opening.has_value());
  const auto claimed = sealed::ClaimedAgeLayout::from_file_size(opening->payload_offset, file.size());
  BRUME_CHECK(claimed.has_value());
  SealedInput out;
  out.opening = *opening;
  for (std::uint64_t i = 0; i < claimed->chunk_count; ++i) {
    out.chunks.push_back(to_bytes(ByteView(file).subspan(claimed->chunk_offset(i), claimed->sealed_chunk_size(i))));
  }
  sealed::ChunkCipher cipher(opening->payload_key);
  Bytes last(claimed->final_chunk_size());
  auto layout = sealed::verify_final_chunk(*claimed, cipher, out.chunks.back(), last);
  BRUME_CHECK(layout.has_value());
  out.layout.emplace(std::move(*layout));
  return out;
}

appraisal::Policy open_policy() {
  appraisal::AllowEntry entry;
  entry.tee = appraisal::Tee::kNone;
  entry.any_measurement = entry.any_image = entry.any_signer = true;
  entry.roles = {"worker", "mapper", "reducer"};
  appraisal::Policy policy;
  policy.allow.push_back(entry);
  return policy;
}

struct FullStore final : mapreduce::OutputStore {
  Status put(std::uint32_t, ByteView) override { return fail(ErrorCode::kIo, "the disk is full"); }
  void discard(std::uint32_t) override {}
  Result<ByteView> get(std::uint32_t, std::uint64_t) override { return ByteView(); }
};

struct TextSink final : mapreduce::LineSink {
  Status write(ByteView more) override {
    text += as_chars(more);
    return {};
  }
  std::string text;
};

}  // namespace

World::World(const WorldOptions& options) : options_(options), random_(options.seed) {
  if (options_.quoted) {
    quoter_ = std::make_unique<Quoter>();
    now_ms_ = quoter_->now_ms();
  }
  if (options_.joined) master_key_ = std::make_unique<crypto::EcKey>(crypto::EcKey::generate());
  for (std::uint32_t i = 0; i < options_.node_count; ++i) {
    mapreduce::Roles roles{true, true};
    if (options_.split_roles) roles = {i % 3 != 0, i % 3 == 0};
    start_node(roles);
  }
}

World::~World() = default;

std::multiset<std::vector<std::size_t>> World::sizes_kept() const {
  std::multiset<std::vector<std::size_t>> out;
  for (const auto& node : nodes_) {
    for (const auto& [name, stream] : node->storage()) {
      std::vector<std::size_t> sizes;
      for (const Bytes& block : stream.blocks) sizes.push_back(block.size());
      out.insert(std::move(sizes));
    }
  }
  return out;
}

std::size_t World::scratch_count() const {
  std::size_t count = 0;
  for (const auto& node : nodes_) {
    for (const auto& [name, stream] : node->storage()) count += name.stage == abi::Stage::kScratch;
  }
  return count;
}

void World::at(UnixMs delay, std::function<void()> what) {
  events_.push({now_ms_ + delay, next_order_++, std::move(what)});
}

void World::in_order(std::uint64_t link, std::function<void()> what) {
  UnixMs& last = link_times_[link];
  last = std::max(last, now_ms_ + static_cast<UnixMs>(1 + random_.below(20)));
  at(last - now_ms_, std::move(what));
}

Node* World::find(std::uint64_t serial) {
  const auto found = std::ranges::lower_bound(nodes_, serial, {}, &Node::serial);
  return found != nodes_.end() && (*found)->serial() == serial ? found->get() : nullptr;
}

Node* World::find_admitted(NodeId id) {
  const auto found = admitted_.find(id.value);
  return found == admitted_.end() ? nullptr : find(found->second);
}

void World::start_node(mapreduce::Roles roles) {
  const std::uint64_t serial = next_serial_++;
  const SpkiHash master = master_key_ ? master_key_->public_key().spki_hash() : SpkiHash{};
  std::unique_ptr<JobProgram> job;
  if (options_.sorts) {
    job = std::make_unique<detail::GeneralProgram<SortLines>>("sort-lines");
  } else {
    job = std::make_unique<WordJob>();
  }
  Node::Options node_options{options_.joined, options_.quoted ? abi::Tee::kSgxSim : abi::Tee::kNone, roles, master, {}};
  node_options.limits.memory_budget = options_.memory;
  nodes_.push_back(std::make_unique<Node>(serial, random_.next(), std::move(job), node_options, *this));
  Node& node = *nodes_.back();
  if (!options_.joined) {
    later([this, serial] {
      if (Node* found = find(serial)) admit(*found);
    });
    return;
  }
  join::VerifierConfig config;
  config.epoch = epoch_;
  config.roles = {join::Role::kWorker, join::Role::kMapper, join::Role::kReducer};
  auto session = join::VerifierSession::create(
      *master_key_, config,
      [this](ByteView evidence, const appraisal::Expected& expected, const join::Claims&) {
        if (quoter_) return quoter_->appraise(evidence, expected);
        return appraisal::appraise(evidence, {}, open_policy(), expected);
      },
      *this, random_);
  BRUME_CHECK(session.has_value());
  node.session.emplace(std::move(*session));
  node.start();
}

void World::admit(Node& node) {
  node.id = {next_node_id_++};
  admitted_[node.id.value] = node.serial();
  if (node.session) {
    const auto status = node.session->admit(node.id);
    BRUME_CHECK(status.has_value());
  }
  if (core_) core_->node_joined(node.id, node.roles());
  act();
}

void World::bury(std::unique_ptr<Node> node) {
  node->die();
  if (node->busy()) dying_.push_back(std::move(node));
}

void World::kill_node() {
  if (nodes_.empty()) return;
  const std::size_t index = random_.below(nodes_.size());
  const NodeId id = nodes_[index]->id;
  const mapreduce::Roles roles = nodes_[index]->roles();
  bury(std::move(nodes_[index]));
  nodes_.erase(nodes_.begin() + static_cast<std::ptrdiff_t>(index));
  at(static_cast<UnixMs>(random_.below(200)), [this, id] {
    if (core_ && id.value != 0) core_->node_lost(id);
    act();
  });
  at(static_cast<UnixMs>(random_.below(500)), [this, roles] { start_node(roles); });
}

// ---- between enclaves and the master

void World::to_master(Node& node, std::uint8_t type, Bytes body) {
  const NodeId id = node.id;
  in_order(node.serial(), [this, id, type, body = std::move(body)] {
    if (!core_ || find_admitted(id) == nullptr) return;
    const auto status = core_->on_message(id, type, body);
    BRUME_CHECK(status.has_value());
    act();
  });
}

void World::net_to_master(Node& node, Bytes bytes) {
  in_order(node.serial(), [this, serial = node.serial(), bytes = std::move(bytes)] {
    Node* found = find(serial);
    if (found == nullptr) return;
    static_cast<void>(found->session->receive(bytes));
    handle_master_events(*found);
  });
}

void World::handle_master_events(Node& node) {
  for (join::VerifierEvent& event : node.session->take_events()) {
    if (std::holds_alternative<join::PeerAttested>(event)) admit(node);
    if (std::holds_alternative<join::PeerRenewed>(event) && core_) core_->node_renewed(node.id);
    if (const auto* message = std::get_if<join::PeerMessage>(&event); message != nullptr && core_) {
      const auto status = core_->on_message(node.id, message->type, message->body);
      BRUME_CHECK(status.has_value());
    }
  }
  act();
  Bytes bytes = node.session->take_outgoing();
  if (bytes.empty()) return;
  in_order(node.serial() + kMasterLink, [this, serial = node.serial(), bytes = std::move(bytes)] {
    if (Node* found = find(serial)) found->frame_in(abi::ToEnclave::kNet, 0, bytes);
  });
}

Result<ByteArray<abi::kReportSize>> World::report(const ReportData& report_data) {
  if (!quoter_) return fail(ErrorCode::kUnavailable, "no such processor here");
  return quoter_->report(report_data);
}

void World::quote_wanted(Node& node, std::uint64_t id, Bytes report) {
  in_order(node.serial() + kMasterLink, [this, serial = node.serial(), id, report = std::move(report)] {
    if (Node* found = find(serial)) found->frame_in(abi::ToEnclave::kQuote, id, quoter_->quote(report));
  });
}

void World::begin_epoch() {
  if (!core_ || core_->over()) return;
  ++epoch_;
  core_->begin_epoch(random_);
  act();
  const std::uint64_t revoked = random_.below(2) == 0 && nodes_.size() > 2 ? nodes_[0]->serial() : 0;
  for (const auto& node : nodes_) {
    if (node->id.value == 0 || node->serial() == revoked) continue;
    if (node->session) {
      const auto status = node->session->set_epoch(epoch_);
      BRUME_CHECK(status.has_value());
      handle_master_events(*node);
      continue;
    }
    in_order(node->serial() + kMasterLink, [this, serial = node->serial()] {
      if (Node* found = find(serial)) found->epoch_changed();
    });
    at(100, [this, id = node->id] {
      if (core_) core_->node_renewed(id);
      act();
    });
  }
  if (revoked == 0) return;
  const NodeId id = find(revoked)->id;
  bury(std::move(*std::ranges::lower_bound(nodes_, revoked, {}, &Node::serial)));
  std::erase(nodes_, nullptr);
  core_->node_revoked(id);
  act();
}

void World::act() {
  if (!core_) return;
  for (RunAction& action : core_->take_actions()) {
    switch (action.kind) {
      case RunAction::Kind::kSend: {
        Node* node = find_admitted(action.node);
        if (node == nullptr) break;  // dead, but the master does not know it yet
        const auto type = static_cast<std::uint8_t>(action.message.type);
        if (node->session) {
          static_cast<void>(node->session->send(type, action.message.body));
          at(0, [this, serial = node->serial()] {
            if (Node* found = find(serial)) handle_master_events(*found);
          });
          break;
        }
        in_order(node->serial() + kMasterLink, [this, serial = node->serial(), type, body = action.message.body] {
          if (Node* found = find(serial)) found->message_in(type, body);
        });
        break;
      }
      case RunAction::Kind::kHint:
        for (const mapreduce::StreamHint::Part& part : action.hint.parts)
          outcome_.hints.push_back({action.node, part.partition, core_->progress().maps_done});
        break;
      case RunAction::Kind::kFetch:
        outcome_.reduced_at[action.output.partition] = action.node;
        fetch_output(action);
        break;
      case RunAction::Kind::kDropFetch:
        break;
      case RunAction::Kind::kNote:
        outcome_.notes.push_back(action.text);
        break;
      case RunAction::Kind::kFinished:
        outcome_.finished = true;
        break;
      case RunAction::Kind::kFailed:
        outcome_.why = action.text;
        break;
    }
  }
}

// ---- a run

void World::join_all() {
  while (admitted_.size() < nodes_.size() && !events_.empty()) next_event();
}

void World::next_event() {
  const Event event = events_.top();
  events_.pop();
  now_ms_ = std::max(now_ms_, event.at);
  event.what();
}

// One more event, or the master's clock.
bool World::advance() {
  if (!core_ || now_ms_ - began_ms_ >= kLongestRunMs) return false;
  if (events_.empty() || events_.top().at >= next_tick_ms_) {
    if (core_->over()) return false;
    now_ms_ = std::max(now_ms_, next_tick_ms_);
    next_tick_ms_ += 500;
    core_->tick(now_ms_);
    act();
  } else {
    next_event();
  }
  return true;
}

Outcome World::run(const RunOptions& options) {
  mapreduce::RunRequest request{.job_name = options_.sorts ? "sort-lines" : "word-count",
                                .chunks_per_split = options.chunks_per_split,
                                .partition_count = options.partition_count,
                                .epoch = epoch_,
                                .padding_least = options.padding_least};
  input_.clear();
  other_input_.clear();
  const auto seal = [&](std::string_view text, std::string name) -> mapreduce::SealedFile {
    SealedInput input = seal_input(text, random_);
    input_.insert(input_.end(), input.chunks.begin(), input.chunks.end());
    SealedInput other = seal_input(text, random_);
    other_input_.insert(other_input_.end(), other.chunks.begin(), other.chunks.end());
    return {input.opening, *input.layout, std::move(name)};
  };
  request.inputs.push_back({seal(options.text, "text")});
  for (const std::string& text : options.more_texts)
    request.inputs.push_back({seal(text, "text " + std::to_string(request.inputs.size()))});
  if (!options.side.empty()) request.sides.push_back(seal(options.side, "side"));
  // With some seeds, some partitions fit.
  if (!options.store_is_full) request.output_memory = options_.seed % 4 * 200;
  request.plan.attempt_limit_ms = 20'000;
  request.plan.speculate_least_ms = 2'000;
  trouble_ = options.trouble;
  outcome_ = {};
  began_ms_ = next_tick_ms_ = now_ms_;
  store_ = std::make_unique<mapreduce::MemoryOutputStore>(options.partition_count);
  if (options.store_is_full) store_ = std::make_unique<FullStore>();
  auto core = mapreduce::RunCore::create(std::move(request), random_, *store_);
  BRUME_CHECK(core.has_value());
  core_ = std::move(*core);
  core_->tick(now_ms_);
  for (const auto& node : nodes_) {
    if (node->id.value != 0) core_->node_joined(node->id, node->roles());
  }
  act();
  for (std::uint32_t i = 0; i < trouble_.kills; ++i) {
    at(static_cast<UnixMs>(random_.below(400)), [this] { kill_node(); });
  }
  if (trouble_.new_epoch) at(static_cast<UnixMs>(random_.below(300)), [this] { begin_epoch(); });
  while (!core_->over() && advance()) std::erase_if(dying_, [](const auto& node) { return !node->busy(); });
  if (!core_->over()) outcome_.why = "";  // hung: no verdict
  if (outcome_.finished) {
    TextSink sink;
    const auto outputs = core_->take_outputs();
    std::vector<mapreduce::PieceSource*> sources;
    for (const auto& output : outputs) sources.push_back(output.get());
    BRUME_CHECK(mapreduce::merge_outputs(sources, sink).has_value());
    outcome_.output = std::move(sink.text);
    outcome_.counters = core_->ledger().job_counters();
    outcome_.malformed_places = core_->ledger().malformed_places();
  }
  outcome_.took_ms = now_ms_ - began_ms_;
  core_.reset();
  return std::move(outcome_);
}

}  // namespace brume::simulation
