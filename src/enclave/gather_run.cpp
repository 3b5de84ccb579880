#include "enclave/gather_run.h"

#include "enclave/held.h"

namespace brume::enclave {
namespace {

using mapreduce::FailureReason;
using mapreduce::Stage;

// Streams on their way at once: what comes before its turn is kept.
constexpr std::size_t kFetchLimit = 8;
using mapreduce::checked;

// Input after input, each by the fragments of its splits.
class Stitch final : public Consumer {
 public:
  Stitch(TaskContext& context, Scratch& scratch, OutputStreams& streams, const mapreduce::Descriptor& descriptor)
      : context_(context),
        descriptor_(descriptor),
        engine_(context.program, scratch, streams, descriptor.partition_count()) {}
  Status feed(ByteView plaintext) override { return joiner().feed(plaintext); }
  Status end_of_stream() override {
    BRUME_TRY(joiner().end_of_stream(descriptor_.end_of(split())));
    const std::uint32_t input = descriptor_.input_of(split());
    ++at_;
    if (at_ < descriptor_.cut_splits().size() && descriptor_.input_of(split()) == input) return {};
    BRUME_TRY(joiner_->finish());
    joiner_.reset();
    return {};
  }
  Status finish() override { return engine_.finish(); }

 private:
  std::uint32_t split() const { return descriptor_.cut_splits()[at_]; }
  mapreduce::FragmentJoiner& joiner() {
    if (!joiner_) {
      joiner_.emplace(context_.program.borders(), mapreduce::begin_of(descriptor_, split()),
                      context_.limits.longest_record, engine_);
    }
    return *joiner_;
  }

  TaskContext& context_;
  const mapreduce::Descriptor& descriptor_;
  MapEngine engine_;
  std::optional<mapreduce::FragmentJoiner> joiner_;
  std::size_t at_ = 0;  // of the cut splits: whose stream comes
};

class Reduce final : public Consumer, public OutputSink {
 public:
  Reduce(TaskContext& context, Scratch& scratch, OutputStreams& streams)
      : task_(context.program.new_reduce(scratch)), streams_(streams) {}
  Status feed(ByteView plaintext) override { return checked(task_->feed(plaintext)); }
  Status end_of_stream() override { return checked(task_->end_of_stream()); }
  Status finish() override { return checked(task_->finish(*this)); }
  JobStatus write(std::span<const std::uint8_t> bytes) override {
    if (auto status = streams_.write(0, bytes); !status) return job_error(status.error().what);
    return {};
  }

 private:
  std::unique_ptr<ReduceTask> task_;
  OutputStreams& streams_;
};

}  // namespace

GatherRun::Work::Work(GatherRun& run, const crypto::Key32& task_key)
    : salt(run.context_.random.make<Salt>()),
      streams(run.descriptor(), run.id(), task_key, salt, run.context_.outbox,
              run.context_.program.merges() ? kMergedBlock : sealed::kBlockPlaintextLimit),
      scratch(run.descriptor(), run.id(), task_key, salt, run.context_.outbox, run.fetched_, run.scratch_fault()),
      plaintext(sealed::kSealedBlockLimit) {
  if (run.id().stage == Stage::kStitch) {
    consumer = std::make_unique<Stitch>(run.context_, scratch, streams, run.descriptor());
  } else {
    consumer = std::make_unique<Reduce>(run.context_, scratch, streams);
  }
}

std::uint64_t GatherRun::held_limit(std::size_t source) const {
  const sealed::StreamTotals& totals = sources()[source].totals;
  return abi::framed_size(totals.sealed_size, totals.block_count);
}

// In its turn a task opens its front stream as it comes, whatever its size; before, it keeps all that it asks for.
void GatherRun::request() {
  const std::uint64_t limit = work_ ? context_.limits.asked_in_turn() : context_.limits.asked_before_turn();
  while (!over() && next_source_ < sources().size() && fetches_.size() < kFetchLimit) {
    const mapreduce::Source& source = sources()[next_source_];
    const bool is_opened_as_it_comes = work_ && fetches_.empty();
    if (!is_opened_as_it_comes && asked_size_ + held_limit(next_source_) > limit) break;
    const abi::FetchStream fetch{{name_of(next_source_)}, source.holder};
    fetches_.push_back({context_.next_fetch++, next_source_, false, 0, {}});
    asked_size_ += held_limit(next_source_);
    ++next_source_;
    context_.outbox.frame(abi::ToHost::kFetchStream, fetches_.back().id, {abi::encode_fetch_stream(fetch)});
  }
}

void GatherRun::start() {
  work_ = std::make_unique<Work>(*this, task_key());
  request();
}

GatherRun::Fetch* GatherRun::find(std::uint64_t fetch) {
  for (Fetch& entry : fetches_) {
    if (entry.id == fetch) return &entry;
  }
  return nullptr;
}

bool GatherRun::awaits(std::uint64_t fetch) const { return const_cast<GatherRun*>(this)->find(fetch) != nullptr; }

void GatherRun::take_blocks(std::uint64_t id, ByteView blocks) {
  Fetch* fetch = find(id);
  if (over() || fetch == nullptr) return;
  if (fetch->ended) return fail_source(FailureReason::kStreamRefused, fetch->source, "blocks after the end");
  if (blocks.empty()) return;  // no bound would hold for how many of them are kept
  if (work_ && fetch == &fetches_.front() && fetch->held.empty()) {
    return open(blocks);
  }
  // Before its turn a stream is kept unopened: no more of it than was committed, framing included.
  fetch->held_size += blocks.size();
  if (fetch->held_size > held_limit(fetch->source)) {
    return fail_source(FailureReason::kStreamRefused, fetch->source, "longer than the stream that was committed");
  }
  keep(fetch->held, blocks);
}

// Blocks of the front stream.
void GatherRun::open(ByteView blocks) {
  const std::size_t source_index = fetches_.front().source;
  const mapreduce::Source& source = sources()[source_index];
  if (!opener_) opener_.emplace(source.key, stream_of(source_index));
  const auto split = abi::split_blocks(blocks, sealed::kSealedBlockLimit);
  if (!split) return fail_source(FailureReason::kStreamRefused, source_index, split.error().what);
  for (const ByteView block : *split) {
    const auto plaintext = opener_->open(block, work_->plaintext);
    if (!plaintext) return fail_source(FailureReason::kStreamRefused, source_index, plaintext.error().what);
    input_size_ += plaintext->size();
    if (auto status = work_->consumer->feed(*plaintext); !status) {
      return fail(reason_of(status.error()), status.error().what);
    }
  }
}

// Consumes what is held in its order, checks each stream as it ends, asks for more, and finishes
// after the last one.
void GatherRun::work() {
  while (!over() && !fetches_.empty()) {
    Fetch& front = fetches_.front();
    for (const Bytes& held : std::exchange(front.held, {})) {
      if (!over()) open(held);
    }
    if (over() || !front.ended) return;
    if (!opener_) open({});
    const mapreduce::Source& source = sources()[front.source];
    if (auto status = opener_->finish(source.totals); !status) {
      return fail_source(FailureReason::kStreamRefused, front.source, status.error().what);
    }
    if (auto status = work_->consumer->end_of_stream(); !status) {
      return fail(reason_of(status.error()), status.error().what);
    }
    opener_.reset();
    asked_size_ -= held_limit(front.source);
    fetches_.pop_front();
    request();
  }
  if (over()) return;
  if (auto status = work_->consumer->finish(); !status) return fail(reason_of(status.error()), status.error().what);
  finish(work_->streams, work_->salt, input_size_);
}

void GatherRun::on_input(std::uint64_t fetch, ByteView) {
  if (const Fetch* entry = find(fetch)) {
    fail_source(FailureReason::kStreamRefused, entry->source, "the host sent chunks where blocks were asked for");
  }
}

void GatherRun::take_end(std::uint64_t id) {
  Fetch* fetch = find(id);
  if (over() || fetch == nullptr) return;
  fetch->ended = true;
}

void GatherRun::take_failure(std::uint64_t id) {
  if (const Fetch* fetch = find(id)) {
    fail_source(FailureReason::kStreamUnavailable, fetch->source, "the host could not bring it");
  }
}

}  // namespace brume::enclave
