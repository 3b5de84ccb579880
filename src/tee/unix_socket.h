// Unix sockets that keep message borders (SOCK_SEQPACKET), carry descriptors, and say who sent.
#pragma once

#include <sys/types.h>

#include <initializer_list>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace brume::tee {

inline constexpr std::size_t kPassedFdLimit = 4;

struct UnixMessage {
  Bytes bytes;
  pid_t sender_pid = 0;  // 0 where the socket does not ask for senders
  std::vector<UniqueFd> fds;
};

// A fresh socket file (an old one is replaced) with that mode, listening.
Result<UniqueFd> listen_unix(const std::string& path, mode_t mode);
// timeout_ms bounds every later send and receive as well.
Result<UniqueFd> connect_unix(const std::string& path, int timeout_ms);
// Nothing where no connection waits.
std::optional<UniqueFd> accept_unix(int listener);
// From now on every message that is received says its sender (SO_PASSCRED).
Status ask_for_senders(int fd);

// One whole message. Nothing at the end of the connection; an error for longer messages than
// `limit`, more descriptors than kPassedFdLimit, and timeouts.
Result<std::optional<UnixMessage>> receive_message(int fd, std::size_t limit);
// Does not wait for a peer that does not read longer than the socket's timeout.
Status send_message(int fd, ByteView bytes, std::initializer_list<int> fds = {});

// Who called connect(): kept alive as a name by the pidfd.
struct Peer {
  pid_t pid = 0;
  uid_t uid = 0;
  UniqueFd pidfd;
  bool held_by_kernel = false;  // SO_PEERPIDFD (Linux 6.5); otherwise pidfd_open on the peer's pid
};
Result<Peer> peer_of(int fd);

Result<UniqueFd> open_pidfd(pid_t pid);
// False once the process has ended, even while nobody has waited for it.
bool is_alive(const UniqueFd& pidfd);

}  // namespace brume::tee
