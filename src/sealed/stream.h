// Sealed block streams: what mappers and reducers exchange and hosts store. A stream opens whole and in
// order, as the one stream that was named, or not at all.
//
// Format: docs/formats/sealed-stream.md.
//   sealed block = flags u8 | ChaCha20-Poly1305(key, nonce = sequence, AAD, plaintext) | tag 16
// Each stream has a key of its own (mapreduce/keys.h), so a sequence number is nonce enough.
#pragma once

#include <memory>
#include <optional>

#include "base/ids.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "sealed/padding.h"

namespace brume::sealed {

// Large enough that a block's fixed cost vanishes, small enough to stay in a core's cache.
inline constexpr std::size_t kBlockPlaintextLimit = 256u << 10;
inline constexpr std::size_t kBlockOverhead = 1 + crypto::kAeadTagSize;
inline constexpr std::size_t kSealedBlockLimit = kBlockPlaintextLimit + kBlockOverhead;
// 2^32 blocks are 1 PiB.
inline constexpr std::uint64_t kBlockCountLimit = 1ull << 32;

// Which stream of which attempt of which task of which run: all of it stands in every block's AAD.
struct StreamId {
  Sha256Digest descriptor_hash;
  std::uint8_t stage = 0;  // mapreduce::Stage
  std::uint32_t split = 0;
  std::uint32_t split_count = 0;
  std::uint32_t partition = 0;
  std::uint32_t partition_count = 0;
  Salt salt;
  friend bool operator==(const StreamId&, const StreamId&) = default;
};

// What an attempt reports over its attested channel and the master commits.
struct StreamTotals {
  std::uint64_t block_count = 0;
  std::uint64_t sealed_size = 0;  // of all sealed blocks, without any framing around them
  Sha256Digest digest;            // SHA-256 of all tags in order
  friend bool operator==(const StreamTotals&, const StreamTotals&) = default;
};

// What an opener found wrong. Where an AEAD cannot tell why a block did not open, the opener tries
// neighbouring sequence numbers, once, to say it.
enum class StreamFault {
  kNone,
  kSize,       // a block that is shorter or longer than blocks are, or has unknown flags
  kForeign,    // of another stream (run, task, attempt, partition), or altered
  kRepeated,   // a block that came before: doubled or replayed
  kReordered,  // a block of this stream before its turn: one was dropped or they were reordered
  kAfterLast,  // a block after the last one
  kTruncated,  // the last block never came
  kTotals,     // whole, but not the stream that was committed (count, size or digest)
  kPadding,    // authentic, but its padding is not as this format has it
};
const char* stream_fault_name(StreamFault fault);

namespace detail {

inline constexpr std::size_t kStreamAadSize = 13 + 32 + 1 + 4 * 4 + 32 + 8 + 1;
inline constexpr std::uint8_t kFlagLast = 1;
inline constexpr std::uint8_t kFlagPadded = 2;
inline constexpr std::size_t kPaddedHeaderSize = 4;

// AAD and nonce of one block after another.
class BlockNames {
 public:
  explicit BlockNames(const StreamId& id);
  ByteView aad(std::uint64_t sequence, std::uint8_t flags);
  static crypto::AeadNonce nonce(std::uint64_t sequence);

 private:
  ByteArray<kStreamAadSize> aad_;
};

struct WipeAndFree {
  std::size_t size = 0;
  void operator()(std::uint8_t* bytes) const {
    crypto::wipe({bytes, size});
    delete[] bytes;
  }
};

}  // namespace detail

// Plaintext in, sealed blocks out. Two ways in, that may be mixed:
// - push(): bytes of any size; whole blocks of them are sealed where they lie, the rest is copied once;
// - room() and commit(): the caller writes straight into the block that is being filled.
// Sealed blocks are handed to `emit`, Status(ByteView), and lie in the caller's `out` (at least
// kSealedBlockLimit bytes), which is written over by the next one. An error of `emit` ends the call and the stream.
class BlockSealer {
 public:
  struct Options {
    Padding padding = Padding::off();
    // Plaintext of a full block; at most kBlockPlaintextLimit. Less where many streams are open at once.
    std::size_t block_size = kBlockPlaintextLimit;
  };
  BlockSealer(const crypto::Key32& key, const StreamId& id);
  BlockSealer(const crypto::Key32& key, const StreamId& id, const Options& options);

  template <typename Emit>
  Status push(ByteView plaintext, MutableByteView out, Emit&& emit) {
    while (!plaintext.empty()) {
      if (used_ == 0 && !padded_ && plaintext.size() >= capacity_) {
        BRUME_TRY(emit(seal(plaintext.first(capacity_), false, out)));
        plaintext = plaintext.subspan(capacity_);
        continue;
      }
      MutableByteView space = room();
      std::size_t size = std::min(space.size(), plaintext.size());
      std::memcpy(space.data(), plaintext.data(), size);
      plaintext = plaintext.subspan(size);
      BRUME_TRY(commit(size, out, emit));
    }
    return {};
  }

  // Free bytes of the block that is being filled; never empty.
  MutableByteView room();
  // Says that `size` bytes of room() hold data; seals the block if that fills it.
  template <typename Emit>
  Status commit(std::size_t size, MutableByteView out, Emit&& emit) {
    used_ += size;
    data_size_ += size;
    if (used_ < capacity_) return {};
    return emit(seal_filled(false, out));
  }

  // Seals what is left as the last block (which may be empty), after blocks of padding where padding
  // asks for them. Once, and nothing after it.
  template <typename Emit>
  Result<StreamTotals> finish(MutableByteView out, Emit&& emit) {
    for (std::uint64_t rest = padded_rest(); rest > 0;) {
      std::size_t zeros = static_cast<std::size_t>(std::min<std::uint64_t>(rest, capacity_ - used_));
      add_zeros(zeros);
      rest -= zeros;
      if (used_ == capacity_) BRUME_TRY(emit(seal_filled(false, out)));
    }
    BRUME_TRY(emit(seal_filled(true, out)));
    return close();
  }

  // Plaintext so far, without padding.
  std::uint64_t data_size() const { return data_size_ + direct_size_; }

 private:
  ByteView seal(ByteView plaintext, bool last, MutableByteView out);
  ByteView seal_filled(bool last, MutableByteView out);
  ByteView seal_block(ByteView plaintext, bool last, MutableByteView out);
  std::uint64_t padded_rest() const;
  void add_zeros(std::size_t size);
  std::uint8_t* buffer();
  StreamTotals close();

  crypto::Aead aead_;
  detail::BlockNames names_;
  crypto::Sha256 tags_;
  Padding padding_;
  bool padded_;
  bool finished_ = false;
  std::size_t block_size_;
  std::size_t capacity_;  // bytes of data in a full block
  std::size_t used_ = 0;  // of the block that is being filled: data, then zeros
  std::size_t zeros_ = 0;
  std::uint64_t data_size_ = 0;
  std::uint64_t direct_size_ = 0;
  std::unique_ptr<std::uint8_t[], detail::WipeAndFree> buffer_;  // [size u32, if padded] data
  StreamTotals totals_;
};

// Sealed blocks in order in, plaintext out. What open() yields is authentic and in its place, but only
// finish() says that the stream is whole and the committed one: until then nothing that was made from
// it may count. After a fault every further call fails.
class BlockOpener {
 public:
  BlockOpener(const crypto::Key32& key, const StreamId& id);

  // `sealed`: one block, in memory that nobody else changes. `out`: at least sealed.size() bytes. The data
  // lies in `out`.
  Result<ByteView> open(ByteView sealed, MutableByteView out);
  // Whether the last block has come.
  bool ended() const { return ended_; }
  Status finish(const StreamTotals& committed);

  StreamFault fault() const { return fault_; }

 private:
  std::unexpected<Error> refuse(StreamFault fault);
  std::unexpected<Error> refuse_block(StreamFault fault, std::uint64_t sequence);
  Result<ByteView> without_padding(ByteView plaintext);
  StreamFault diagnose(ByteView sealed, MutableByteView out);
  bool try_open(std::uint64_t sequence, ByteView sealed, MutableByteView out);

  crypto::Aead aead_;
  detail::BlockNames names_;
  crypto::Sha256 tags_;
  StreamTotals totals_;
  std::string place_;
  bool ended_ = false;
  bool closed_ = false;
  StreamFault fault_ = StreamFault::kNone;
};

}  // namespace brume::sealed
