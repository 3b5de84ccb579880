#include "enclave/map_run.h"

namespace brume::enclave {
namespace {

using mapreduce::FailureReason;

// Chunks per fetch and fetches on their way: what is asked for but not yet opened stays within a ring.
constexpr std::uint64_t kRequestChunks = 15;  // with their tags just below a frame's limit
constexpr std::size_t kRequestLimit = 4;

std::string chunk_name(std::uint64_t chunk) { return "input chunk " + std::to_string(chunk); }

}  // namespace

MapRun::Work::Work(MapRun& run, const crypto::Key32& task_key)
    : salt(run.context_.random.make<Salt>()),
      streams(run.descriptor(), run.id(), task_key, salt, run.context_.outbox,
              run.context_.program.merges() ? kMergedBlock : sealed::kBlockPlaintextLimit),
      scratch(run.descriptor(), run.id(), task_key, salt, run.context_.outbox, run.fetched_, run.scratch_fault()),
      engine(run.context_.program, scratch, streams, run.descriptor().partition_count()),
      cutter(run.context_.program.borders(),
             run.descriptor().has_stitch() ? mapreduce::SplitCutter::Extent::kPart
                                           : mapreduce::SplitCutter::Extent::kWholeInput,
             run.range_.first * mapreduce::kChunkSize, run.context_.limits.longest_record, engine) {}

MapRun::MapRun(TaskContext& context, const mapreduce::Descriptor& descriptor, const mapreduce::MapOrder& order)
    : Task(context, descriptor, order.ticket, {mapreduce::Stage::kMap, order.split}),
      task_key_(order.task_key),
      cipher_(order.payload_key),
      range_(descriptor.range(order.split)),
      next_request_(range_.first),
      next_open_(range_.first) {}

void MapRun::request() {
  const std::uint64_t end = range_.first + range_.count;
  while (!over() && next_request_ < end && requests_.size() < kRequestLimit) {
    const std::uint64_t count = std::min(kRequestChunks, end - next_request_);
    requests_.push_back({context_.next_fetch++, next_request_, next_request_ + count, {}});
    context_.outbox.frame(abi::ToHost::kFetchInput, requests_.back().fetch,
                          {abi::encode_input_range({descriptor().run(), next_request_, count})});
    next_request_ += count;
  }
}

void MapRun::start() { work_ = std::make_unique<Work>(*this, task_key_); }

MapRun::Request* MapRun::find(std::uint64_t fetch) {
  for (Request& request : requests_) {
    if (request.fetch == fetch) return &request;
  }
  return nullptr;
}

bool MapRun::awaits(std::uint64_t fetch) const { return const_cast<MapRun*>(this)->find(fetch) != nullptr; }

// The sizes of all chunks are known: anything else is refused before it is kept.
bool MapRun::check_sizes(Request& request, ByteView chunks) {
  while (!chunks.empty()) {
    if (request.next == request.end) {
      fail(FailureReason::kInputRefused, chunk_name(request.next) + ": the host sent more than was asked for");
      return false;
    }
    const std::size_t size = descriptor().chunk_size(request.next) + crypto::kAeadTagSize;
    if (chunks.size() < size) {
      fail(FailureReason::kInputRefused, chunk_name(request.next) + ": cut");
      return false;
    }
    chunks = chunks.subspan(size);
    ++request.next;
  }
  return true;
}

void MapRun::on_input(std::uint64_t fetch, ByteView chunks) {
  Request* request = find(fetch);
  if (over() || request == nullptr || !check_sizes(*request, chunks)) return;
  if (!work_ || request != &requests_.front() || !request->held.empty()) {
    request->held.push_back(to_bytes(chunks));
    return;
  }
  consume(chunks);
}

void MapRun::consume(ByteView chunks) {
  while (!chunks.empty() && !over()) {
    const std::uint64_t index = next_open_;
    const std::size_t size = descriptor().chunk_size(index);
    const bool last = index + 1 == descriptor().fields().input.chunk_count;
    const MutableByteView plaintext = work_->cutter.next_chunk(size);
    if (auto status = cipher_.open(index, last, chunks.first(size + crypto::kAeadTagSize), plaintext); !status) {
      return fail(FailureReason::kInputRefused, chunk_name(index) + ": " + status.error().what);
    }
    if (auto status = work_->cutter.advance(); !status) return fail(reason_of(status.error()), status.error().what);
    chunks = chunks.subspan(size + crypto::kAeadTagSize);
    input_size_ += size;
    ++next_open_;
  }
}

// Opens what is held in its order, asks for more, and finishes after the last chunk.
void MapRun::work() {
  while (!over() && !requests_.empty()) {
    Request& front = requests_.front();
    for (const Bytes& held : std::exchange(front.held, {})) consume(held);
    if (over() || next_open_ < front.end) break;
    requests_.pop_front();
    request();
  }
  if (over() || next_open_ < range_.first + range_.count) return;
  if (auto status = work_->cutter.finish(); !status) return fail(reason_of(status.error()), status.error().what);
  if (auto status = work_->engine.finish(); !status) return fail(reason_of(status.error()), status.error().what);
  finish(work_->streams, work_->salt, input_size_);
}

void MapRun::take_blocks(std::uint64_t, ByteView) {
  fail(FailureReason::kInputRefused, "the host sent blocks where chunks were asked for");
}

void MapRun::take_end(std::uint64_t fetch) {
  const Request* request = find(fetch);
  if (request == nullptr || request->next == request->end) return;
  fail(FailureReason::kInputUnavailable, chunk_name(request->next) + ": the host's answer ended before it");
}

void MapRun::take_failure(std::uint64_t fetch) {
  const Request* request = find(fetch);
  if (request == nullptr) return;
  fail(FailureReason::kInputUnavailable, chunk_name(request->next) + ": the host could not bring it");
}

}  // namespace brume::enclave
