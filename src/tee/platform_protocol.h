// The messages between a platform, the nodes on its host and its administrator, as bytes:
// docs/formats/platform-protocol.md. One message is one datagram of a SOCK_SEQPACKET socket.
// Parsing refuses unknown versions and types, wrong sizes, values over their limits and trailing
// bytes; it does not ask who sent a message.
#pragma once

#include <variant>
#include <vector>

#include "tee/platform_client.h"

namespace brume::tee {

inline constexpr std::uint8_t kProtocolVersion = 1;
// The largest request is a launch of a process container: arguments, environment and binds.
inline constexpr std::size_t kRequestSizeLimit = 64u << 10;
// The largest answer is a list of containers.
inline constexpr std::size_t kAnswerSizeLimit = 128u << 10;
inline constexpr std::size_t kLabelSizeLimit = 64;
inline constexpr std::size_t kTextSizeLimit = 4096;  // a path, an argument
inline constexpr std::size_t kTextCountLimit = 256;  // arguments; environment
inline constexpr std::size_t kBindCountLimit = 32;
inline constexpr std::size_t kCgroupCountLimit = 16;
inline constexpr std::size_t kContainerCountLimit = 256;
inline constexpr std::size_t kReasonSizeLimit = 1024;
inline constexpr std::size_t kQuoteAnswerLimit = 32u << 10;

// From a node.
struct TargetInfoRequest {};
struct LaunchRequest {
  LaunchMode mode = LaunchMode::kSgxSim;
  bool debug = false;
};
struct QuoteRequest {
  ByteArray<kReportSize> report{};
};

// From the administrator.
struct PrepareRequest {
  std::string label;
};
struct RegisterRequest {
  std::string label;
  std::int32_t pid = 0;
  ContainerStage stage = ContainerStage::kStarted;
};
struct SpawnRequest {
  ProcessNodeRequest node;  // output_fd travels beside the message
};
struct ListRequest {};
struct StopRequest {
  std::string label;
};
struct ShutdownRequest {};

using RequestBody = std::variant<TargetInfoRequest, LaunchRequest, QuoteRequest, PrepareRequest, RegisterRequest,
                                 SpawnRequest, ListRequest, StopRequest, ShutdownRequest>;
struct Request {
  std::uint32_t id = 0;  // comes back in the answer
  RequestBody body;
};

Result<Request> parse_request(ByteView message);
Bytes encode_request(const Request& request);

// [A-Za-z0-9._-], 1 to 64 characters, the first no dot: it names a directory.
bool is_label(std::string_view text);

struct Refused {
  ErrorCode code = ErrorCode::kMalformed;
  std::string reason;
};
struct Done {};
struct TargetInfoAnswer {
  ByteArray<kTargetInfoSize> target_info{};
};
struct LaunchAnswer {  // ring and pidfd travel beside the message
  std::uint32_t protections = 0;
  Measurement measurement;
  SignerId signer;
  ImageDigest image;
};
struct QuoteAnswer {
  Bytes quote;
};
struct PrepareAnswer {
  std::string directory;
};
struct RegisterAnswer {
  bool pristine = false;
};
struct SpawnAnswer {  // the pidfd travels beside the message
  std::int32_t pid = 0;
};
struct ListAnswer {
  std::vector<ContainerInfo> containers;
};

using AnswerBody = std::variant<Refused, Done, TargetInfoAnswer, LaunchAnswer, QuoteAnswer, PrepareAnswer,
                                RegisterAnswer, SpawnAnswer, ListAnswer>;
struct Answer {
  std::uint32_t id = 0;
  AnswerBody body;
};

Result<Answer> parse_answer(ByteView message);
Bytes encode_answer(const Answer& answer);

}  // namespace brume::tee
