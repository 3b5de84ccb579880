#include "enclave/task_runner.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/writer.h"
#include "mapreduce/test_values.h"
#include "sealed/age_payload.h"

namespace brume::enclave {
namespace {

using mapreduce::FailureReason;
using mapreduce::MessageType;
using mapreduce::Stage;

// Emits what it reads, to partition 0; its reduce emits all streams one after another.
class EchoJob final : public JobProgram {
 public:
  std::string_view name() const override { return "echo"; }
  JobStatus configure(const JobConfig& config) override {
    if (!config.parameters.empty()) return job_error("no parameter is known");
    return {};
  }
  const Borders& borders() const override { return borders_; }
  std::unique_ptr<MapTask> new_map(Scratch&) override { return std::make_unique<Map>(*this); }
  bool merges() const override { return false; }
  std::unique_ptr<ReduceTask> new_reduce(Scratch&) override { return std::make_unique<Reduce>(); }
  std::unique_ptr<MergeTask> new_merge(Scratch&) override { return nullptr; }
  JobStatus describe(const JobConfig&, std::vector<StageFacts>& stages) override {
    stages.assign(1, StageFacts{});
    stages[0].outputs = outputs;
    return {};
  }
  std::string counter = "pieces";  // of map tasks
  std::vector<std::string> outputs;

 private:
  struct Map final : MapTask {
    explicit Map(EchoJob& of) : job(of) {}
    JobStatus feed(const Piece& piece, PartitionSink& sink) override {
      job.counters().add(job.counter, 1);
      return sink.write(0, as_bytes(piece.text));
    }
    JobStatus finish(PartitionSink&) override { return {}; }
    EchoJob& job;
  };
  struct Reduce final : ReduceTask {
    JobStatus feed(std::span<const std::uint8_t> bytes) override {
      append(all, bytes);
      return {};
    }
    JobStatus end_of_stream() override { return {}; }
    JobStatus finish(OutputSink& sink) override { return sink.write(all); }
    Bytes all;
  };
  Borders borders_{ByteSet{' '}};
};

struct Sent {
  abi::ToHost type;
  std::uint64_t id;
  Bytes payload;
};

class Bench : public Outbox, public MessageOutbox, public FramePump {
 public:
  explicit Bench(std::vector<std::uint32_t> splits = {1, 1}, std::vector<mapreduce::Parameter> parameters = {},
                 const mapreduce::TaskLimits& limits = {})
      : key(crypto::Key32::random(random)), runner(job, random, *this, *this, *this, limits) {
    mapreduce::DescriptorFields fields;
    fields.run.bytes[0] = 9;
    fields.job_name = "echo";
    fields.parameters = std::move(parameters);
    fields.inputs.resize(1);
    mapreduce::InputCommitment& input = fields.inputs[0].commitment;
    input.payload_key_commitment = sealed::commit_payload_key(key);
    fields.split_chunk_counts = splits;
    for (const std::uint32_t count : splits) input.chunk_count += count;
    input.final_chunk_size = 4;
    descriptor.emplace(*mapreduce::Descriptor::create(fields));
    tell(encode(mapreduce::RunStart{descriptor->encoded(), key, {}}));
  }

  void frame(abi::ToHost type, std::uint64_t id, std::initializer_list<ByteView> parts) override {
    Sent sent{type, id, {}};
    for (const ByteView part : parts) append(sent.payload, part);
    frames.push_back(std::move(sent));
  }
  void message(mapreduce::Message message) override { messages.push_back(std::move(message)); }

  void tell(const mapreduce::Message& message) {
    ASSERT_TRUE(runner.on_message(static_cast<std::uint8_t>(message.type), message.body).has_value());
    runner.work();
  }
  void on_input(std::uint64_t fetch, ByteView chunks) {
    runner.on_input(fetch, chunks);
    runner.work();
  }
  void on_blocks(std::uint64_t fetch, ByteView blocks) {
    runner.on_blocks(fetch, blocks);
    runner.work();
  }
  void on_end(std::uint64_t fetch) {
    runner.on_end(fetch);
    runner.work();
  }
  void on_failed(std::uint64_t fetch) {
    runner.on_failed(fetch);
    runner.work();
  }
  bool pump() override { return false; }  // nothing here waits
  void order_map(std::uint32_t split, mapreduce::Ticket ticket = 1) {
    tell(encode(mapreduce::MapOrder{ticket, descriptor->run(), split, key, key}));
  }
  // A sealed chunk of the input: its number repeated, with a space in it.
  Bytes chunk(std::uint64_t index) {
    const std::uint32_t size = descriptor->place_of(index).size;
    Bytes plaintext(size, static_cast<std::uint8_t>('a' + index));
    plaintext[1] = ' ';
    Bytes sealed(size + crypto::kAeadTagSize);
    sealed::ChunkCipher(key).seal(index, index + 1 == descriptor->chunk_count(), plaintext, sealed);
    return sealed;
  }
  std::vector<std::uint64_t> fetches(abi::ToHost type) const {
    std::vector<std::uint64_t> out;
    for (const Sent& sent : frames) {
      if (sent.type == type) out.push_back(sent.id);
    }
    return out;
  }
  std::optional<mapreduce::TaskFailed> failure() const {
    if (messages.empty() || messages.back().type != MessageType::kTaskFailed) return std::nullopt;
    return *mapreduce::parse_task_failed(messages.back().body);
  }
  std::optional<mapreduce::TaskDone> done() const {
    if (messages.empty() || messages.back().type != MessageType::kTaskDone) return std::nullopt;
    return *mapreduce::parse_task_done(messages.back().body);
  }

  mapreduce::SeededRandom random{1};
  EchoJob job;
  crypto::Key32 key;
  std::optional<mapreduce::Descriptor> descriptor;
  std::vector<Sent> frames;
  std::vector<mapreduce::Message> messages;
  TaskRunner runner;
};

void expect_failed(const Bench& bench, FailureReason reason, std::string_view text) {
  const auto failure = bench.failure();
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->reason, reason) << failure->text;
  EXPECT_NE(failure->text.find(text), std::string::npos) << failure->text;
}

TEST(TaskRunner, MapsASplitIntoSealedStreams) {
  Bench bench;
  bench.order_map(0);
  ASSERT_EQ(bench.fetches(abi::ToHost::kFetchInput).size(), 1u);
  bench.on_input(bench.fetches(abi::ToHost::kFetchInput)[0], bench.chunk(0));
  const auto done = bench.done();
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->task, (mapreduce::TaskId{Stage::kMap, 0}));
  EXPECT_EQ(done->totals.size(), 2u);  // partition 0 and the fragments
  EXPECT_EQ(done->counters.input_size, 65536u);
  EXPECT_EQ(bench.fetches(abi::ToHost::kPutEnd).size(), 2u);
}

TEST(TaskRunner, ReportsWhatEachTaskCounted) {
  Bench bench({1});
  for (const std::uint64_t ticket : {1u, 2u}) {
    bench.order_map(0, ticket);
    bench.on_input(bench.fetches(abi::ToHost::kFetchInput)[ticket - 1], bench.chunk(0));
    const auto done = bench.done();
    ASSERT_TRUE(done && done->ticket == ticket);
    EXPECT_EQ(done->job_counters, (std::vector<JobCounter>{{"pieces", 2}}));
  }
}

TEST(TaskRunner, ACounterThatBreaksARuleEndsTheTask) {
  Bench bench({1});
  bench.job.counter = "Pieces";
  bench.order_map(0);
  bench.on_input(bench.fetches(abi::ToHost::kFetchInput)[0], bench.chunk(0));
  expect_failed(bench, FailureReason::kJob, "a counter's name is");
}

TEST(TaskRunner, DescribesNoJobWhoseNamesNoMasterWouldRead) {
  Bench bench;
  const auto describe = [&](std::string output) {
    bench.job.outputs = {std::move(output)};
    bench.tell(encode(mapreduce::DescribeOrder{1, "echo", {}}));
    return mapreduce::parse_job_description(bench.messages.back().body);
  };
  const auto good = describe(std::string(64, 'x'));
  ASSERT_TRUE(good.has_value());
  EXPECT_EQ(good->refused, "");
  const auto bad = describe(std::string(65, 'x'));
  ASSERT_TRUE(bad.has_value()) << bad.error().what;
  EXPECT_EQ(bad->refused, "the job: an output's name is not [a-z0-9._-]{1,64}");
}

TEST(TaskRunner, DrawsANewSaltForEveryAttempt) {
  Bench bench;
  bench.order_map(0, 1);
  bench.on_input(bench.fetches(abi::ToHost::kFetchInput)[0], bench.chunk(0));
  const auto first = bench.done();
  bench.order_map(0, 2);
  bench.on_input(bench.fetches(abi::ToHost::kFetchInput)[1], bench.chunk(0));
  const auto second = bench.done();
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->salt, second->salt);
  EXPECT_NE(first->totals[0].digest, second->totals[0].digest);
}

TEST(TaskRunner, RefusesAChunkThatWasAlteredMovedOrCut) {
  const auto with = [](const std::function<Bytes(Bench&)>& make) {
    auto bench = std::make_unique<Bench>(std::vector<std::uint32_t>{2, 1});
    bench->order_map(0);
    bench->on_input(bench->fetches(abi::ToHost::kFetchInput)[0], make(*bench));
    return bench;
  };
  expect_failed(*with([](Bench& bench) {
    Bytes chunk = bench.chunk(0);
    chunk[100] ^= 1;
    return chunk;
  }),
                FailureReason::kInputRefused, "input chunk 0");
  expect_failed(*with([](Bench& bench) { return bench.chunk(1); }), FailureReason::kInputRefused, "input chunk 0");
  expect_failed(*with([](Bench& bench) {
    Bytes both = bench.chunk(0);
    append(both, bench.chunk(0));
    return both;
  }),
                FailureReason::kInputRefused, "input chunk 1");
  expect_failed(*with([](Bench& bench) {
    Bytes chunk = bench.chunk(0);
    chunk.pop_back();
    return chunk;
  }),
                FailureReason::kInputRefused, "input chunk 0: cut");
  expect_failed(*with([](Bench& bench) {
    Bytes three = bench.chunk(0);
    append(three, bench.chunk(1));
    append(three, bench.chunk(2));
    return three;
  }),
                FailureReason::kInputRefused, "more than was asked for");
}

TEST(TaskRunner, RefusesAnInputThatEndsEarlyOrDoesNotCome) {
  Bench early;
  early.order_map(0);
  early.on_end(early.fetches(abi::ToHost::kFetchInput)[0]);
  expect_failed(early, FailureReason::kInputUnavailable, "input chunk 0");
  Bench failed;
  failed.order_map(1);
  failed.on_failed(failed.fetches(abi::ToHost::kFetchInput)[0]);
  expect_failed(failed, FailureReason::kInputUnavailable, "input chunk 1");
}

TEST(TaskRunner, IgnoresAnswersThatNobodyAskedFor) {
  Bench bench;
  bench.on_input(1, bench.chunk(0));
  bench.order_map(0);
  const std::uint64_t fetch = bench.fetches(abi::ToHost::kFetchInput)[0];
  bench.on_input(fetch + 1, bench.chunk(0));
  bench.on_end(fetch + 1);
  EXPECT_TRUE(bench.messages.empty());
  bench.on_input(fetch, bench.chunk(0));
  EXPECT_TRUE(bench.done().has_value());
}

TEST(TaskRunner, AsksForTheNextTasksInputWhileOneRuns) {
  Bench bench;
  bench.order_map(0, 1);
  bench.order_map(1, 2);
  const auto fetches = bench.fetches(abi::ToHost::kFetchInput);
  ASSERT_EQ(fetches.size(), 2u);
  bench.on_input(fetches[1], bench.chunk(1));
  EXPECT_TRUE(bench.messages.empty());
  bench.on_input(fetches[0], bench.chunk(0));
  EXPECT_EQ(bench.messages.size(), 2u);
  EXPECT_EQ(bench.done()->ticket, 2u);
}

TEST(TaskRunner, ACancelledTaskSaysNothingMore) {
  Bench bench;
  bench.order_map(0, 1);
  bench.order_map(1, 2);
  const auto fetches = bench.fetches(abi::ToHost::kFetchInput);
  bench.tell(encode(mapreduce::CancelOrder{1}));
  bench.on_input(fetches[0], bench.chunk(0));
  EXPECT_TRUE(bench.messages.empty());
  bench.on_input(fetches[1], bench.chunk(1));
  EXPECT_EQ(bench.done()->ticket, 2u);
}

TEST(TaskRunner, RefusesOrdersThatDoNotFitTheRun) {
  Bench bench;
  bench.order_map(2);
  expect_failed(bench, FailureReason::kOrderRefused, "no such task");
  mapreduce::MapOrder order{1, {}, 0, bench.key, bench.key};
  bench.tell(encode(order));
  expect_failed(bench, FailureReason::kOrderRefused, "no such run");
  order.run = bench.descriptor->run();
  order.payload_key = crypto::Key32::random(bench.random);
  bench.tell(encode(order));
  expect_failed(bench, FailureReason::kOrderRefused, "payload key");
  mapreduce::GatherOrder reduce;
  reduce.ticket = 1;
  reduce.run = order.run;
  bench.tell(encode(reduce));
  expect_failed(bench, FailureReason::kOrderRefused, "expected 3 streams");
}

TEST(TaskRunner, RefusesParametersThatTheJobRefuses) {
  Bench bench({1, 1}, {{"colour", "red"}});
  bench.order_map(0);
  expect_failed(bench, FailureReason::kJob, "no parameter is known");
}

TEST(TaskRunner, RefusesARunOfAnotherJob) {
  Bench bench;
  mapreduce::DescriptorFields fields = bench.descriptor->fields();
  fields.run.bytes[0] = 10;
  fields.job_name = "other";
  bench.tell(encode(mapreduce::RunStart{mapreduce::Descriptor::create(fields)->encoded(), bench.key, {}}));
  bench.tell(encode(mapreduce::MapOrder{1, fields.run, 0, bench.key, bench.key}));
  expect_failed(bench, FailureReason::kOrderRefused, "another job");
}

TEST(TaskRunner, ARunNeverChanges) {
  Bench bench;
  mapreduce::DescriptorFields fields = bench.descriptor->fields();
  fields.inputs[0].commitment.payload_key_commitment = {};
  bench.tell(encode(mapreduce::RunStart{mapreduce::Descriptor::create(fields)->encoded(), bench.key, {}}));
  bench.order_map(0);
  EXPECT_EQ(bench.fetches(abi::ToHost::kFetchInput).size(), 1u);
  EXPECT_TRUE(bench.messages.empty());
}

TEST(TaskRunner, ForgetsARunThatEnded) {
  Bench bench;
  bench.order_map(0);
  bench.tell(encode(mapreduce::RunEnd{bench.descriptor->run()}));
  EXPECT_EQ(bench.fetches(abi::ToHost::kDropRun).size(), 1u);
  EXPECT_EQ(bench.runner.queued(), 0u);
  bench.order_map(0);
  expect_failed(bench, FailureReason::kOrderRefused, "no such run");
}

TEST(TaskRunner, RefusesMessagesOfUnknownTypesAndMalformedOnes) {
  Bench bench;
  EXPECT_FALSE(bench.runner.on_message(0x3f, {}).has_value());
  EXPECT_FALSE(bench.runner.on_message(0x50, {}).has_value());
  EXPECT_FALSE(bench.runner.on_message(0x41, {}).has_value());
}

// One map attempt's stream 0, as its host kept it, and what the master would say of it.
struct Stream {
  Bytes framed;
  mapreduce::Source source;
};

Stream map_stream(Bench& bench, std::uint32_t partition) {
  bench.frames.clear();
  bench.order_map(0, 77);
  for (std::uint32_t i = 0; i < bench.descriptor->chunk_count(); ++i) {
    bench.on_input(bench.fetches(abi::ToHost::kFetchInput)[0], bench.chunk(i));
  }
  const auto done = bench.done();
  Stream out;
  out.source.split = 0;
  out.source.holder = {5};
  out.source.salt = done->salt;
  out.source.key = mapreduce::derive_stream_key(bench.key, done->salt, partition);
  out.source.totals = done->totals[partition];
  for (const Sent& sent : bench.frames) {
    if (sent.type != abi::ToHost::kPutBlock) continue;
    const auto put = abi::parse_put_block(sent.payload);
    if (put->name.partition == partition) append(out.framed, put->blocks);
  }
  bench.frames.clear();
  bench.messages.clear();
  return out;
}

void order_reduce(Bench& bench, const mapreduce::Source& source, mapreduce::Ticket ticket = 8) {
  mapreduce::GatherOrder order;
  order.ticket = ticket;
  order.run = bench.descriptor->run();
  order.task_key = bench.key;
  order.sources = {source};
  bench.tell(encode(order));
}

std::unique_ptr<Bench> reduce_bench(Stream& stream) {
  auto bench = std::make_unique<Bench>(std::vector<std::uint32_t>{1});
  stream = map_stream(*bench, 0);
  order_reduce(*bench, stream.source);
  return bench;
}

TEST(TaskRunner, ReducesACommittedStream) {
  Stream stream;
  const auto bench = reduce_bench(stream);
  const std::uint64_t fetch = bench->fetches(abi::ToHost::kFetchStream).at(0);
  bench->on_blocks(fetch, stream.framed);
  EXPECT_TRUE(bench->messages.empty());
  bench->on_end(fetch);
  const auto done = bench->done();
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->task, (mapreduce::TaskId{Stage::kReduce, 0}));
  EXPECT_EQ(done->counters.output_size, 4u);
}

TEST(TaskRunner, RefusesAStreamThatIsNotTheCommittedOneAndNamesItsProducer) {
  const auto with = [](const std::function<void(Bytes&)>& change, std::string_view text) {
    Stream stream;
    const auto bench = reduce_bench(stream);
    const std::uint64_t fetch = bench->fetches(abi::ToHost::kFetchStream).at(0);
    change(stream.framed);
    bench->on_blocks(fetch, stream.framed);
    bench->on_end(fetch);
    expect_failed(*bench, FailureReason::kStreamRefused, text);
    EXPECT_EQ(bench->failure()->producer, (mapreduce::TaskId{Stage::kMap, 0}));
    EXPECT_NE(bench->failure()->text.find("kept by node 5"), std::string::npos);
  };
  with([](Bytes& framed) { framed[10] ^= 1; }, "block-foreign");
  with([](Bytes& framed) { framed.clear(); }, "stream-truncated");
  with([](Bytes& framed) { append(framed, Bytes(framed)); }, "block-after-last");
  with([](Bytes& framed) { framed.pop_back(); }, "sealed blocks");
}

TEST(TaskRunner, RefusesTheStreamOfAnotherAttempt) {
  Bench bench({1});
  const Stream committed = map_stream(bench, 0);
  const Stream other = map_stream(bench, 0);
  order_reduce(bench, committed.source);
  const std::uint64_t fetch = bench.fetches(abi::ToHost::kFetchStream).at(0);
  bench.on_blocks(fetch, other.framed);
  bench.on_end(fetch);
  expect_failed(bench, FailureReason::kStreamRefused, "block-foreign");
}

TEST(TaskRunner, AStreamThatDoesNotComeIsNamed) {
  Stream stream;
  const auto bench = reduce_bench(stream);
  bench->on_failed(bench->fetches(abi::ToHost::kFetchStream).at(0));
  expect_failed(*bench, FailureReason::kStreamUnavailable, "map 0, partition 0, kept by node 5");
}

// What waits is kept whole, beside a task that may need nearly all of the heap.
TEST(TaskRunner, AsksBeforeItsTurnForNoMoreThanFitsBesideTheTaskThatRuns) {
  for (const bool fits : {true, false}) {
    mapreduce::TaskLimits limits;
    limits.heap_size = fits ? 8u << 20 : 1u << 20;  // of which a 32nd; the stream has a little more than 64 KiB
    Bench bench({2}, {}, limits);
    const Stream stream = map_stream(bench, 0);
    ASSERT_GT(stream.framed.size(), 64u << 10);
    order_reduce(bench, stream.source, 8);
    order_reduce(bench, stream.source, 9);
    auto fetches = bench.fetches(abi::ToHost::kFetchStream);
    ASSERT_EQ(fetches.size(), fits ? 2u : 1u);
    bench.on_blocks(fetches[0], stream.framed);
    bench.on_end(fetches[0]);
    ASSERT_TRUE(bench.done() && bench.done()->ticket == 8);
    fetches = bench.fetches(abi::ToHost::kFetchStream);
    ASSERT_EQ(fetches.size(), 2u);
    bench.on_blocks(fetches[1], stream.framed);
    bench.on_end(fetches[1]);
    ASSERT_TRUE(bench.done() && bench.done()->ticket == 9);
    EXPECT_EQ(bench.done()->counters.output_size, 65540u);
  }
}

TEST(TaskRunner, AsksBeforeItsTurnForNoMoreInputThanFitsBesideTheTaskThatRuns) {
  mapreduce::TaskLimits limits;
  limits.heap_size = 8u << 20;
  Bench bench({1, 1}, {}, limits);
  bench.order_map(0, 1);
  bench.order_map(1, 2);
  ASSERT_EQ(bench.fetches(abi::ToHost::kFetchInput).size(), 1u);
  bench.on_input(bench.fetches(abi::ToHost::kFetchInput)[0], bench.chunk(0));
  ASSERT_EQ(bench.fetches(abi::ToHost::kFetchInput).size(), 2u);
  bench.on_input(bench.fetches(abi::ToHost::kFetchInput)[1], bench.chunk(1));
  EXPECT_EQ(bench.done()->ticket, 2u);
}

}  // namespace
}  // namespace brume::enclave
