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
  std::unique_ptr<MapTask> new_map() override { return std::make_unique<Map>(); }
  std::unique_ptr<ReduceTask> new_reduce() override { return std::make_unique<Reduce>(); }

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
  Borders borders_{ByteSet{' '}};
};

struct Outside final : Outbox, MessageOutbox {
  void frame(abi::ToHost, std::uint64_t, std::initializer_list<ByteView>) override {}
  void message(mapreduce::Message message) override {
    BRUME_CHECK(message.type == mapreduce::MessageType::kTaskFailed);
    BRUME_CHECK(mapreduce::parse_task_failed(message.body).has_value());
  }
};

void tell(TaskRunner& runner, const mapreduce::Message& message) {
  const auto status = runner.on_message(static_cast<std::uint8_t>(message.type), message.body);
  BRUME_CHECK(status.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  EmptyJob job;
  CountingRandom random;
  Outside outside;
  TaskRunner runner(job, random, outside, outside, {});
  const crypto::Key32 key = crypto::Key32::random(random);
  mapreduce::DescriptorFields fields;
  fields.job_name = "empty";
  fields.input.payload_key_commitment = sealed::commit_payload_key(key);
  fields.input.chunk_count = 2;
  fields.input.final_chunk_size = 3;
  fields.split_chunk_counts = {1, 1};
  const auto descriptor = mapreduce::Descriptor::create(fields);
  tell(runner, encode(mapreduce::RunStart{descriptor->encoded(), key}));
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
  const bool reduce_first = size > 0 && data[0] >= 128;
  if (reduce_first) tell(runner, encode(reduce));
  tell(runner, encode(mapreduce::MapOrder{1, fields.run, 1, key, key}));
  if (!reduce_first) tell(runner, encode(reduce));

  Reader in({data, size});
  while (in.remaining() > 0) {
    const std::uint8_t kind = in.u8();
    const std::uint64_t fetch = in.u8() % 8;
    const ByteView payload = in.take(in.u8());
    if (!in.ok()) break;
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
  }
  return 0;
}
