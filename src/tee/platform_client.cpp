#include "tee/platform_client.h"

#include "tee/platform_protocol.h"
#include "tee/unix_socket.h"

namespace brume::tee {
namespace {

// A launch measures an image of up to 4 GiB and may wait ten seconds for the registration.
constexpr int kTimeoutMs = 120'000;

struct Reply {
  AnswerBody body;
  std::vector<UniqueFd> fds;
};

Result<Reply> ask(int fd, std::uint32_t& next_request, RequestBody body, int passed_fd = -1) {
  const std::uint32_t id = next_request++;
  const Bytes request = encode_request({id, std::move(body)});
  if (request.size() > kRequestSizeLimit) return fail(ErrorCode::kLimit, "platform request: too long");
  BRUME_TRY(passed_fd < 0 ? send_message(fd, request) : send_message(fd, request, {passed_fd}));
  BRUME_ASSIGN(auto message, receive_message(fd, kAnswerSizeLimit));
  if (!message) return fail(ErrorCode::kUnavailable, "the platform hung up");
  BRUME_ASSIGN(Answer answer, parse_answer(message->bytes));
  if (auto* refused = std::get_if<Refused>(&answer.body))
    return fail(refused->code, "platform: " + std::move(refused->reason));
  if (answer.id != id) return malformed("platform answer: to another request");
  return Reply{std::move(answer.body), std::move(message->fds)};
}

// The answer of the kind that belongs to the request, or an error.
template <typename Kind>
Result<Kind> ask_for(int fd, std::uint32_t& next_request, RequestBody body) {
  BRUME_ASSIGN(Reply reply, ask(fd, next_request, std::move(body)));
  if (auto* kind = std::get_if<Kind>(&reply.body)) return std::move(*kind);
  return malformed("platform answer: of another kind than the request");
}

}  // namespace

Result<PlatformSession> PlatformSession::connect(const std::string& path) {
  BRUME_ASSIGN(UniqueFd fd, connect_unix(path, kTimeoutMs));
  return PlatformSession(std::move(fd));
}

Result<Bytes> PlatformSession::target_info() {
  BRUME_ASSIGN(const auto answer, ask_for<TargetInfoAnswer>(fd_.get(), next_request_, TargetInfoRequest{}));
  return to_bytes(answer.target_info);
}

Result<LaunchedEnclave> PlatformSession::launch(LaunchMode mode, bool debug) {
  BRUME_ASSIGN(Reply reply, ask(fd_.get(), next_request_, LaunchRequest{mode, debug}));
  const auto* answer = std::get_if<LaunchAnswer>(&reply.body);
  if (!answer || reply.fds.size() != 2) return malformed("platform answer: not a launched enclave");
  LaunchedEnclave enclave;
  enclave.ring = std::move(reply.fds[0]);
  enclave.pidfd = std::move(reply.fds[1]);
  enclave.protections = answer->protections;
  enclave.measurement = answer->measurement;
  enclave.signer = answer->signer;
  enclave.image = answer->image;
  return enclave;
}

Result<Bytes> PlatformSession::quote(ByteView report) {
  QuoteRequest request;
  if (report.size() != request.report.size()) return malformed("report: not 432 bytes");
  std::memcpy(request.report.data(), report.data(), report.size());
  BRUME_ASSIGN(auto answer, ask_for<QuoteAnswer>(fd_.get(), next_request_, request));
  return std::move(answer.quote);
}

Result<PlatformAdmin> PlatformAdmin::connect(const std::string& control_path) {
  BRUME_ASSIGN(UniqueFd fd, connect_unix(control_path, kTimeoutMs));
  return PlatformAdmin(std::move(fd));
}

Result<std::string> PlatformAdmin::prepare_container(const std::string& label) {
  BRUME_ASSIGN(auto answer, ask_for<PrepareAnswer>(fd_.get(), next_request_, PrepareRequest{label}));
  return std::move(answer.directory);
}

Result<bool> PlatformAdmin::register_container(const std::string& label, std::int32_t pid, ContainerStage stage) {
  BRUME_ASSIGN(const auto answer,
               ask_for<RegisterAnswer>(fd_.get(), next_request_, RegisterRequest{label, pid, stage}));
  return answer.pristine;
}

Result<PlatformAdmin::ProcessNode> PlatformAdmin::spawn_process_node(const ProcessNodeRequest& request) {
  BRUME_ASSIGN(Reply reply, ask(fd_.get(), next_request_, SpawnRequest{request}, request.output_fd));
  const auto* answer = std::get_if<SpawnAnswer>(&reply.body);
  if (!answer || reply.fds.size() != 1) return malformed("platform answer: not a process");
  return ProcessNode{answer->pid, std::move(reply.fds[0])};
}

Result<std::vector<ContainerInfo>> PlatformAdmin::list() {
  BRUME_ASSIGN(auto answer, ask_for<ListAnswer>(fd_.get(), next_request_, ListRequest{}));
  return std::move(answer.containers);
}

Status PlatformAdmin::stop(const std::string& label) {
  BRUME_ASSIGN([[maybe_unused]] const Done done, ask_for<Done>(fd_.get(), next_request_, StopRequest{label}));
  return {};
}

Status PlatformAdmin::shutdown() {
  BRUME_ASSIGN([[maybe_unused]] const Done done, ask_for<Done>(fd_.get(), next_request_, ShutdownRequest{}));
  return {};
}

}  // namespace brume::tee
