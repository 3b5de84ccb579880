// A host that answers fetches with anything at all: no harm is done, and no task ever says that it is
// done. Input: (u8 kind, u8 fetch id, u8 size, bytes)*.
#include "base/check.h"
#include "base/reader.h"
#include "enclave/task_runner.h"
#include "sealed/age_payload.h"

using namespace brume;
using namespace brume::enclave;

namespace {

class CountingRandom final : public Random {
 public:
  void fill(MutableByteView out) override {
    for (std::uint8_t& byte : out) byte = ++next_;
  }

 private:
  std::uint8_t next_ = 0;
};

class EmptyJob final : public JobProgram {
 public:
  std::string_view name() const override { return "empty"; }
  JobStatus configure(const JobConfig&) override { return {}; }
  const Borders& borders() const override { return borders_; }
  std::unique_ptr<MapTask> new_map(Scratch&) override { return std::make_unique<Map>(); }
  bool merges() const override { return merging; }
  std::unique_ptr<ReduceTask> new_reduce(Scratch&) override { return std::make_unique<Reduce>(); }
  std::unique_ptr<MergeTask> new_merge(Scratch&) override { return std::make_unique<Merge>(); }
  bool merging = false;

 private:
  struct Map final : MapTask {
    JobStatus feed(const Piece&, PartitionSink&) override { return {}; }
    JobStatus finish(PartitionSink&) override { return {}; }
  };
  struct Reduce final : ReduceTask {
    JobStatus feed(std::span<const std::uint8_t>) override { return {}; }
    JobStatus end_of_stream() override { return {}; }
    JobStatus finish(OutputSink&) override { return {}; }
  };
  // All of every stream, in turn; small windows, so that each is fetched in parts.
  struct Merge final : MergeTask {
    JobStatus run(StreamSet& streams, OutputSink&) override {
      std::vector<std::unique_ptr<ByteSource>> sources;
      for (std::size_t i = 0; i < *streams.count(); ++i) sources.push_back(streams.open(i, 8));
      for (const auto& source : sources) {
        for (;;) {
          const auto bytes = source->next();
          if (!bytes) return job_error(bytes.error());
          if (bytes->empty()) break;
        }
      }
      return {};
    }
  };
  Borders borders_{ByteSet{' '}};
};

struct Outside final : Outbox, MessageOutbox, FramePump {
  bool pump() override { return more != nullptr && more(); }
  std::function<bool()> more;
  void frame(abi::ToHost, std::uint64_t, std::initializer_list<ByteView>) override {}
  void message(mapreduce::Message message) override {
    BRUME_CHECK(message.type == mapreduce::MessageType::kTaskFailed);
    BRUME_CHECK(mapreduce::parse_task_failed(message.body).has_value());
  }
};

void tell(TaskRunner& runner, const mapreduce::Message& message) {
  const auto status = runner.on_message(static_cast<std::uint8_t>(message.type), message.body);
  BRUME_CHECK(status.has_value());
  runner.work();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  EmptyJob job;
  CountingRandom random;
  Outside outside;
  TaskRunner runner(job, random, outside, outside, outside, {});
  const crypto::Key32 key = crypto::Key32::random(random);
  mapreduce::DescriptorFields fields;
  fields.job_name = "empty";
  fields.inputs.resize(1);
  mapreduce::InputCommitment& input = fields.inputs[0].commitment;
  input.payload_key_commitment = sealed::commit_payload_key(key);
  input.chunk_count = 2;
  input.final_chunk_size = 3;
  fields.split_chunk_counts = {1, 1};
  const auto descriptor = mapreduce::Descriptor::create(fields);
  tell(runner, encode(mapreduce::RunStart{descriptor->encoded(), key, {}}));
  mapreduce::GatherOrder reduce;
  reduce.ticket = 2;
  for (std::uint32_t split = 0; split < 3; ++split) {
    mapreduce::Source source;
    source.split = split;
    source.salt = random.make<Salt>();
    source.totals.block_count = 1;
    source.totals.sealed_size = 20;
    reduce.sources.push_back(source);
  }
  Reader in({data, size});
  const auto take_frame = [&] {
    const std::uint8_t kind = in.u8();
    const std::uint64_t fetch = in.u8() % 8;
    const ByteView payload = in.take(in.u8());
    if (!in.ok()) return false;
    switch (kind % 5) {
      case 0:
        runner.on_input(fetch, payload);
        break;
      case 1:
        runner.on_blocks(fetch, payload);
        break;
      case 2:
        runner.on_end(fetch);
        break;
      case 3:
        runner.on_failed(fetch);
        break;
      case 4:
        tell(runner, encode(mapreduce::CancelOrder{1 + fetch % 2}));
        break;
    }
    runner.work();
    return true;
  };
  outside.more = take_frame;
  const bool reduce_first = size > 0 && data[0] >= 128;
  job.merging = size > 0 && data[0] % 2 == 1;
  if (reduce_first) tell(runner, encode(reduce));
  tell(runner, encode(mapreduce::MapOrder{1, fields.run, 1, key, key}));
  if (!reduce_first) tell(runner, encode(reduce));
  while (in.remaining() > 0 && take_frame()) continue;
  return 0;
}
