#include "transport/control_connection.h"

#include <sys/socket.h>

#include <algorithm>

#include "base/check.h"

namespace brume::transport {

Result<std::unique_ptr<ControlConnection>> ControlConnection::connect(const Endpoint& master,
                                                                      const ControlConnectOptions& options) {
  BRUME_ASSIGN(UniqueFd socket, connect_tcp(master, options.connect_timeout));
  BRUME_TRY(write_full(socket.get(), encode_preface(ConnectionKind::kControl), options.send_timeout));
  ByteArray<kControlHeaderSize> word;
  BRUME_ASSIGN(const bool came, read_full_or_end(socket.get(), word, options.connect_timeout));
  if (!came) return fail(ErrorCode::kUnavailable, "control: the master closed at once: it has no place for more nodes");
  if (word != encode_control_header(Channel::kHeartbeat, 0))
    return fail(ErrorCode::kMalformed, "control: the master's first frame is no heartbeat; use matching versions");
  return std::unique_ptr<ControlConnection>(new ControlConnection(std::move(socket), options));
}

Error ControlConnection::read_until_end(const ControlFrameParser::OnFrame& on_frame) {
  ControlFrameParser parser;
  Bytes buffer(256u << 10);
  for (;;) {
    const auto size = read_some(socket_.get(), buffer, options_.idle_limit);
    if (!size) return size.error();
    if (*size == 0) return {ErrorCode::kUnavailable, "control: the master closed the connection"};
    const auto fed = parser.feed(ByteView(buffer).first(*size), [&](Channel channel, ByteView payload) {
      if (channel != Channel::kHeartbeat) on_frame(channel, payload);
    });
    if (!fed) return fed.error();
  }
}

Status ControlConnection::send(Channel channel, ByteView payload) {
  BRUME_CHECK(channel == Channel::kEnclave || payload.size() <= kControlPayloadLimit);
  const std::lock_guard lock(send_mutex_);
  do {
    const ByteView piece = payload.first(std::min(payload.size(), kControlPayloadLimit));
    auto header = encode_control_header(channel, piece.size());
    iovec parts[2] = {{header.data(), header.size()}, {const_cast<std::uint8_t*>(piece.data()), piece.size()}};
    const auto sent = write_full(socket_.get(), std::span(parts), options_.send_timeout);
    if (!sent) {
      shut_down();  // half a frame may be out
      return sent;
    }
    payload = payload.subspan(piece.size());
  } while (!payload.empty());
  return {};
}

void ControlConnection::shut_down() { (void)::shutdown(socket_.get(), SHUT_RDWR); }

}  // namespace brume::transport
