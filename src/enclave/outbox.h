// Where trusted code puts what it has to say: frames for the host, messages for the master.
#pragma once

#include <initializer_list>

#include "abi/frames.h"
#include "mapreduce/messages.h"

namespace brume::enclave {

// Frames to the host. May wait for room; a host that is gone ends the process elsewhere.
class Outbox {
 public:
  virtual ~Outbox() = default;
  // The payload is the parts, one after another; at most abi::kFramePayloadLimit bytes in all.
  virtual void frame(abi::ToHost type, std::uint64_t id, std::initializer_list<ByteView> parts) = 0;
};

// Messages to the master's core, over the join's channel.
class MessageOutbox {
 public:
  virtual ~MessageOutbox() = default;
  virtual void message(mapreduce::Message message) = 0;
};

}  // namespace brume::enclave
