#include "transport/listener.h"

#include <sys/socket.h>

#include <cerrno>

namespace brume::transport {

Result<std::unique_ptr<Listener>> Listener::open(EventLoop& loop, const ListenOptions& options, ConnectionSink* control,
                                                 ConnectionSink* fetch) {
  std::unique_ptr<Listener> listener(new Listener(loop, options, control, fetch));
  BRUME_ASSIGN(listener->socket_, listen_tcp(options.address, options.port));
  BRUME_ASSIGN(listener->port_, local_port(listener->socket_.get()));
  Listener* self = listener.get();
  loop.run_sync([self] {
    self->watch_ = self->loop_.watch(self->socket_.get(), EPOLLIN, [self](std::uint32_t) { self->accept_some(); });
  });
  return listener;
}

Listener::~Listener() {
  loop_.run_sync([this] {
    if (watch_ != 0) loop_.unwatch(watch_);
    loop_.cancel(retry_timer_);
    while (!waiting_.empty()) (void)forget(waiting_.begin());
  });
}

void Listener::accept_some() {
  for (int i = 0; i < 64; ++i) {
    UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        // Level-triggered: without a pause this would spin until a descriptor is free.
        loop_.rewatch(watch_, 0);
        retry_timer_ = loop_.after(Milliseconds(100), [this] { loop_.rewatch(watch_, EPOLLIN); });
      }
      return;
    }
    tune_socket(socket.get());
    if (waiting_.size() >= options_.waiting_limit) (void)forget(waiting_.begin());
    const WaitingAt at = waiting_.emplace(waiting_.end());
    at->socket = std::move(socket);
    at->watch = loop_.watch(at->socket.get(), EPOLLIN, [this, at](std::uint32_t) { read_preface(at); });
    at->timer = loop_.after(options_.preface_timeout, [this, at] { (void)forget(at); });
  }
}

void Listener::read_preface(WaitingAt at) {
  const ssize_t size = ::recv(at->socket.get(), at->preface.data() + at->used, kPrefaceSize - at->used, 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    (void)forget(at);
    return;
  }
  at->used += static_cast<std::size_t>(size);
  if (at->used < kPrefaceSize) return;
  const auto kind = parse_preface(at->preface);
  UniqueFd socket = forget(at);
  if (!kind) return;
  ConnectionSink* sink = *kind == ConnectionKind::kControl ? control_ : fetch_;
  if (sink == nullptr) return;
  std::string peer = peer_address(socket.get());
  sink->adopt(std::move(socket), std::move(peer));
}

UniqueFd Listener::forget(WaitingAt at) {
  loop_.unwatch(at->watch);
  loop_.cancel(at->timer);
  UniqueFd socket = std::move(at->socket);
  waiting_.erase(at);
  return socket;
}

}  // namespace brume::transport
