#include "enclave/fetched_stream.h"

#include <utility>

#include "enclave/held.h"

namespace brume::enclave {

// One fetch at a time is on its way.
class FetchedStream final : public ByteSource {
 public:
  FetchedStream(FetchedStreams& all, StreamToRead stream, std::size_t window, FetchedStreams::OnFault on_fault,
                FetchedStreams::OnEnd on_end)
      : all_(all),
        stream_(std::move(stream)),
        part_size_(std::max<std::size_t>(window / 2, 1)),
        framed_size_(abi::framed_size(stream_.totals.sealed_size, stream_.totals.block_count)),
        on_fault_(std::move(on_fault)),
        on_end_(std::move(on_end)) {
    request();
  }
  ~FetchedStream() override {
    if (fetch_ != 0) all_.by_fetch_.erase(fetch_);
  }
  FetchedStream(const FetchedStream&) = delete;
  FetchedStream& operator=(const FetchedStream&) = delete;

  std::expected<std::span<const std::uint8_t>, std::string> next() override {
    for (;;) {
      if (fault_) return refuse(*fault_, fault_text_);
      if (!held_.empty()) {
        auto plaintext = open_next();
        if (!plaintext) return refuse(FetchedStreams::Fault::kRefused, plaintext.error().what);
        if (stream_.opened_size != nullptr) *stream_.opened_size += plaintext->size();
        if (!plaintext->empty()) return *plaintext;
        continue;
      }
      if (received_ == framed_size_ && fetch_ == 0) return end();
      if (fetch_ == 0) request();
      if (all_.abandoned_) return std::unexpected("the task is not wanted any more");
      if (!all_.outside_.pump.pump()) return std::unexpected("the host is gone");
    }
  }

  void on_blocks(ByteView blocks) {
    if (blocks.empty()) return;
    received_ += blocks.size();
    answer_size_ += blocks.size();
    if (answer_size_ > part_size_ + kLastBlock)
      return fault(FetchedStreams::Fault::kRefused, "the host sent more of it than was asked for");
    if (received_ > framed_size_)
      return fault(FetchedStreams::Fault::kRefused, "longer than the stream that was committed");
    auto cut = abi::split_blocks(blocks, sealed::kSealedBlockLimit);
    if (!cut) return fault(FetchedStreams::Fault::kRefused, cut.error().what);
    held_size_ += blocks.size();
    keep(held_, blocks);
  }
  void on_end() {
    forget_fetch();
    if (answer_size_ == 0) return fault(FetchedStreams::Fault::kRefused, "the host's answer ended before the stream");
    if (held_size_ < part_size_ && received_ < framed_size_ && !fault_) request();
  }
  void on_failed() {
    forget_fetch();
    fault(FetchedStreams::Fault::kUnavailable, "the host could not bring it");
  }

 private:
  // An answer ends with the block that makes it large enough.
  static constexpr std::size_t kLastBlock = abi::kBlockFraming + sealed::kSealedBlockLimit;

  void request() {
    if (received_ == framed_size_) return;
    fetch_ = all_.outside_.next_fetch++;
    all_.by_fetch_[fetch_] = this;
    answer_size_ = 0;
    const abi::FetchStream fetch{{stream_.name, received_, part_size_}, stream_.holder};
    all_.outside_.outbox.frame(abi::ToHost::kFetchStream, fetch_, {abi::encode_fetch_stream(fetch)});
  }
  void forget_fetch() {
    all_.by_fetch_.erase(fetch_);
    fetch_ = 0;
  }
  void fault(FetchedStreams::Fault kind, std::string why) {
    if (fault_) return;
    fault_ = kind;
    fault_text_ = std::move(why);
  }

  Result<ByteView> open_next() {
    if (!opener_) opener_.emplace(stream_.key, stream_.id);
    const ByteView rest = ByteView(held_.front()).subspan(opened_);
    std::uint32_t size = 0;
    for (std::size_t i = abi::kBlockFraming; i-- > 0;) size = size << 8 | rest[i];
    const ByteView block = rest.subspan(abi::kBlockFraming, size);
    plaintext_.resize(std::max(plaintext_.size(), block.size()));
    const auto plaintext = opener_->open(block, plaintext_);
    opened_ += abi::kBlockFraming + size;
    held_size_ -= abi::kBlockFraming + size;
    if (opened_ == held_.front().size()) {
      held_.pop_front();
      opened_ = 0;
    }
    if (fetch_ == 0 && held_size_ < part_size_ && received_ < framed_size_) request();
    return plaintext;
  }

  std::expected<std::span<const std::uint8_t>, std::string> end() {
    if (ended_) return std::span<const std::uint8_t>();
    if (!opener_) opener_.emplace(stream_.key, stream_.id);
    if (auto status = opener_->finish(stream_.totals); !status) {
      return refuse(FetchedStreams::Fault::kRefused, status.error().what);
    }
    ended_ = true;
    opener_.reset();
    plaintext_ = {};
    if (on_end_) on_end_();
    return std::span<const std::uint8_t>();
  }
  std::unexpected<std::string> refuse(FetchedStreams::Fault kind, const std::string& why) {
    on_fault_(kind, why);
    return std::unexpected(why);
  }

  FetchedStreams& all_;
  const StreamToRead stream_;
  const std::size_t part_size_;
  const std::uint64_t framed_size_;
  const FetchedStreams::OnFault on_fault_;
  const FetchedStreams::OnEnd on_end_;
  std::uint64_t fetch_ = 0;        // on its way
  std::uint64_t answer_size_ = 0;  // what came of that
  std::uint64_t received_ = 0;
  std::uint64_t held_size_ = 0;
  std::deque<Bytes> held_;  // blocks as they came, each behind its size
  std::size_t opened_ = 0;  // of the first
  std::optional<sealed::BlockOpener> opener_;
  Bytes plaintext_;
  bool ended_ = false;
  std::optional<FetchedStreams::Fault> fault_;
  std::string fault_text_;
};

std::unique_ptr<ByteSource> FetchedStreams::open(StreamToRead stream, std::size_t window, OnFault on_fault,
                                                 OnEnd on_end) {
  return std::make_unique<FetchedStream>(*this, std::move(stream), window, std::move(on_fault), std::move(on_end));
}

void FetchedStreams::on_blocks(std::uint64_t fetch, ByteView blocks) { by_fetch_.at(fetch)->on_blocks(blocks); }
void FetchedStreams::on_end(std::uint64_t fetch) { by_fetch_.at(fetch)->on_end(); }
void FetchedStreams::on_failed(std::uint64_t fetch) { by_fetch_.at(fetch)->on_failed(); }

}  // namespace brume::enclave
