#include "abi/ring.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>

#include "base/check.h"

namespace brume::abi {

// Each word on a cache line of its own: head and reader_sleeps are read by one side, written by
// the other.
struct RingDirection {
  alignas(64) std::uint64_t head;
  alignas(64) std::uint64_t tail;
  alignas(64) std::uint32_t reader_sleeps;
  alignas(64) std::uint32_t writer_sleeps;
  alignas(64) std::uint32_t closed;
};

namespace {

constexpr std::size_t kToEnclaveAt = 0;
constexpr std::size_t kToHostAt = 1024;
constexpr std::uint64_t kFrameAlign = 16;
static_assert(sizeof(RingDirection) <= kToHostAt - kToEnclaveAt);

// Sequentially consistent, all of them: "I moved my index, does the other sleep?" and "I say that I
// sleep, did the other move its index?" must not both be answered with the old value.
template <typename Word>
Word load(Word& word) {
  return std::atomic_ref<Word>(word).load();
}
template <typename Word>
void store(Word& word, Word value) {
  std::atomic_ref<Word>(word).store(value);
}

std::uint64_t padded(std::uint64_t size) { return (size + kFrameAlign - 1) & ~(kFrameAlign - 1); }

// After the other side's index was moved: wakes it if it said that it sleeps.
void wake_sleeper(std::uint32_t& sleeps, RingWait& wait) {
  if (load(sleeps) == 0) return;
  store(sleeps, 0u);
  wait.wake(&sleeps);
}

// Calls `step` until it no longer says kLater: first spinning, then asleep on `sleeps`.
template <typename Step>
RingStep until_done(Step step, Spin& spin, std::uint32_t& sleeps, RingWait& wait) {
  for (std::uint32_t spins = 0; spins < spin.count; ++spins) {
    if (const RingStep result = step(); result != RingStep::kLater) {
      spin.count = std::min(2 * spin.count, spin.limit);
      return result;
    }
    __builtin_ia32_pause();
  }
  spin.count = std::max(spin.count / 2, std::min(kSpinCountLeast, spin.limit));
  for (bool peer_lives = true;;) {
    store(sleeps, 1u);
    if (const RingStep result = step(); result != RingStep::kLater) {
      store(sleeps, 0u);
      return result;
    }
    if (!peer_lives) return RingStep::kPeerGone;
    peer_lives = wait.wait(&sleeps, 1);
  }
}

RingHalf half_at(std::uint8_t* memory, std::size_t control, std::size_t data, std::size_t capacity) {
  return {reinterpret_cast<RingDirection*>(memory + control), memory + data, capacity};
}

// Where that many bytes lie: up to the ring's end, and what is left at its begin.
std::array<MutableByteView, 2> parts_of(const RingHalf& half, std::uint64_t at, std::size_t size) {
  const std::size_t offset = static_cast<std::size_t>(at & (half.capacity - 1));
  const std::size_t first = std::min<std::size_t>(size, half.capacity - offset);
  return {MutableByteView(half.data + offset, first), MutableByteView(half.data, size - first)};
}

}  // namespace

Result<RingMap> map_ring(void* memory, std::size_t size) {
  if (memory == nullptr || reinterpret_cast<std::uintptr_t>(memory) % 64 != 0) return malformed("ring: alignment");
  if (size < ring_file_size(kRingCapacityLeast) || size > ring_file_size(kRingCapacityLimit))
    return malformed("ring: size");
  const std::size_t capacity = (size - kRingControlSize) / 2;
  if (!std::has_single_bit(capacity) || ring_file_size(capacity) != size) return malformed("ring: size");
  auto* bytes = static_cast<std::uint8_t*>(memory);
  return RingMap{half_at(bytes, kToEnclaveAt, kRingControlSize, capacity),
                 half_at(bytes, kToHostAt, kRingControlSize + capacity, capacity)};
}

RingStep FrameWriter::room_for(std::uint64_t frame_size) {
  if (broken_) return RingStep::kBroken;
  if (half_.capacity - (head_ - tail_seen_) >= frame_size) return RingStep::kDone;
  const std::uint64_t tail = load(half_.shared->tail);
  // The reader's index lies between what it said before and what was written.
  if (tail - tail_seen_ > head_ - tail_seen_) {
    broken_ = true;
    return RingStep::kBroken;
  }
  tail_seen_ = tail;
  return half_.capacity - (head_ - tail_seen_) >= frame_size ? RingStep::kDone : RingStep::kLater;
}

void FrameWriter::put(std::uint64_t at, ByteView bytes) {
  for (const MutableByteView part : parts_of(half_, at, bytes.size())) {
    if (!part.empty()) std::memcpy(part.data(), bytes.data(), part.size());
    bytes = bytes.subspan(part.size());
  }
}

// The payload is in its place.
void FrameWriter::publish(std::uint16_t type, std::uint64_t id, std::size_t size) {
  ByteArray<kFrameHeaderSize> header{};
  const auto size32 = static_cast<std::uint32_t>(size);
  std::memcpy(header.data(), &size32, 4);
  std::memcpy(header.data() + 4, &type, 2);
  std::memcpy(header.data() + 8, &id, 8);
  put(head_, header);
  head_ += padded(kFrameHeaderSize + size);
  store(half_.shared->head, head_);
  wake_sleeper(half_.shared->reader_sleeps, *wait_);
}

RingStep FrameWriter::try_write(std::uint16_t type, std::uint64_t id, std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (ByteView part : parts) {
    BRUME_CHECK(part.size() <= kFramePayloadLimit - size);
    size += part.size();
  }
  if (const RingStep room = room_for(padded(kFrameHeaderSize + size)); room != RingStep::kDone) return room;
  std::uint64_t at = head_ + kFrameHeaderSize;
  for (ByteView part : parts) {
    put(at, part);
    at += part.size();
  }
  publish(type, id, size);
  return RingStep::kDone;
}

RingStep FrameWriter::try_write_by(std::uint16_t type, std::uint64_t id, std::size_t size, const Fill& fill) {
  BRUME_CHECK(size <= kFramePayloadLimit);
  if (const RingStep room = room_for(padded(kFrameHeaderSize + size)); room != RingStep::kDone) return room;
  const auto parts = parts_of(half_, head_ + kFrameHeaderSize, size);
  if (!fill(std::span(parts).first(parts[1].empty() ? 1 : 2))) return RingStep::kLater;
  publish(type, id, size);
  return RingStep::kDone;
}

RingStep FrameWriter::wait_for_room(std::size_t payload_size) {
  BRUME_CHECK(payload_size <= kFramePayloadLimit);
  const std::uint64_t frame_size = padded(kFrameHeaderSize + payload_size);
  return until_done([&] { return room_for(frame_size); }, spin_, half_.shared->writer_sleeps, *wait_);
}

RingStep FrameWriter::write(std::uint16_t type, std::uint64_t id, std::initializer_list<ByteView> parts) {
  const RingStep step = try_write(type, id, parts);
  if (step != RingStep::kLater) return step;
  std::size_t size = 0;
  for (ByteView part : parts) size += part.size();
  if (const RingStep room = wait_for_room(size); room != RingStep::kDone) return room;
  return try_write(type, id, parts);
}

void FrameWriter::close() {
  store(half_.shared->closed, 1u);
  wake_sleeper(half_.shared->reader_sleeps, *wait_);
}

FrameReader::FrameReader(RingHalf half, RingWait& wait, std::uint32_t spin_count)
    : half_(half), wait_(&wait), spin_{spin_count, spin_count}, payload_(new std::uint8_t[kFramePayloadLimit]) {}

RingStep FrameReader::available(std::uint64_t& size) {
  if (broken_) return RingStep::kBroken;
  if (head_seen_ == tail_) {
    // `closed` first: what was published before it was set is then seen by the read of `head`.
    const bool closed = load(half_.shared->closed) != 0;
    const std::uint64_t head = load(half_.shared->head);
    if (head - tail_ > half_.capacity || head % kFrameAlign != 0) {
      broken_ = true;
      return RingStep::kBroken;
    }
    if (head == tail_) return closed ? RingStep::kPeerGone : RingStep::kLater;
    head_seen_ = head;
  }
  size = head_seen_ - tail_;
  return RingStep::kDone;
}

void FrameReader::get(std::uint64_t at, MutableByteView out) const {
  for (const MutableByteView part : parts_of(half_, at, out.size())) {
    if (!part.empty()) std::memcpy(out.data(), part.data(), part.size());
    out = out.subspan(part.size());
  }
}

RingStep FrameReader::try_next(Frame& frame) {
  std::uint64_t published = 0;
  if (const RingStep step = available(published); step != RingStep::kDone) return step;
  ByteArray<kFrameHeaderSize> header;
  get(tail_, header);
  std::uint32_t size = 0;
  std::uint16_t zero = 0;
  std::memcpy(&size, header.data(), 4);
  std::memcpy(&frame.type, header.data() + 4, 2);
  std::memcpy(&zero, header.data() + 6, 2);
  std::memcpy(&frame.id, header.data() + 8, 8);
  if (size > kFramePayloadLimit || zero != 0 || padded(kFrameHeaderSize + size) > published) {
    broken_ = true;
    return RingStep::kBroken;
  }
  get(tail_ + kFrameHeaderSize, {payload_.get(), size});
  frame.payload = {payload_.get(), size};
  tail_ += padded(kFrameHeaderSize + size);
  store(half_.shared->tail, tail_);
  wake_sleeper(half_.shared->writer_sleeps, *wait_);
  return RingStep::kDone;
}

RingStep FrameReader::next(Frame& frame) {
  return until_done([&] { return try_next(frame); }, spin_, half_.shared->reader_sleeps, *wait_);
}

}  // namespace brume::abi
