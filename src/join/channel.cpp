#include "join/channel.h"

#include "base/reader.h"
#include "base/writer.h"

namespace brume::join {

Status Channel::receive(ByteView from_peer) {
  BRUME_TRY(tls_.receive(from_peer));
  drop_used();
  Bytes plaintext = tls_.take_plaintext();
  if (pending_.empty()) {
    pending_ = std::move(plaintext);
    return {};
  }
  append(pending_, plaintext);
  crypto::wipe(plaintext);
  return {};
}

// What was given out may have held keys.
void Channel::drop_used() {
  std::size_t rest = pending_.size() - used_;
  if (used_ > 0 && rest > 0) std::memmove(pending_.data(), pending_.data() + used_, rest);
  crypto::wipe(MutableByteView(pending_).subspan(rest));
  pending_.resize(rest);
  used_ = 0;
}

Result<std::optional<Frame>> Channel::next(std::size_t body_limit) {
  ByteView rest = ByteView(pending_).subspan(used_);
  if (rest.size() < 4) return std::nullopt;
  Reader reader(rest);
  std::uint32_t size = reader.u32le();
  if (size == 0) return malformed("join frame: no type");
  if (size - 1 > body_limit) {
    return fail(ErrorCode::kLimit, "join frame: larger than allowed here (" + std::to_string(body_limit) + " bytes)");
  }
  if (size > reader.remaining()) return std::nullopt;
  Frame frame;
  frame.type = reader.u8();
  frame.body = to_bytes(reader.take(size - 1));
  used_ += reader.offset();
  return frame;
}

Status Channel::send(std::uint8_t type, ByteView body) {
  // One TLS record for what is small; the body of a large frame is not copied.
  Writer header;
  header.u32le(static_cast<std::uint32_t>(body.size() + 1)).u8(type);
  if (body.size() > 4096) {
    BRUME_TRY(tls_.send(header.bytes()));
    return tls_.send(body);
  }
  Bytes whole = header.raw(body).take();
  Status sent = tls_.send(whole);
  crypto::wipe(whole);
  return sent;
}

}  // namespace brume::join
