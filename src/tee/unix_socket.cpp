#include "tee/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77  // asm-generic/socket.h of Linux 6.5
#endif

namespace brume::tee {
namespace {

constexpr int kBacklog = 16;

std::unexpected<Error> io_error(std::string_view doing) {
  return fail(ErrorCode::kIo, std::string(doing) + ": " + strerrordesc_np(errno));
}

// A socket's name holds 107 bytes: a longer path is named through its open directory.
struct Address {
  sockaddr_un name{};
  UniqueFd directory;
};

Result<Address> address_of(const std::string& path) {
  Address out;
  out.name.sun_family = AF_UNIX;
  std::string name = path;
  if (name.size() >= sizeof out.name.sun_path) {
    const std::size_t slash = path.rfind('/');
    if (slash == path.npos) return fail(ErrorCode::kUsage, "socket path: too long");
    out.directory.reset(::open(path.substr(0, slash + 1).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!out.directory) return io_error("socket directory");
    name = "/proc/self/fd/" + std::to_string(out.directory.get()) + path.substr(slash);
  }
  if (name.empty() || name.size() >= sizeof out.name.sun_path)
    return fail(ErrorCode::kUsage, "socket path: empty, or its name is longer than a socket's may be");
  std::memcpy(out.name.sun_path, name.data(), name.size());
  return out;
}

Result<UniqueFd> new_socket(int flags) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0));
  if (!fd) return io_error("unix socket");
  return fd;
}

Status set_timeout(int fd, int timeout_ms) {
  const timeval timeout{timeout_ms / 1000, (timeout_ms % 1000) * 1000};
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
      ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0)
    return io_error("socket timeout");
  return {};
}

// Takes over every descriptor that came, so that none is left open whatever follows.
void take_control(msghdr& header, UnixMessage& out) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_CREDENTIALS) {
      ucred credentials{};
      std::memcpy(&credentials, CMSG_DATA(part), sizeof credentials);
      out.sender_pid = credentials.pid;
    }
    if (part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      out.fds.emplace_back(fd);
    }
  }
}

}  // namespace

Result<UniqueFd> listen_unix(const std::string& path, mode_t mode) {
  BRUME_ASSIGN(const Address address, address_of(path));
  BRUME_ASSIGN(UniqueFd fd, new_socket(SOCK_NONBLOCK));
  ::unlink(path.c_str());
  // Nobody may connect before the mode is right: the socket does not listen yet.
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.name), sizeof address.name) != 0)
    return io_error("bind");
  if (::chmod(path.c_str(), mode) != 0) return io_error("socket mode");
  if (::listen(fd.get(), kBacklog) != 0) return io_error("listen");
  return fd;
}

Result<UniqueFd> connect_unix(const std::string& path, int timeout_ms) {
  BRUME_ASSIGN(const Address address, address_of(path));
  BRUME_ASSIGN(UniqueFd fd, new_socket(0));
  BRUME_TRY(set_timeout(fd.get(), timeout_ms));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.name), sizeof address.name) != 0)
    return fail(ErrorCode::kUnavailable, "connect to " + path + ": " + strerrordesc_np(errno));
  return fd;
}

std::optional<UniqueFd> accept_unix(int listener) {
  UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  if (!fd) return std::nullopt;
  if (!set_timeout(fd.get(), 5000)) return std::nullopt;
  return fd;
}

Status ask_for_senders(int fd) {
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) return io_error("SO_PASSCRED");
  return {};
}

Result<std::optional<UnixMessage>> receive_message(int fd, std::size_t limit) {
  UnixMessage out;
  out.bytes.resize(limit);
  iovec part{out.bytes.data(), out.bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kPassedFdLimit) + CMSG_SPACE(sizeof(ucred))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  ssize_t size = -1;
  do size = ::recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return fail(ErrorCode::kUnavailable, "no answer in time");
  if (size < 0 && errno == ECONNRESET) return std::optional<UnixMessage>();
  if (size < 0) return io_error("receive");
  take_control(header, out);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return fail(ErrorCode::kLimit, "message: too long, or too many descriptors with it");
  if (size == 0) return std::optional<UnixMessage>();
  out.bytes.resize(static_cast<std::size_t>(size));
  return std::optional<UnixMessage>(std::move(out));
}

Status send_message(int fd, ByteView bytes, std::initializer_list<int> fds) {
  if (fds.size() > kPassedFdLimit) return fail(ErrorCode::kLimit, "message: too many descriptors");
  iovec part{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kPassedFdLimit)] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (fds.size() > 0) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
    std::memcpy(CMSG_DATA(rights), fds.begin(), sizeof(int) * fds.size());
  }
  ssize_t sent = -1;
  do sent = ::sendmsg(fd, &header, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) return io_error("send");
  return {};
}

Result<UniqueFd> open_pidfd(pid_t pid) {
  UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!fd) return fail(ErrorCode::kNotFound, std::string("process: ") + strerrordesc_np(errno));
  return fd;
}

Result<Peer> peer_of(int fd) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return io_error("SO_PEERCRED");
  Peer peer;
  peer.pid = credentials.pid;
  peer.uid = credentials.uid;
  int pidfd = -1;
  size = sizeof pidfd;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0) {
    peer.pidfd.reset(pidfd);
    ::fcntl(pidfd, F_SETFD, FD_CLOEXEC);
    peer.held_by_kernel = true;
  } else {
    // Older kernels: the pid may have been given to another process since connect().
    BRUME_ASSIGN(peer.pidfd, open_pidfd(peer.pid));
  }
  return peer;
}

bool is_alive(const UniqueFd& pidfd) {
  pollfd item{pidfd.get(), POLLIN, 0};
  return pidfd && ::poll(&item, 1, 0) == 0;
}

}  // namespace brume::tee
