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
// What one message may name; a longer list comes in several.
inline constexpr std::size_t kInputPlaceLimit = 4'096;
inline constexpr std::size_t kSplitRunLimit = 8'192;
inline constexpr std::size_t kPrefetchLimit = 4'096;    // streams
inline constexpr std::size_t kLocationLimit = 8'192;    // a path or URL; a signed one with a session token has 3 KiB
inline constexpr std::size_t kRootsLimit = 128u << 10;  // PEM; one root has 2 KiB
inline constexpr std::uint64_t kInputChunkLimit = 1ull << 40;
inline constexpr std::uint64_t kInputSizeLimit = 1ull << 56;  // bytes of one file
// Chunks of an age payload as they lie there; the last one of a file is shorter, and has at least its tag.
inline constexpr std::uint64_t kSealedChunkSize = 65'552;
inline constexpr std::uint64_t kSealedChunkLeast = 16;

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
// Where one input of a run lies, or one of its sides. Its payload's chunks stand there one after another, the last one
// ending the file.
struct InputPlace {
  enum class Kind { kPath, kUrl };
  std::uint64_t first_chunk = 0;  // of this file, counted through all inputs and sides of the run
  std::uint64_t chunk_count = 0;
  std::uint64_t payload_offset = 0;  // of its chunk 0 in the file
  std::uint64_t file_size = 0;
  Kind kind = Kind::kUrl;
  std::string location;  // a path that hosts share; or an http or https URL, perhaps signed

  // The bytes of the file that hold the chunks [first, first + count), counted as first_chunk; they are of this one.
  std::uint64_t offset_of(std::uint64_t chunk) const {
    return chunk == first_chunk + chunk_count ? file_size : payload_offset + (chunk - first_chunk) * kSealedChunkSize;
  }
  friend bool operator==(const InputPlace&, const InputPlace&) = default;
};
// So many splits of so many chunks each; the first run begins at chunk 0.
struct SplitRun {
  std::uint64_t chunk_count = 0;
  std::uint64_t split_count = 0;
  friend bool operator==(const SplitRun&, const SplitRun&) = default;
};
// Master to node: where inputs of a run lie that hosts fetch there. Another message adds places, and replaces those of
// the same first chunk (URLs are renewed before they expire). What no place holds is fetched from the master.
struct Inputs {
  RunId run;
  std::vector<InputPlace> places;
  std::vector<SplitRun> splits;  // all of the run's: how far it pays to read ahead
  std::string roots;             // PEM: who vouches for the https servers; "" if there are none
  friend bool operator==(const Inputs&, const Inputs&) = default;
};
// Node to master: why input could not be had; for people.
struct InputTrouble {
  RunId run;
  std::string what;
  friend bool operator==(const InputTrouble&, const InputTrouble&) = default;
};
// Master to node: this node's enclave will probably ask for these streams of one committed map task.
struct Prefetch {
  struct Stream {
    std::uint32_t partition = 0;
    std::uint64_t size = 0;  // as it is sent, each block's u32 size included
    friend bool operator==(const Stream&, const Stream&) = default;
  };
  RunId run;
  NodeId holder;
  std::uint32_t split = 0;
  Salt salt;
  std::vector<Stream> streams;
  friend bool operator==(const Prefetch&, const Prefetch&) = default;
};
// Master to node: end yourself.
struct Bye {
  std::string reason;
  friend bool operator==(const Bye&, const Bye&) = default;
};

using HostMessage = std::variant<Hello, Failed, NodeLog, Peers, DropRun, Inputs, InputTrouble, Prefetch, Bye>;

Bytes encode_host_message(const HostMessage& message);
// Refuses unknown types and fields, wrong types of fields, and values over the limits.
Result<HostMessage> parse_host_message(ByteView bytes);

}  // namespace brume::transport
