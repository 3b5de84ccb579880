#include "tee/node_session.h"

#include <poll.h>

#include <cerrno>

#include "evidence/protections.h"
#include "tee/platform_protocol.h"

namespace brume::tee {
namespace {

std::uint32_t protection_bit(std::string_view name) {
  const auto index = evidence::protection_index(name);
  return index ? 1u << *index : 0u;
}

AnswerBody refused(const Error& error) { return Refused{error.code, error.what}; }

class NodeSession {
 public:
  NodeSession(UniqueFd connection, Peer peer, const SessionContext& context)
      : connection_(std::move(connection)), peer_(std::move(peer)), context_(context) {}
  ~NodeSession() { end_enclave(); }

  void serve() {
    while (wait_for_message()) {
      auto message = receive_message(connection_.get(), kRequestSizeLimit);
      if (!message || !*message) return;
      // A socket may be handed on; its peer may not.
      if ((*message)->sender_pid != peer_.pid) {
        log("refused: a message from another process than the one that connected");
        answer(0, Refused{ErrorCode::kAuthFailed, "sender is not the process that connected"});
        return;
      }
      if (!messages_.take(std::chrono::steady_clock::now())) {
        answer(0, Refused{ErrorCode::kLimit, "too many messages"});
        return;
      }
      auto request = parse_request((*message)->bytes);
      if (!request) {
        answer(0, refused(request.error()));
        return;
      }
      if (!handle(*request)) return;
    }
  }

 private:
  // False where there is nothing more to serve.
  bool wait_for_message() {
    for (;;) {
      pollfd items[4] = {{connection_.get(), POLLIN, 0},
                         {peer_.pidfd.get(), POLLIN, 0},
                         {context_.ended_fd, POLLIN, 0},
                         {enclave_ ? enclave_->pidfd() : -1, POLLIN, 0}};
      if (::poll(items, 4, -1) < 0) {
        if (errno == EINTR) continue;
        return false;
      }
      if (items[1].revents != 0 || items[2].revents != 0) return false;
      if (items[3].revents != 0) {
        log("enclave has ended");
        end_enclave();
      }
      if (items[0].revents != 0) return true;
    }
  }

  bool handle(const Request& request) {
    if (std::holds_alternative<TargetInfoRequest>(request.body)) {
      TargetInfoAnswer out;
      const Bytes info = context_.maker->target_info();
      if (info.size() != out.target_info.size()) return false;
      std::memcpy(out.target_info.data(), info.data(), info.size());
      return answer(request.id, out);
    }
    if (const auto* quote_request = std::get_if<QuoteRequest>(&request.body)) {
      auto quote = make_quote(*quote_request);
      return answer(request.id, quote ? AnswerBody(QuoteAnswer{std::move(*quote)}) : refused(quote.error()));
    }
    if (const auto* launch_request = std::get_if<LaunchRequest>(&request.body)) {
      auto launched = launch(*launch_request);
      if (launched) return answer(request.id, *launched, {enclave_->ring_fd(), enclave_->pidfd()});
      log("refused: " + launched.error().what);
      return answer(request.id, refused(launched.error()));
    }
    return answer(request.id, Refused{ErrorCode::kUsage, "not on this socket"});
  }

  // Reports are bound to this platform's enclaves by their MAC; the limit alone is per container.
  Result<Bytes> make_quote(const QuoteRequest& request) {
    if (!enclave_) return fail(ErrorCode::kState, "no enclave runs for this node");
    if (!context_.container->may_quote()) return fail(ErrorCode::kLimit, "too many quotes, try again later");
    return context_.maker->quote(request.report);
  }

  Result<LaunchAnswer> launch(const LaunchRequest& request) {
    if (enclave_) return fail(ErrorCode::kState, "an enclave runs for this node already");
    const auto registration = context_.container->wait(context_.registration_wait);
    if (!registration) return fail(ErrorCode::kNotFound, "this container is not registered with the platform");
    if (!context_.container->may_launch()) return fail(ErrorCode::kLimit, "too many launches, try again later");
    const bool simulated = request.mode == LaunchMode::kSgxSim;
    BRUME_ASSIGN(const LaunchImage image, read_image(*registration, simulated));
    EnclaveOrder order;
    order.program = image.program;
    order.sigstruct = image.sigstruct;
    order.image = image.digest;
    order.mode = request.mode;
    order.debug = request.debug;
    if (simulated) order.protections = protections(*registration);
    order.enter_cgroups = [&registration](std::int32_t pid) {
      return join_cgroups(pid, registration->identity.cgroup);
    };
    BRUME_ASSIGN(enclave_, context_.maker->start(order));
    context_.container->add_enclaves(1);
    // The container may have ended while the enclave was on its way into its cgroup.
    if (auto checked = check_peer(*registration, peer_); !checked) {
      end_enclave();
      return std::unexpected(checked.error());
    }
    LaunchAnswer out;
    out.protections = enclave_->protections();
    out.image = image.digest;
    if (simulated) {
      out.measurement = enclave_->measurement();
      out.signer = enclave_->signer();
      context_.container->note_image(image.digest);
    }
    log(std::string("launched an enclave, ") + (simulated ? "sgx-sim" : "no tee") + (request.debug ? ", debug" : "") +
        (simulated ? ", measurement " + out.measurement.hex() + ", image " + out.image.hex() : ""));
    return out;
  }

  Result<LaunchImage> read_image(const Registration& registration, bool simulated) {
    const std::lock_guard one_at_a_time(context_.container->measuring());
    return simulated ? measure_for(registration, peer_, context_.container->stopped()) : read_for(registration, peer_);
  }

  std::uint32_t protections(const Registration& registration) const {
    std::uint32_t bits = protection_bit("image-measured");
    if (peer_.held_by_kernel) bits |= protection_bit("peer-pidfd");
    if (registration.pristine_image) bits |= protection_bit("root-registered");
    return bits;
  }

  bool answer(std::uint32_t id, AnswerBody body, std::initializer_list<int> fds = {}) {
    return send_message(connection_.get(), encode_answer({id, std::move(body)}), fds).has_value();
  }

  void end_enclave() {
    if (!enclave_) return;
    enclave_.reset();
    context_.container->add_enclaves(-1);
  }

  void log(const std::string& text) const {
    context_.log(context_.container->label() + " (pid " + std::to_string(peer_.pid) + "): " + text);
  }

  UniqueFd connection_;
  Peer peer_;
  const SessionContext& context_;
  std::unique_ptr<RunningEnclave> enclave_;
  // Nodes send a handful of messages; a loop of them only costs the host time.
  TokenBucket messages_{64, std::chrono::milliseconds(20)};
};

}  // namespace

void serve_node(UniqueFd connection, const SessionContext& context) {
  auto peer = peer_of(connection.get());
  if (!peer) return;
  NodeSession(std::move(connection), *std::move(peer), context).serve();
}

}  // namespace brume::tee
