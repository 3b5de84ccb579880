#include "enclave/input_reader.h"

#include <algorithm>
#include <utility>

namespace brume::enclave {
namespace {

using mapreduce::FailureReason;

// Chunks per fetch and fetches on their way: what is asked for but not yet opened stays within a ring.
constexpr std::uint64_t kRequestChunks = 15;  // with their tags just below a frame's limit
constexpr std::size_t kRequestLimit = 4;
constexpr std::uint64_t kRequestSize = kRequestChunks * sealed::kAgeSealedChunkSize;

std::string chunk_name(std::uint64_t chunk) { return "input chunk " + std::to_string(chunk); }

}  // namespace

InputReader::InputReader(const mapreduce::Descriptor& descriptor, mapreduce::ChunkRange range,
                         const crypto::Key32& payload_key, Outbox& outbox, std::uint64_t& next_fetch)
    : descriptor_(descriptor),
      range_(range),
      cipher_(payload_key),
      outbox_(outbox),
      next_fetch_(next_fetch),
      next_request_(range.first),
      next_open_(range.first) {}

void InputReader::prefetch(std::uint64_t most_size) {
  request(static_cast<std::size_t>(std::min<std::uint64_t>(most_size / kRequestSize, kRequestLimit)));
}

void InputReader::begin(Taker& taker) {
  taker_ = &taker;
  request(kRequestLimit);
}

void InputReader::request(std::size_t most_requests) {
  const std::uint64_t end = range_.first + range_.count;
  while (!fault_ && next_request_ < end && requests_.size() < most_requests) {
    const std::uint64_t count = std::min(kRequestChunks, end - next_request_);
    requests_.push_back({next_fetch_++, next_request_, next_request_ + count, {}});
    outbox_.frame(abi::ToHost::kFetchInput, requests_.back().fetch,
                  {abi::encode_input_range({descriptor_.run(), next_request_, count})});
    next_request_ += count;
  }
}

InputReader::Request* InputReader::find(std::uint64_t fetch) {
  for (Request& request : requests_) {
    if (request.fetch == fetch) return &request;
  }
  return nullptr;
}

bool InputReader::owns(std::uint64_t fetch) const { return const_cast<InputReader*>(this)->find(fetch) != nullptr; }

// The sizes of all chunks are known: anything else is refused before it is kept.
bool InputReader::check_sizes(Request& request, ByteView chunks) {
  while (!chunks.empty()) {
    if (request.next == request.end) {
      fail(FailureReason::kInputRefused, chunk_name(request.next) + ": the host sent more than was asked for");
      return false;
    }
    const std::size_t size = descriptor_.place_of(request.next).size + crypto::kAeadTagSize;
    if (chunks.size() < size) {
      fail(FailureReason::kInputRefused, chunk_name(request.next) + ": cut");
      return false;
    }
    chunks = chunks.subspan(size);
    ++request.next;
  }
  return true;
}

void InputReader::on_input(std::uint64_t fetch, ByteView chunks) {
  Request* request = find(fetch);
  if (fault_ || request == nullptr || !check_sizes(*request, chunks)) return;
  if (chunks.empty()) return;  // no bound would hold for how many of them are kept
  if (taker_ == nullptr || request != &requests_.front() || !request->held.empty()) {
    request->held.push_back(to_bytes(chunks));
    return;
  }
  consume(chunks);
}

void InputReader::consume(ByteView chunks) {
  while (!chunks.empty() && !fault_) {
    const mapreduce::Descriptor::ChunkPlace place = descriptor_.place_of(next_open_);
    const ByteView chunk = chunks.first(place.size + crypto::kAeadTagSize);
    if (auto status = cipher_.open(place.index, place.is_last, chunk, taker_->room(place.size)); !status) {
      return fail(FailureReason::kInputRefused, chunk_name(next_open_) + ": " + status.error().what);
    }
    if (auto fault = taker_->filled()) return fail(fault->reason, std::move(fault->text));
    chunks = chunks.subspan(chunk.size());
    size_ += place.size;
    ++next_open_;
  }
}

void InputReader::proceed() {
  while (!fault_ && !requests_.empty()) {
    Request& front = requests_.front();
    for (const Bytes& held : std::exchange(front.held, {})) consume(held);
    if (fault_ || next_open_ < front.end) return;
    requests_.pop_front();
    request(kRequestLimit);
  }
}

void InputReader::on_blocks() {
  fail(FailureReason::kInputRefused, "the host sent blocks where chunks were asked for");
}

void InputReader::on_end(std::uint64_t fetch) {
  const Request* request = find(fetch);
  if (request == nullptr || request->next == request->end) return;
  fail(FailureReason::kInputUnavailable, chunk_name(request->next) + ": the host's answer ended before it");
}

void InputReader::on_failed(std::uint64_t fetch) {
  const Request* request = find(fetch);
  if (request == nullptr) return;
  fail(FailureReason::kInputUnavailable, chunk_name(request->next) + ": the host could not bring it");
}

}  // namespace brume::enclave
