#include "enclave/task_loop.h"

#include <algorithm>
#include <optional>

#include "enclave/task_runner.h"
#include "evidence/cmw.h"
#include "evidence/none.h"
#include "join/attester.h"

namespace brume::enclave {
namespace {

using abi::ToEnclave;
using abi::ToHost;

constexpr std::size_t kNetPieceLimit = 256u << 10;

}  // namespace

struct TaskLoop::State final : MessageOutbox, FramePump {
  State(JobProgram& program, Random& random, ReportSource& report_source, Outbox& frames, FramePump& more_frames,
        const TaskLoopConfig& settings)
      : reports(report_source),
        outbox(frames),
        frames_to_come(more_frames),
        config(settings),
        runner(program, random, frames, *this, *this, settings.limits) {}

  bool pump() override { return !stopped && frames_to_come.pump() && !stopped; }

  // A message to the master. What cannot be sent (the admission is over) is no longer wanted there.
  void message(mapreduce::Message message) override {
    if (session) static_cast<void>(session->send(static_cast<std::uint8_t>(message.type), message.body));
    message.wipe();
    flush();
  }

  void log(std::string_view text) { outbox.frame(ToHost::kLog, 0, {as_bytes(text)}); }

  void flush() {
    if (!session) return;
    const Bytes bytes = session->take_outgoing();
    for (ByteView rest = bytes; !rest.empty();) {
      const ByteView piece = rest.first(std::min(rest.size(), kNetPieceLimit));
      outbox.frame(ToHost::kNetOut, 0, {piece});
      rest = rest.subspan(piece.size());
    }
  }

  void stop(std::string_view why) {
    if (stopped) return;
    stopped = true;
    log(why);
    if (session) session->close();
    flush();
    outbox.frame(ToHost::kNetShutdown, 0, {});
  }

  void start(ByteView payload) {
    if (session) return;
    auto parsed = abi::parse_start(payload);
    if (!parsed) return stop("start refused: malformed");
    const std::optional<join::Role> role = join::role_from(parsed->role);
    if (!role) return stop("start refused: unknown role");
    tee = parsed->tee;
    target_info = std::move(parsed->qe_target_info);
    join::AttesterConfig attester;
    attester.claims = {*role, parsed->node_name};
    if (config.master != SpkiHash{}) attester.verifier_key = config.master;
    auto made = join::AttesterSession::create(crypto::EcKey::generate(), std::move(attester));
    if (!made) return stop("start refused: node name");
    session.emplace(std::move(*made));
    if (!session->start()) return stop("the TLS client could not start");
    flush();
  }

  void receive(ByteView bytes) {
    if (!session) return;
    const auto status = session->receive(bytes);
    for (join::AttesterEvent& event : session->take_events()) {
      if (stopped) return;
      std::visit([&](auto& one) { on(one); }, event);
    }
    flush();
    if (!status) stop("the channel to the master broke");
  }

  void on(const join::EvidenceWanted& wanted) {
    if (tee == abi::Tee::kNone) {
      evidence::NoneEvidence none;
      none.report_data = wanted.report_data;
      return provide(evidence::kTypeNone, evidence::encode_none_evidence(none));
    }
    const auto report = reports.report(target_info, wanted.report_data);
    if (!report) return stop("no report from the processor");
    outbox.frame(ToHost::kQuoteRequest, ++quote_request, {*report});
  }
  void on(const join::Admitted&) {}
  void on(const join::EpochChanged&) { runner.drop_tasks(); }
  void on(const join::Refused&) { stop("the master refused this node"); }
  void on(const join::PeerClosed&) { stop("the master closed the channel"); }
  void on(join::MessageReceived& message) {
    const auto status = runner.on_message(message.type, message.body);
    crypto::wipe(message.body);
    if (!status) stop("a message of the master is malformed");
  }

  void on_quote(std::uint64_t id, ByteView quote) {
    if (!session || id != quote_request || quote.empty() || quote.size() > evidence::kCmwValueSizeLimit) return;
    provide(evidence::kTypeSgxQuote, quote);
    flush();
  }

  void provide(std::string_view type, ByteView value) {
    // kState: the challenge was replaced by a newer one, which asks for itself.
    static_cast<void>(session->provide_evidence(evidence::encode_cmw(type, value)));
  }

  void take(std::uint16_t type, std::uint64_t id, ByteView payload);

  ReportSource& reports;
  Outbox& outbox;
  FramePump& frames_to_come;
  const TaskLoopConfig config;
  TaskRunner runner;
  std::optional<join::AttesterSession> session;
  abi::Tee tee = abi::Tee::kNone;
  Bytes target_info;
  std::uint64_t quote_request = 0;
  bool stopped = false;
};

TaskLoop::TaskLoop(JobProgram& program, Random& random, ReportSource& reports, Outbox& outbox, FramePump& pump,
                   const TaskLoopConfig& config)
    : state_(std::make_unique<State>(program, random, reports, outbox, pump, config)) {
  outbox.frame(ToHost::kReady, 0, {});
}

TaskLoop::~TaskLoop() = default;

bool TaskLoop::stopped() const { return state_->stopped; }

void TaskLoop::on_frame(std::uint16_t type, std::uint64_t id, ByteView payload) {
  if (state_->stopped) return;
  state_->take(type, id, payload);
  if (!state_->stopped) state_->runner.work();
}

void TaskLoop::State::take(std::uint16_t type, std::uint64_t id, ByteView payload) {
  switch (static_cast<ToEnclave>(type)) {
    case ToEnclave::kStart:
      return start(payload);
    case ToEnclave::kNet:
      return receive(payload);
    case ToEnclave::kNetClosed:
      return stop("the host closed the channel");
    case ToEnclave::kQuote:
      return on_quote(id, payload);
    case ToEnclave::kQuoteRefused:
      if (id == quote_request) stop("no quote from the platform");
      return;
    case ToEnclave::kInput:
      return runner.on_input(id, payload);
    case ToEnclave::kBlock:
      return runner.on_blocks(id, payload);
    case ToEnclave::kFetchEnd:
      return runner.on_end(id);
    case ToEnclave::kFetchFailed:
      return runner.on_failed(id);
    case ToEnclave::kStop:
      return stop("stopped by the host");
  }
}

}  // namespace brume::enclave
