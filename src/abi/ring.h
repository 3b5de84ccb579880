// Frames between a node and its enclave over shared memory: two byte rings in one memfd, each with
// one writer and one reader that do not trust each other.
//
// Layout of the file: page 0 holds the indices; then `capacity` bytes host to enclave, then
// `capacity` bytes enclave to host (a power of two; whoever maps the file computes it from its
// size). A frame: u32 payload size | u16 type | u16 zero | u64 id | payload, padded to 16 bytes;
// it is published whole. Indices count bytes since the start, so `head - tail` is what is in it.
//
// A side keeps its own index to itself, reads the other's once per step and checks it; a payload
// is copied out before it is looked at. A ring whose peer broke a rule stays broken.
// Neither side may wait for room without still reading, or both can wait for ever: the enclave
// blocks in write(), so the host must not.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::abi {

inline constexpr std::size_t kFrameHeaderSize = 16;
inline constexpr std::size_t kFramePayloadLimit = 1u << 20;
inline constexpr std::size_t kRingCapacityDefault = 4u << 20;
inline constexpr std::size_t kRingCapacityLeast = 2u << 20;  // a whole frame always fits
inline constexpr std::size_t kRingCapacityLimit = 256u << 20;
inline constexpr std::size_t kRingControlSize = 4096;
// How often a side looks again before it sleeps: up to the limit where that has paid, down to the
// least where it has not. 1000 looks are about 40 us, lost where nodes outnumber cores.
inline constexpr std::uint32_t kSpinCountDefault = 1000;
inline constexpr std::uint32_t kSpinCountLeast = 50;
struct Spin {
  std::uint32_t limit = kSpinCountDefault;
  std::uint32_t count = kSpinCountDefault;
};

inline constexpr std::size_t ring_file_size(std::size_t capacity) { return kRingControlSize + 2 * capacity; }

// How a side sleeps. The only part that differs between host, enclave and test.
class RingWait {
 public:
  virtual ~RingWait() = default;
  // Returns when *word may differ from `expected` (early returns are fine). False: the peer is gone.
  virtual bool wait(std::uint32_t* word, std::uint32_t expected) = 0;
  virtual void wake(std::uint32_t* word) = 0;
};

enum class RingStep {
  kDone,
  kLater,     // nothing to read, or no room, just now
  kPeerGone,  // process ended, or it closed its side and everything was read
  kBroken,    // the peer broke the rules of the ring
};

struct RingDirection;  // shared indices of one direction

// One direction's shared memory as one side sees it.
struct RingHalf {
  RingDirection* shared = nullptr;
  std::uint8_t* data = nullptr;
  std::uint64_t capacity = 0;
};

struct RingMap {
  RingHalf to_enclave;
  RingHalf to_host;
};
// Refuses a size that no capacity within the limits gives, and unaligned memory. Takes no ownership.
Result<RingMap> map_ring(void* memory, std::size_t size);

struct Frame {
  std::uint16_t type = 0;
  std::uint64_t id = 0;
  ByteView payload;  // valid until the reader's next step
};

class FrameWriter {
 public:
  FrameWriter(RingHalf half, RingWait& wait, std::uint32_t spin_count = kSpinCountDefault)
      : half_(half), wait_(&wait), spin_{spin_count, spin_count} {}
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;

  // The payload is the parts, one after another; at most kFramePayloadLimit bytes in all (CHECKed).
  // Never kLater: waits for room.
  [[nodiscard]] RingStep write(std::uint16_t type, std::uint64_t id, std::initializer_list<ByteView> parts);
  // Never waits.
  [[nodiscard]] RingStep try_write(std::uint16_t type, std::uint64_t id, std::initializer_list<ByteView> parts);
  // Puts a payload into one or two parts of the ring; false where it cannot.
  using Fill = std::function<bool(std::span<const MutableByteView> parts)>;
  // A payload of `size` bytes, with no copy on its way. kLater: there is no room, or `fill` said no; nothing is written
  // then. Never waits.
  [[nodiscard]] RingStep try_write_by(std::uint16_t type, std::uint64_t id, std::size_t size, const Fill& fill);
  // Waits until a payload of that size would fit: kDone, kPeerGone or kBroken.
  [[nodiscard]] RingStep wait_for_room(std::size_t payload_size);
  // Tells the reader that nothing more will come.
  void close();

 private:
  RingStep room_for(std::uint64_t frame_size);
  void put(std::uint64_t at, ByteView bytes);
  void publish(std::uint16_t type, std::uint64_t id, std::size_t size);

  RingHalf half_;
  RingWait* wait_;
  Spin spin_;
  std::uint64_t head_ = 0;
  std::uint64_t tail_seen_ = 0;
  bool broken_ = false;
};

class FrameReader {
 public:
  FrameReader(RingHalf half, RingWait& wait, std::uint32_t spin_count = kSpinCountDefault);
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  // Never kLater: waits for a frame.
  [[nodiscard]] RingStep next(Frame& frame);
  // Never waits.
  [[nodiscard]] RingStep try_next(Frame& frame);

 private:
  RingStep available(std::uint64_t& size);
  void get(std::uint64_t at, MutableByteView out) const;

  RingHalf half_;
  RingWait* wait_;
  Spin spin_;
  std::uint64_t tail_ = 0;
  std::uint64_t head_seen_ = 0;
  bool broken_ = false;
  std::unique_ptr<std::uint8_t[]> payload_;  // not initialised: untouched pages stay untouched
};

}  // namespace brume::abi
