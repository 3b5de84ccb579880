// What the untrusted host parts of a cluster tell each other on channel kHost: one JSON object each. Claims
// between machines that nobody trusts: they steer where bytes are fetched, and can at worst stop the work.
#pragma once

#include <variant>

#include "base/ids.h"
#include "transport/socket.h"

namespace brume::transport {

inline constexpr std::size_t kHostNameLimit = 255;
inline constexpr std::size_t kPeerLimit = 10'000;  // 10 times the largest cluster planned for
inline constexpr std::size_t kHostTextLimit = 4'096;

// Node to master, first.
struct Hello {
  std::string name;
  std::string role;              // worker, mapper or reducer
  std::uint16_t fetch_port = 0;  // on the address it connects from
  friend bool operator==(const Hello&, const Hello&) = default;
};
// Node to master, before it gives up.
struct Failed {
  std::string what;
  friend bool operator==(const Failed&, const Failed&) = default;
};
// Node to master: a static text from its enclave program, or a line of its own.
struct NodeLog {
  std::string text;
  friend bool operator==(const NodeLog&, const NodeLog&) = default;
};
struct Peer {
  NodeId id;
  Endpoint fetch;
  friend bool operator==(const Peer&, const Peer&) = default;
};
// Master to node: who holds streams, all of them each time. `self` is the receiver's own id.
struct Peers {
  NodeId self;
  std::vector<Peer> peers;
  friend bool operator==(const Peers&, const Peers&) = default;
};
// Master to node: nothing of this run is needed any more.
struct DropRun {
  RunId run;
  friend bool operator==(const DropRun&, const DropRun&) = default;
};
// Master to node: end yourself.
struct Bye {
  std::string reason;
  friend bool operator==(const Bye&, const Bye&) = default;
};

using HostMessage = std::variant<Hello, Failed, NodeLog, Peers, DropRun, Bye>;

Bytes encode_host_message(const HostMessage& message);
// Refuses unknown types and fields, wrong types of fields, and values over the limits.
Result<HostMessage> parse_host_message(ByteView bytes);

}  // namespace brume::transport
