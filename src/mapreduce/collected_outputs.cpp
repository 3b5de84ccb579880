#include "mapreduce/collected_outputs.h"

#include "base/check.h"

namespace brume::mapreduce {

class CollectedOutputs::Held final : public PieceSource {
 public:
  explicit Held(std::deque<Block> blocks) : blocks_(std::move(blocks)) {}

  bool at_hand() const override { return true; }
  Result<ByteView> next() override {
    do {
      shown_ = {};
      if (blocks_.empty()) return ByteView();
      shown_ = std::move(blocks_.front());
      blocks_.pop_front();
    } while (shown_.data.empty());
    return shown_.data;
  }

 private:
  std::deque<Block> blocks_;
  Block shown_;
};

// Opened again, block by block.
class CollectedOutputs::Stored final : public PieceSource {
 public:
  Stored(OutputStore& store, std::uint32_t partition, const Stream& stream)
      : store_(store),
        partition_(partition),
        opener_(stream.key, stream.id),
        committed_(stream.committed),
        plaintext_(sealed::kSealedBlockLimit) {}

  Result<ByteView> next() override {
    for (;;) {
      if (opener_.ended()) {
        if (!checked_) BRUME_TRY(opener_.finish(committed_));
        checked_ = true;
        return ByteView();
      }
      BRUME_ASSIGN(const ByteView block, store_.get(partition_, index_++));
      if (block.empty()) return fail(ErrorCode::kAuthFailed, "stored output " + std::to_string(partition_) + " is cut");
      BRUME_ASSIGN(const ByteView plaintext, opener_.open(block, plaintext_));
      if (!plaintext.empty()) return plaintext;
    }
  }

 private:
  OutputStore& store_;
  const std::uint32_t partition_;
  sealed::BlockOpener opener_;
  const sealed::StreamTotals committed_;
  Bytes plaintext_;
  std::uint64_t index_ = 0;
  bool checked_ = false;
};

void CollectedOutputs::begin(std::uint32_t partition, const crypto::Key32& key, const sealed::StreamId& id,
                             const sealed::StreamTotals& committed) {
  discard(partition);
  const bool fits = committed.sealed_size <= room_;
  const std::uint64_t reserved = fits ? committed.sealed_size : 0;
  room_ -= reserved;
  outputs_[partition].emplace(key, id, committed, sealed::BlockOpener(key, id), reserved);
}

void CollectedOutputs::discard(std::uint32_t partition) {
  store_.discard(partition);
  if (outputs_[partition]) room_ += outputs_[partition]->reserved;
  outputs_[partition].reset();
}

Status CollectedOutputs::add(std::uint32_t partition, ByteView sealed_block) {
  Stream& stream = *outputs_[partition];
  stream.sealed_size += sealed_block.size();
  if (stream.sealed_size > stream.committed.sealed_size)
    return fail(ErrorCode::kAuthFailed, "longer than the committed stream");
  Block block{std::make_unique_for_overwrite<std::uint8_t[]>(sealed_block.size()), {}};
  const MutableByteView room(block.bytes.get(), sealed_block.size());
  BRUME_ASSIGN(block.data, stream.opener.open(sealed_block, room));
  if (stream.reserved > 0) {
    stream.blocks.push_back(std::move(block));
    return {};
  }
  crypto::wipe(room);
  return store_.put(partition, sealed_block);
}

Status CollectedOutputs::end(std::uint32_t partition) {
  return outputs_[partition]->opener.finish(outputs_[partition]->committed);
}

std::vector<std::unique_ptr<PieceSource>> CollectedOutputs::take() {
  std::vector<std::unique_ptr<PieceSource>> sources;
  for (std::uint32_t partition = 0; partition < outputs_.size(); ++partition) {
    BRUME_CHECK(outputs_[partition].has_value());
    Stream& stream = *outputs_[partition];
    if (stream.reserved > 0) {
      sources.push_back(std::make_unique<Held>(std::move(stream.blocks)));
    } else {
      sources.push_back(std::make_unique<Stored>(store_, partition, stream));
    }
  }
  return sources;
}

}  // namespace brume::mapreduce
