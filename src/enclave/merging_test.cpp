// Jobs that sort: tasks whose data is more than their memory, and hosts that keep it and do not keep their word.
#include <brume/job.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "base/writer.h"
#include "enclave/held.h"
#include "enclave/task_runner.h"
#include "mapreduce/test_values.h"
#include "sealed/age_payload.h"

namespace brume::enclave {
namespace {

using mapreduce::FailureReason;
using mapreduce::MessageType;
using mapreduce::Stage;

// Records of 16 bytes, sorted.
struct SortsRecords {
  using Value = std::string_view;
  Records records() const { return {16}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    for (; !text.empty(); text.remove_prefix(16)) out.emit(text.substr(0, 8), text.substr(8, 8));
  }
  void format(std::string_view, Value value, Line& line) const { line << value; }
};

// A host that keeps what it is given and answers a frame at a time.
class Host : public Outbox, public MessageOutbox, public FramePump {
 public:
  void frame(abi::ToHost type, std::uint64_t id, std::initializer_list<ByteView> parts) override {
    Bytes payload;
    for (const ByteView part : parts) append(payload, part);
    switch (type) {
      case abi::ToHost::kPutBlock: {
        const auto put = abi::parse_put_block(payload);
        if (put->name.stage == abi::Stage::kScratch) append(all_scratch, put->blocks);
        store[put->name].push_back(to_bytes(put->blocks));
        return;
      }
      case abi::ToHost::kFetchStream: {
        const auto fetch = abi::parse_fetch_stream(payload);
        EXPECT_EQ(fetch->part.name.stage == abi::Stage::kScratch, fetch->holder.value == 0);
        return answer(id, fetch->part);
      }
      case abi::ToHost::kFetchInput:
        input_fetches.push_back(id);
        return;
      case abi::ToHost::kDropStream:
        EXPECT_EQ(abi::parse_stream_name(payload)->stage, abi::Stage::kScratch);
        store.erase(*abi::parse_stream_name(payload));
        return;
      default:
        return;
    }
  }
  void message(mapreduce::Message message) override { messages.push_back(std::move(message)); }
  bool pump() override {
    if (frames.empty()) return false;
    const auto next = std::move(frames.front());
    frames.pop_front();
    next();
    return true;
  }
  std::size_t scratch_count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(store, [](const auto& of) { return of.first.stage == abi::Stage::kScratch; }));
  }

  std::map<abi::StreamName, std::vector<Bytes>> store;
  Bytes all_scratch;  // as it came
  std::function<void(const abi::StreamPart&, std::vector<Bytes>&)> attack;
  std::vector<std::uint64_t> input_fetches;
  std::vector<mapreduce::Message> messages;
  std::deque<std::function<void()>> frames;
  TaskRunner* runner = nullptr;
  std::size_t largest_answer = 0;

 private:
  void answer(std::uint64_t id, const abi::StreamPart& part) {
    const auto found = store.find(part.name);
    if (found == store.end()) return frames.push_back([this, id] { runner->on_failed(id); });
    std::vector<Bytes> puts;
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    for (const Bytes& put : found->second) {
      if (at >= part.offset && (part.size == 0 || size < part.size)) {
        puts.push_back(put);
        size += put.size();
      }
      at += put.size();
    }
    largest_answer = std::max<std::size_t>(largest_answer, size);
    if (attack) attack(part, puts);
    for (Bytes& put : puts) frames.push_back([this, id, put] { runner->on_blocks(id, put); });
    frames.push_back([this, id] { runner->on_end(id); });
  }
};

struct Bench {
  explicit Bench(std::uint64_t chunk_count, std::uint64_t memory, std::uint64_t side_chunk_count = 0)
      : key(crypto::Key32::random(random)) {
    mapreduce::TaskLimits limits;
    limits.memory_budget = memory;
    runner.emplace(job, random, host, host, host, limits);
    host.runner = &*runner;
    mapreduce::DescriptorFields fields;
    fields.run.bytes[0] = 9;
    fields.job_name = "sorts-records";
    fields.inputs.resize(1);
    mapreduce::InputCommitment& input = fields.inputs[0].commitment;
    input.payload_key_commitment = sealed::commit_payload_key(key);
    fields.split_chunk_counts = {static_cast<std::uint32_t>(chunk_count)};
    input.chunk_count = chunk_count;
    input.final_chunk_size = mapreduce::kChunkSize;
    std::vector<crypto::Key32> side_keys;
    if (side_chunk_count > 0) {
      fields.sides.push_back({input, "side"});
      fields.sides[0].commitment.chunk_count = side_chunk_count;
      side_keys.push_back(key);
    }
    descriptor.emplace(*mapreduce::Descriptor::create(fields));
    tell(encode(mapreduce::RunStart{descriptor->encoded(), key, side_keys}));
    for (std::uint64_t i = 0; i < chunk_count; ++i) {
      Bytes chunk(mapreduce::kChunkSize);
      random.fill(chunk);
      append(text, chunk);
    }
  }

  void tell(const mapreduce::Message& message) {
    EXPECT_TRUE(runner->on_message(static_cast<std::uint8_t>(message.type), message.body).has_value());
    runner->work();
  }
  void run_frames() {
    while (host.pump()) runner->work();
  }
  void map() {
    tell(encode(mapreduce::MapOrder{1, descriptor->run(), 0, key, key}));
    std::uint64_t chunk = 0;
    for (std::size_t i = 0; i < host.input_fetches.size(); ++i) {
      for (int j = 0; j < 15 && chunk < descriptor->chunk_count(); ++j, ++chunk) {
        Bytes sealed(mapreduce::kChunkSize + crypto::kAeadTagSize);
        const ByteView plain = ByteView(text).subspan(chunk * mapreduce::kChunkSize, mapreduce::kChunkSize);
        sealed::ChunkCipher(key).seal(chunk, chunk + 1 == descriptor->chunk_count(), plain, sealed);
        runner->on_input(host.input_fetches[i], sealed);
        runner->work();
      }
      runner->on_end(host.input_fetches[i]);
      runner->work();
    }
    host.input_fetches.clear();
    run_frames();
  }
  void reduce(const mapreduce::TaskDone& mapped) {
    mapreduce::GatherOrder order;
    order.ticket = 2;
    order.run = descriptor->run();
    order.task_key = key;
    order.sources = {{0, {5}, mapped.salt, mapreduce::derive_stream_key(key, mapped.salt, 0), mapped.totals.at(0)}};
    tell(encode(order));
    run_frames();
  }
  std::optional<mapreduce::TaskDone> done() const {
    if (host.messages.empty() || host.messages.back().type != MessageType::kTaskDone) return std::nullopt;
    return *mapreduce::parse_task_done(host.messages.back().body);
  }
  std::string failure() const {
    if (host.messages.empty() || host.messages.back().type != MessageType::kTaskFailed) return "did not fail";
    const auto failed = *mapreduce::parse_task_failed(host.messages.back().body);
    return std::string(failure_reason_name(failed.reason)) + ": " + failed.text;
  }

  mapreduce::SeededRandom random{1};
  detail::GeneralProgram<SortsRecords> job{"sorts-records"};
  crypto::Key32 key;
  Host host;
  Bytes text;
  std::optional<mapreduce::Descriptor> descriptor;
  std::optional<TaskRunner> runner;
};

constexpr std::uint64_t kSmall = 512u << 10;

TEST(Merging, SortsMoreThanItsMemoryAndLeavesNothingAtItsHost) {
  Bench bench(40, kSmall);
  bench.map();
  const auto mapped = bench.done();
  ASSERT_TRUE(mapped.has_value()) << bench.failure();
  EXPECT_EQ(bench.host.scratch_count(), 0u);
  EXPECT_LE(bench.host.largest_answer, 200u << 10);  // windows, not whole runs
  bench.reduce(*mapped);
  const auto reduced = bench.done();
  ASSERT_TRUE(reduced && reduced->ticket == 2) << bench.failure();
  EXPECT_EQ(reduced->counters.input_size, 40u * mapreduce::kChunkSize / 16 * 19);
  // Opened as the master would.
  std::vector<std::string> records;
  for (std::size_t i = 0; i < bench.text.size(); i += 16) records.emplace_back(as_chars(bench.text).substr(i, 16));
  std::ranges::sort(records, [](const std::string& a, const std::string& b) {
    return std::ranges::lexicographical_compare(as_bytes(a), as_bytes(b));
  });
  const sealed::StreamId id = stream_id(*bench.descriptor, {Stage::kReduce, 0}, 0, reduced->salt);
  sealed::BlockOpener opener(mapreduce::derive_stream_key(bench.key, reduced->salt, 0), id);
  Bytes plaintext(sealed::kSealedBlockLimit);
  OutputReader reader;
  std::size_t at = 0;
  for (const Bytes& put : bench.host.store.at({bench.descriptor->run(), abi::Stage::kOutput, 0, 0, reduced->salt})) {
    const auto opened = opener.open(ByteView(put).subspan(4), plaintext);
    ASSERT_TRUE(opened.has_value());
    reader.feed(*opened);
    OutputRecord record;
    while (reader.next(record) == OutputReader::Next::kRecord) ASSERT_EQ(record.line(), records.at(at++));
  }
  EXPECT_EQ(at, records.size());
}

TEST(Merging, ItsHostSeesNoRecordInScratch) {
  Bench bench(40, kSmall);
  bench.map();
  ASSERT_TRUE(bench.done().has_value()) << bench.failure();
  const std::string_view text = as_chars(bench.text);
  const std::string_view scratch = as_chars(bench.host.all_scratch);
  EXPECT_GE(scratch.size(), text.size());
  for (std::size_t i = 0; i < text.size(); i += text.size() / 64) {
    const std::string_view record = text.substr(i / 16 * 16, 16);
    EXPECT_TRUE(text.contains(record));
    for (const std::size_t half : {0, 8}) EXPECT_FALSE(scratch.contains(record.substr(half, 8)));
  }
}

TEST(Merging, SideDataThatFillsAnEnclaveIsNotEvenAskedFor) {
  for (const std::uint64_t chunks : {4u, 5u}) {
    Bench bench(1, kSmall, chunks);  // half of the budget is 4 chunks
    bench.tell(encode(mapreduce::MapOrder{1, bench.descriptor->run(), 0, bench.key, bench.key}));
    EXPECT_EQ(bench.host.input_fetches.size(), chunks == 4 ? 2u : 1u);  // the split's, and the side's
    EXPECT_EQ(bench.failure().contains("side data of 327680 bytes is more"), chunks == 5) << bench.failure();
  }
}

// A host that does `change` to the blocks of one answer about scratch.
std::string with_scratch(const std::function<void(Host&, std::vector<Bytes>&)>& change) {
  Bench bench(40, kSmall);
  int answers = 0;
  bench.host.attack = [&](const abi::StreamPart& part, std::vector<Bytes>& puts) {
    if (part.name.stage == abi::Stage::kScratch && ++answers == 1) change(bench.host, puts);
  };
  bench.map();
  EXPECT_FALSE(bench.done().has_value());
  EXPECT_EQ(bench.host.scratch_count(), 0u);
  return bench.failure();
}

TEST(Merging, RefusesScratchThatItsHostAltered) {
  const std::string flipped = with_scratch([](Host&, std::vector<Bytes>& puts) { puts[0][100] ^= 1; });
  EXPECT_TRUE(flipped.starts_with("scratch: what the task kept at its host: ")) << flipped;
  EXPECT_TRUE(flipped.contains("block-foreign")) << flipped;
  EXPECT_TRUE(with_scratch([](Host&, std::vector<Bytes>& puts) { puts.clear(); }).contains("ended before the stream"));
  EXPECT_TRUE(with_scratch([](Host&, std::vector<Bytes>& puts) { puts.assign(3, {}); }).contains("before the stream"));
  EXPECT_TRUE(with_scratch([](Host&, std::vector<Bytes>& puts) {
                puts.insert(puts.begin(), puts[0]);
              }).contains("what the task kept at its host"));
  EXPECT_TRUE(with_scratch([](Host&, std::vector<Bytes>& puts) { puts[0].pop_back(); }).contains("sealed blocks"));
  const std::string other_run = with_scratch([](Host& host, std::vector<Bytes>& puts) {  // of the same attempt
    for (const auto& [name, blocks] : host.store) {
      if (name.stage == abi::Stage::kScratch && blocks[0] != puts[0]) puts[0] = blocks[0];
    }
  });
  EXPECT_TRUE(other_run.contains("block-foreign")) << other_run;
  EXPECT_TRUE(with_scratch([](Host&, std::vector<Bytes>& puts) {
                for (int i = 0; i < 20; ++i) puts.push_back(puts[0]);
              }).contains("longer than the stream"));
}

TEST(Merging, WhatComesBeforeItsTurnCostsItsSizeHoweverItIsCut) {
  std::deque<Bytes> held;
  Bytes all;
  for (int i = 0; i < 100'000; ++i) {
    const Bytes piece(i % 1000 == 0 ? 50'000 : 5, static_cast<std::uint8_t>(i));
    keep(held, piece);
    append(all, piece);
  }
  EXPECT_LT(held.size(), 2 * all.size() / sealed::kSealedBlockLimit + 2);
  Bytes joined;
  for (const Bytes& piece : held) append(joined, piece);
  EXPECT_EQ(joined, all);
}

TEST(Merging, NamesTheTaskWhoseStreamIsNotTheCommittedOne) {
  Bench bench(40, kSmall);
  bench.map();
  const auto mapped = bench.done();
  ASSERT_TRUE(mapped.has_value());
  bench.host.attack = [&](const abi::StreamPart& part, std::vector<Bytes>& puts) {
    if (part.name.stage == abi::Stage::kMap && part.offset > 0) puts[0][77] ^= 1;
  };
  bench.reduce(*mapped);
  EXPECT_TRUE(bench.failure().starts_with("stream-refused: map 0, partition 0, kept by node 5: ")) << bench.failure();
  bench.host.attack = {};
  bench.host.store.clear();
  bench.reduce(*mapped);
  EXPECT_EQ(bench.failure(), "stream-unavailable: map 0, partition 0, kept by node 5: the host could not bring it");
}

TEST(Merging, RefusesMoreOfAStreamThanItAskedFor) {
  Bench bench(40, kSmall);
  bench.map();
  const auto mapped = bench.done();
  ASSERT_TRUE(mapped.has_value());
  bench.host.attack = [&](const abi::StreamPart& part, std::vector<Bytes>& puts) {
    if (part.name.stage == abi::Stage::kMap) puts = bench.host.store.at(part.name);
  };
  bench.reduce(*mapped);
  EXPECT_TRUE(bench.failure().starts_with("stream-refused: map 0, partition 0, kept by node 5: ")) << bench.failure();
  EXPECT_TRUE(bench.failure().contains("more of it than was asked for")) << bench.failure();
}

// What a map task says of its largest pair is what its readers hold it to; more than that costs them memory alone.
TEST(Merging, HoldsAStreamToTheLargestPairThatItsTaskTold) {
  Bench bench(10, kSmall);
  bench.map();
  auto mapped = bench.done();
  ASSERT_TRUE(mapped.has_value()) << bench.failure();
  std::uint64_t& largest = mapped->totals.at(0).largest_pair;
  EXPECT_EQ(largest, 8u + 1 + 8);  // key, size of the value, value
  for (const std::uint64_t told : {mapped->totals[0].sealed_size, largest}) {
    largest = told;
    bench.reduce(*mapped);
    EXPECT_TRUE(bench.done() && bench.done()->ticket == 2) << bench.failure();
  }
  for (const std::uint64_t told : {largest - 1, std::uint64_t{0}}) {
    largest = told;
    bench.reduce(*mapped);
    EXPECT_EQ(bench.failure(), "job: map stream: a pair larger than the largest that its task told of");
  }
}

// While a task waits for scratch, the master takes it back, or the whole run.
TEST(Merging, ATaskThatWaitsLeavesWhenItIsNotWanted) {
  for (const bool whole_run : {false, true}) {
    Bench bench(40, kSmall);
    bool told = false;
    bench.host.attack = [&](const abi::StreamPart& part, std::vector<Bytes>&) {
      if (part.name.stage != abi::Stage::kScratch || std::exchange(told, true)) return;
      bench.host.frames.push_front([&] {
        bench.tell(whole_run ? encode(mapreduce::RunEnd{bench.descriptor->run()}) : encode(mapreduce::CancelOrder{1}));
      });
    };
    bench.map();
    EXPECT_TRUE(told);
    EXPECT_TRUE(bench.host.messages.empty()) << bench.failure();
    EXPECT_EQ(bench.runner->queued(), 0u);
    EXPECT_EQ(bench.host.scratch_count(), 0u);
    bench.map();
    if (whole_run) {
      EXPECT_TRUE(bench.failure().contains("no such run"));
    } else {
      EXPECT_TRUE(bench.done().has_value()) << bench.failure();
    }
  }
}

TEST(Merging, AHostThatGoesEndsTheTask) {
  Bench bench(40, kSmall);
  bench.host.attack = [&](const abi::StreamPart&, std::vector<Bytes>&) { bench.host.frames.clear(); };
  bench.map();
  EXPECT_FALSE(bench.done().has_value());
}

}  // namespace
}  // namespace brume::enclave
