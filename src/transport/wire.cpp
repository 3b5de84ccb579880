#include "transport/wire.h"

#include <algorithm>

#include "base/check.h"
#include "base/reader.h"
#include "base/writer.h"

namespace brume::transport {

ByteArray<kPrefaceSize> encode_preface(ConnectionKind kind) {
  return {'B', 'R', 'M', '1', static_cast<std::uint8_t>(kind)};
}

Result<ConnectionKind> parse_preface(ByteView bytes) {
  if (bytes.size() != kPrefaceSize || as_chars(bytes.first(4)) != "BRM1") return malformed("preface: not BRM1");
  if (bytes[4] != 1 && bytes[4] != 2) return fail(ErrorCode::kUnsupported, "preface: unknown connection kind");
  return static_cast<ConnectionKind>(bytes[4]);
}

ByteArray<kControlHeaderSize> encode_control_header(Channel channel, std::size_t payload_size) {
  BRUME_CHECK(payload_size <= kControlPayloadLimit);
  ByteArray<kControlHeaderSize> out{};
  for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(payload_size >> (8 * i));
  out[4] = static_cast<std::uint8_t>(channel);
  return out;
}

namespace {

struct ControlHeader {
  Channel channel;
  std::size_t payload_size;
};

Result<ControlHeader> parse_control_header(ByteView bytes) {
  Reader reader(bytes);
  const std::uint32_t size = reader.u32le();
  const std::uint8_t channel = reader.u8();
  BRUME_TRY(reader.done("control header"));
  if (channel > static_cast<std::uint8_t>(Channel::kHeartbeat)) {
    return fail(ErrorCode::kUnsupported, "control frame: unknown channel");
  }
  if (size > kControlPayloadLimit) return fail(ErrorCode::kLimit, "control frame: size is over the limit");
  if (channel == static_cast<std::uint8_t>(Channel::kHeartbeat) && size != 0) {
    return malformed("control frame: a heartbeat is empty");
  }
  return ControlHeader{static_cast<Channel>(channel), size};
}

}  // namespace

Status ControlFrameParser::feed(ByteView bytes, const OnFrame& on_frame) {
  if (fault_) return std::unexpected(*fault_);
  // Whole frames are given from the input itself; only what is cut waits in pending_.
  for (;;) {
    if (pending_.size() < kControlHeaderSize) {
      const std::size_t step = std::min(kControlHeaderSize - pending_.size(), bytes.size());
      append(pending_, bytes.first(step));
      bytes = bytes.subspan(step);
      if (pending_.size() < kControlHeaderSize) return {};
    }
    const auto header = parse_control_header(ByteView(pending_).first(kControlHeaderSize));
    if (!header) {
      fault_ = header.error();
      return std::unexpected(*fault_);
    }
    const std::size_t have = pending_.size() - kControlHeaderSize;
    if (have == 0 && bytes.size() >= header->payload_size) {
      pending_.clear();
      const ByteView payload = bytes.first(header->payload_size);
      bytes = bytes.subspan(header->payload_size);
      on_frame(header->channel, payload);
      continue;
    }
    const std::size_t step = std::min(header->payload_size - have, bytes.size());
    append(pending_, bytes.first(step));
    bytes = bytes.subspan(step);
    if (have + step < header->payload_size) return {};
    const Bytes whole = std::exchange(pending_, {});
    on_frame(header->channel, ByteView(whole).subspan(kControlHeaderSize));
  }
}

Bytes encode_fetch_request(const FetchRequest& request) {
  Writer body;
  if (const auto* range = std::get_if<abi::InputRange>(&request)) {
    body.u8(1).raw(abi::encode_input_range(*range));
  } else {
    body.u8(2).raw(abi::encode_stream_part(std::get<abi::StreamPart>(request)));
  }
  return Writer().sized(body.bytes()).take();
}

Result<FetchRequest> parse_fetch_request(ByteView body) {
  if (body.empty()) return malformed("fetch request: empty");
  if (body[0] == 1) {
    BRUME_ASSIGN(const abi::InputRange range, abi::parse_input_range(body.subspan(1)));
    return FetchRequest(range);
  }
  if (body[0] == 2) {
    BRUME_ASSIGN(const abi::StreamPart part, abi::parse_stream_part(body.subspan(1)));
    return FetchRequest(part);
  }
  return fail(ErrorCode::kUnsupported, "fetch request: unknown kind");
}

const char* fetch_failure_text(FetchFailure failure) {
  switch (failure) {
    case FetchFailure::kNotFound:
      return "the peer does not have it";
    case FetchFailure::kBadRequest:
      return "the peer calls the request malformed";
    case FetchFailure::kStorage:
      return "the peer's storage failed";
    case FetchFailure::kBusy:
      return "the peer is over a limit";
  }
  return "unknown failure";
}

Result<FetchFailure> parse_fetch_failure(std::uint8_t code) {
  if (code < 1 || code > 4) return fail(ErrorCode::kUnsupported, "fetch answer: unknown failure code");
  return static_cast<FetchFailure>(code);
}

}  // namespace brume::transport
