// What hosts say to each other, as bytes (docs/formats/transport.md). Everything here is sent by machines that
// nobody trusts and says nothing about what the payloads hold: those are TLS records and sealed blocks.
#pragma once

#include <functional>
#include <optional>
#include <variant>

#include "abi/frames.h"
#include "abi/ring.h"
#include "base/bytes.h"
#include "base/result.h"

namespace brume::transport {

// The first bytes of the connecting side: "BRM1", then the kind.
enum class ConnectionKind : std::uint8_t { kControl = 1, kFetch = 2 };
inline constexpr std::size_t kPrefaceSize = 5;
ByteArray<kPrefaceSize> encode_preface(ConnectionKind kind);
Result<ConnectionKind> parse_preface(ByteView bytes);  // exactly kPrefaceSize

// A control frame: u32le size of the payload | u8 channel | payload.
enum class Channel : std::uint8_t {
  kEnclave = 0,    // TLS bytes between the enclave and the master's core; cut anywhere
  kHost = 1,       // one JSON message between the hosts
  kHeartbeat = 2,  // empty: this side is alive
};
inline constexpr std::size_t kControlHeaderSize = 5;
// A peers message for 1000 nodes is 100 KiB; TLS bytes are cut to fit.
inline constexpr std::size_t kControlPayloadLimit = 1u << 20;
ByteArray<kControlHeaderSize> encode_control_header(Channel channel, std::size_t payload_size);

// Takes bytes as they come and gives whole frames. After the first fault it stays faulted.
class ControlFrameParser {
 public:
  using OnFrame = std::function<void(Channel, ByteView)>;
  // The views live during the callback only. Errors: kMalformed, kLimit.
  Status feed(ByteView bytes, const OnFrame& on_frame);

 private:
  Bytes pending_;
  std::optional<Error> fault_;
};

// A fetch request: u32le size | u8 kind | body (1: InputRange, 2: StreamPart).
using FetchRequest = std::variant<abi::InputRange, abi::StreamPart>;
inline constexpr std::size_t kFetchRequestLimit = 256;    // the longest body is 73 bytes
Bytes encode_fetch_request(const FetchRequest& request);  // with its size
Result<FetchRequest> parse_fetch_request(ByteView body);  // without

// An answer: frames of u32le size | bytes, the size 0 at the end; or kFetchFailed | u8 code, where it stops.
// An input frame holds whole sealed chunks, a stream frame whole blocks with their u32 sizes.
inline constexpr std::size_t kAnswerFrameLimit = abi::kFramePayloadLimit;  // so that one passes the ring as it is
inline constexpr std::uint32_t kFetchFailedMark = 0xffff'ffff;
enum class FetchFailure : std::uint8_t {
  kNotFound = 1,  // no such run, chunk or complete stream here
  kBadRequest = 2,
  kStorage = 3,  // the disk failed
  kBusy = 4,     // over a limit; later it may work
};
const char* fetch_failure_text(FetchFailure failure);
Result<FetchFailure> parse_fetch_failure(std::uint8_t code);

}  // namespace brume::transport
