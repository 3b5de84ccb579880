#include "mapreduce/messages.h"

#include <gtest/gtest.h>

#include "mapreduce/completeness.h"
#include "mapreduce/describe.h"
#include "mapreduce/test_values.h"

namespace brume::mapreduce {
namespace {

crypto::Key32 key_of(std::uint8_t value) { return *crypto::Key32::from(Bytes(32, value)); }

ReportedTotals totals_of(std::uint8_t value) {
  ReportedTotals totals{{value, value * 100u, {}}, value * 50u};
  totals.digest.bytes = filled<32>(value);
  return totals;
}

Source source_of(std::uint32_t split) {
  Source source;
  source.split = split;
  source.holder = {split + 1};
  source.salt.bytes = filled<32>(static_cast<std::uint8_t>(split + 10));
  source.key = key_of(static_cast<std::uint8_t>(split + 20));
  source.totals = totals_of(static_cast<std::uint8_t>(split + 30));
  return source;
}

// Parses, encodes again and compares; refuses every truncation and trailing bytes.
template <typename Parse>
void expect_strict(const Message& message, Parse parse) {
  const auto parsed = parse(message.body);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().what;
  const Message again = encode(*parsed);
  EXPECT_EQ(again.type, message.type);
  EXPECT_EQ(again.body, message.body);
  for (std::size_t size = 0; size < message.body.size(); ++size) {
    EXPECT_FALSE(parse(ByteView(message.body).first(size)).has_value()) << size;
  }
  Bytes longer = message.body;
  longer.push_back(0);
  EXPECT_FALSE(parse(longer).has_value());
}

GatherOrder gather(Stage stage) {
  GatherOrder order;
  order.ticket = 9;
  order.run.bytes = filled<16>(1);
  order.task = {stage, stage == Stage::kStitch ? 0u : 3u};
  order.task_key = key_of(5);
  for (std::uint32_t split = 0; split < 3; ++split) order.sources.push_back(source_of(split));
  return order;
}

TaskDone report() {
  TaskDone done;
  done.ticket = 4;
  done.run = example_fields().run;
  done.task = {Stage::kMap, 2};
  done.salt.bytes = filled<32>(7);
  done.totals = {totals_of(1), totals_of(2), totals_of(3)};
  done.counters = {1000, 500};
  done.memory = {1u << 20, 1u << 30};
  done.job_counters = {{"lines.empty", 3}, {"odd", ~std::uint64_t{0}}};
  done.malformed_places = {{0, 0}, {0, 7}, {4095, ~std::uint64_t{0}}};
  return done;
}

TEST(Messages, AreStrictAndRoundTrip) {
  expect_strict(encode(RunStart{Bytes{1, 2, 3}, key_of(1), {}}), parse_run_start);
  expect_strict(encode(RunStart{Bytes{1, 2, 3}, key_of(1), {key_of(2), key_of(3)}}), parse_run_start);
  expect_strict(encode(DescribeOrder{7, "job", {{"a", "b"}}}), parse_describe_order);
  expect_strict(encode(JobDescription{7, "no such parameter", {}}), parse_job_description);
  StageFacts stage{Reads::kBoth, "centres", 4, "moved", 9, 2, false, true, {"rejected"}, {{"stopwords", true}}};
  expect_strict(encode(JobDescription{7, "", {stage, StageFacts{}}, 1u << 27}), parse_job_description);
  EXPECT_EQ(parse_job_description(encode(JobDescription{7, "", {stage}}).body)->stages[0], stage);
  EXPECT_FALSE(parse_job_description(encode(JobDescription{7, "", {}}).body).has_value());
  EXPECT_FALSE(parse_job_description(encode(JobDescription{7, "why", {stage}}).body).has_value());
  MapOrder order;
  order.ticket = 1;
  order.split = 65535;
  order.payload_key = key_of(2);
  order.task_key = key_of(3);
  expect_strict(encode(order), parse_map_order);
  for (const Stage stage : {Stage::kStitch, Stage::kReduce}) {
    expect_strict(encode(gather(stage)), [&](ByteView body) { return parse_gather_order(stage, body); });
  }
  expect_strict(encode(CancelOrder{7}), parse_cancel_order);
  expect_strict(encode(RunEnd{}), parse_run_end);
  expect_strict(encode(report()), parse_task_done);
  TaskFailed failed;
  failed.ticket = 3;
  failed.task = {Stage::kReduce, 1};
  failed.reason = FailureReason::kStreamRefused;
  failed.text = "block 7 does not open";
  expect_strict(encode(failed), parse_task_failed);
  failed.producer = TaskId{Stage::kMap, 5};
  expect_strict(encode(failed), parse_task_failed);
}

TEST(Messages, RefuseATicketOfZero) {
  EXPECT_FALSE(parse_cancel_order(encode(CancelOrder{0}).body).has_value());
  MapOrder order;
  EXPECT_FALSE(parse_map_order(encode(order).body).has_value());
}

TEST(Messages, RefuseTasksThatNoRunHas) {
  TaskDone done = report();
  done.task = {Stage::kMap, kSplitLimit};
  EXPECT_FALSE(parse_task_done(encode(done).body).has_value());
  done.task = {Stage::kReduce, kPartitionLimit};
  EXPECT_FALSE(parse_task_done(encode(done).body).has_value());
  done.task = {static_cast<Stage>(4), 0};
  EXPECT_FALSE(parse_task_done(encode(done).body).has_value());
}

TEST(Messages, RefuseStreamsWithoutBlocks) {
  TaskDone done = report();
  done.totals[1].block_count = 0;
  EXPECT_FALSE(parse_task_done(encode(done).body).has_value());
}

TEST(Messages, RefuseStreamsThatAreLargerThanTheirBlocksCanBe) {
  TaskDone done = report();
  done.totals[1].block_count = 3;
  done.totals[1].sealed_size = 3 * sealed::kSealedBlockLimit;
  EXPECT_TRUE(parse_task_done(encode(done).body).has_value());
  ++done.totals[1].sealed_size;
  EXPECT_FALSE(parse_task_done(encode(done).body).has_value());
}

TEST(Messages, RefusePairsThatAreLargerThanTheirStream) {
  TaskDone done = report();
  GatherOrder order = gather(Stage::kReduce);
  for (std::uint64_t* largest : {&done.totals[1].largest_pair, &order.sources[1].totals.largest_pair}) *largest = 200;
  order.sources[1].totals.sealed_size = 200;
  EXPECT_TRUE(parse_task_done(encode(done).body).has_value());
  EXPECT_TRUE(parse_gather_order(Stage::kReduce, encode(order).body).has_value());
  ++done.totals[1].largest_pair;
  ++order.sources[1].totals.largest_pair;
  EXPECT_FALSE(parse_task_done(encode(done).body).has_value());
  EXPECT_FALSE(parse_gather_order(Stage::kReduce, encode(order).body).has_value());
}

TEST(Messages, RefuseAReduceAsProducer) {
  TaskFailed failed;
  failed.ticket = 3;
  failed.producer = TaskId{Stage::kReduce, 5};
  EXPECT_FALSE(parse_task_failed(encode(failed).body).has_value());
}

TEST(Messages, KeepUnprintableBytesOutOfReasons) {
  TaskFailed failed;
  failed.ticket = 3;
  failed.text = "a\x1b[2Jb" + std::string(kFailureTextLimit, 'x');
  const auto parsed = parse_task_failed(encode(failed).body);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->text.size(), kFailureTextLimit);
  EXPECT_EQ(parsed->text.substr(0, 6), "a?[2Jb");
}

TEST(Messages, KeepTheCharactersOfReasons) {
  EXPECT_EQ(printable("é.jsonl of 文書 \U0001F4A8", 100), "é.jsonl of 文書 \U0001F4A8");
  EXPECT_EQ(printable("\xC3.\xE2\x82.\xF5\xC0\x80", 100), "?.??.???");  // cut, and of no form
  EXPECT_EQ(printable("\u009b31m\u2028\u202e\u2066\u200f\u007f\n", 100), "?31m??????");
  EXPECT_EQ(printable("\u00a0\u2027\u202f\u2065\u206a\u2010", 100), "\u00a0\u2027\u202f\u2065\u206a\u2010");
  for (std::size_t limit = 0; limit < 9; ++limit) {
    const std::string cut = printable("a€é💨", limit);
    EXPECT_LE(cut.size(), limit);
    EXPECT_TRUE(std::string_view("a€é💨").starts_with(cut));
    EXPECT_EQ(printable(cut, limit), cut);
  }
  EXPECT_EQ(printable("a€é💨", 9), "a€é");
}

TEST(Messages, HaveRoomForTheLongestNameAndWhatToDoAboutIt) {
  std::string name;
  while (name.size() + 2 <= kInputNameSizeLimit) name += "é";
  JobCounters counters;
  counters.at_input(0, name);
  counters.malformed(~std::uint64_t{0});
  TaskFailed failed;
  failed.ticket = 3;
  failed.text = counters.status().error();
  const auto parsed = parse_task_failed(encode(failed).body);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->text, failed.text);
  EXPECT_TRUE(parsed->text.ends_with("(-p on-malformed=skip leaves such records out)"));
}

Descriptor example() { return *Descriptor::create(example_fields()); }  // N = 3, R = 2

std::vector<Source> sources(std::uint32_t count) {
  std::vector<Source> out;
  for (std::uint32_t split = 0; split < count; ++split) out.push_back(source_of(split));
  return out;
}

TEST(CheckSources, AcceptsExactlyOneStreamOfEachSplitAndTheStitch) {
  EXPECT_TRUE(check_sources(example(), {Stage::kReduce, 1}, sources(4)).has_value());
  EXPECT_TRUE(check_sources(example(), {Stage::kStitch, 0}, sources(3)).has_value());
}

TEST(CheckSources, RefusesMissingDoubledSwappedAndForeign) {
  const Descriptor run = example();
  const TaskId reader{Stage::kReduce, 1};
  EXPECT_FALSE(check_sources(run, reader, sources(3)).has_value());
  EXPECT_FALSE(check_sources(run, reader, sources(5)).has_value());
  auto doubled = sources(4);
  doubled[2] = doubled[1];
  EXPECT_FALSE(check_sources(run, reader, doubled).has_value());
  auto same_attempt = sources(4);
  same_attempt[2].salt = same_attempt[1].salt;
  EXPECT_FALSE(check_sources(run, reader, same_attempt).has_value());
  auto swapped = sources(4);
  std::swap(swapped[0], swapped[1]);
  EXPECT_FALSE(check_sources(run, reader, swapped).has_value());
  EXPECT_FALSE(check_sources(run, {Stage::kReduce, 2}, sources(4)).has_value());
  EXPECT_FALSE(check_sources(run, {Stage::kMap, 0}, sources(4)).has_value());
}

TaskDone report_of(const TaskId& task, std::uint8_t salt) {
  TaskDone done = report();
  done.task = task;
  done.salt.bytes = filled<32>(salt);
  done.totals.assign(stream_count(example(), task), totals_of(salt));
  done.malformed_places.clear();
  return done;
}

TEST(Ledger, CommitsOneAttemptOfEachTaskAndNoSecond) {
  const Descriptor run = example();
  Ledger ledger(run);
  EXPECT_TRUE(ledger.commit(report_of({Stage::kMap, 0}, 1), {1}, 0).has_value());
  EXPECT_FALSE(ledger.commit(report_of({Stage::kMap, 0}, 2), {1}, 0).has_value());
  EXPECT_FALSE(ledger.commit(report_of({Stage::kMap, 1}, 1), {1}, 0).has_value());
  ledger.withdraw({Stage::kMap, 0});
  EXPECT_TRUE(ledger.commit(report_of({Stage::kMap, 0}, 2), {1}, 0).has_value());
}

TEST(Messages, RefuseCountersOutOfOrderTwiceOrBadlyNamed) {
  for (const std::vector<JobCounter>& bad : std::vector<std::vector<JobCounter>>{{{"b", 1}, {"a", 1}},
                                                                                 {{"a", 1}, {"a", 1}},
                                                                                 {{"", 1}},
                                                                                 {{"A", 1}},
                                                                                 {{"a b", 1}},
                                                                                 {{std::string(65, 'a'), 1}}}) {
    TaskDone done = report();
    done.job_counters = bad;
    EXPECT_FALSE(parse_task_done(encode(done).body).has_value()) << bad.front().name;
  }
  TaskDone many = report();
  many.job_counters.clear();
  for (int i = 0; i < 64; ++i) many.job_counters.push_back({"c" + std::to_string(100 + i), 1});
  EXPECT_TRUE(parse_task_done(encode(many).body).has_value());
  many.job_counters.push_back({"d", 1});
  EXPECT_FALSE(parse_task_done(encode(many).body).has_value());
}

TEST(Messages, RefuseMalformedPlacesOutOfOrderOrTooMany) {
  for (const std::vector<RecordPlace>& bad : std::vector<std::vector<RecordPlace>>{
           {{0, 2}, {0, 1}}, {{0, 2}, {0, 2}}, {{1, 0}, {0, 5}}, {{4096, 0}}, std::vector<RecordPlace>(17)}) {
    TaskDone done = report();
    done.malformed_places = bad;
    EXPECT_FALSE(parse_task_done(encode(done).body).has_value());
  }
}

TEST(Ledger, TellsReadersTheLargestPairOfTheirStreamOfEachTask) {
  const Descriptor run = example();
  Ledger ledger(run);
  std::vector<std::uint64_t> expected;
  for (const std::uint32_t split : source_splits(run, {Stage::kReduce, 1})) {
    const TaskId task = source_task(run, split);
    TaskDone done = report_of(task, static_cast<std::uint8_t>(split + 1));
    for (std::size_t i = 0; i < done.totals.size(); ++i) done.totals[i].largest_pair = 10 * split + i;
    expected.push_back(10 * split + 1);
    ASSERT_TRUE(ledger.commit(done, {1}, 0).has_value());
  }
  const auto sources = ledger.sources({Stage::kReduce, 1});
  ASSERT_TRUE(sources.has_value());
  std::vector<std::uint64_t> told;
  for (const Source& source : *sources) told.push_back(source.totals.largest_pair);
  EXPECT_EQ(told, expected);
}

TEST(Ledger, KeepsTheLowestMalformedPlacesOfWhatIsCommitted) {
  const Descriptor run = example();
  Ledger ledger(run);
  std::vector<RecordPlace> expected;
  for (std::uint8_t task = 0; task < 3; ++task) {
    TaskDone done = report_of({Stage::kMap, task}, task);
    for (std::uint64_t i = 0; i < 16; ++i) done.malformed_places.push_back({0, 3 * i + task});
    ASSERT_TRUE(ledger.commit(done, {1}, 0).has_value());
  }
  for (std::uint64_t i = 0; i < 16; ++i) expected.push_back({0, i});
  EXPECT_EQ(ledger.malformed_places(), expected);
}

TEST(Ledger, AddsUpTheCountersOfWhatIsCommittedOnceEach) {
  const Descriptor run = example();
  Ledger ledger(run);
  const auto commit = [&](const TaskId& task, std::uint8_t salt, std::vector<JobCounter> counters) {
    TaskDone done = report_of(task, salt);
    done.job_counters = std::move(counters);
    return ledger.commit(done, {1}, 0).has_value();
  };
  EXPECT_TRUE(commit({Stage::kMap, 0}, 1, {{"a", 5}, {"most", ~std::uint64_t{0} - 1}}));
  EXPECT_FALSE(commit({Stage::kMap, 0}, 2, {{"a", 100}}));
  EXPECT_TRUE(commit({Stage::kMap, 1}, 3, {{"a", 1000}}));
  ledger.withdraw({Stage::kMap, 1});
  EXPECT_TRUE(commit({Stage::kMap, 1}, 4, {{"a", 2}, {"most", 7}}));
  EXPECT_TRUE(commit({Stage::kStitch, 0}, 5, {{"a", 1}}));
  EXPECT_TRUE(commit({Stage::kReduce, 0}, 6, {{"0", 0}}));
  EXPECT_EQ(ledger.job_counters(), (std::vector<JobCounter>{{"0", 0}, {"a", 8}, {"most", ~std::uint64_t{0}}}));
}

TEST(Ledger, RefusesReportsThatDoNotFitTheRun) {
  const Descriptor run = example();
  Ledger ledger(run);
  TaskDone other_run = report_of({Stage::kMap, 0}, 1);
  other_run.run.bytes[0] ^= 1;
  EXPECT_FALSE(ledger.commit(other_run, {1}, 0).has_value());
  TaskDone few = report_of({Stage::kMap, 0}, 1);
  few.totals.pop_back();
  EXPECT_FALSE(ledger.commit(few, {1}, 0).has_value());
  TaskDone none = report_of({Stage::kMap, 0}, 1);
  none.task.index = 3;
  EXPECT_FALSE(ledger.commit(none, {1}, 0).has_value());
  TaskDone no_input = report_of({Stage::kMap, 0}, 1);
  no_input.malformed_places = {{static_cast<std::uint32_t>(run.fields().inputs.size()), 0}};
  EXPECT_FALSE(ledger.check_report(no_input));
}

TEST(Ledger, NamesWhatIsMissing) {
  const Descriptor run = example();
  Ledger ledger(run);
  EXPECT_EQ(ledger.sources({Stage::kStitch, 0}).error().what, "stitch 0: map 0 has no committed attempt");
  for (std::uint8_t i = 0; i < 3; ++i) ASSERT_TRUE(ledger.commit(report_of({Stage::kMap, i}, i), {1}, 0).has_value());
  EXPECT_TRUE(ledger.sources({Stage::kStitch, 0}).has_value());
  EXPECT_FALSE(ledger.sources({Stage::kReduce, 0}).has_value());
  ASSERT_TRUE(ledger.commit(report_of({Stage::kStitch, 0}, 9), {2}, 0).has_value());
  const auto found = ledger.sources({Stage::kReduce, 0});
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(check_sources(run, {Stage::kReduce, 0}, *found).has_value());
  EXPECT_EQ((*found)[3].holder, NodeId{2});
  EXPECT_FALSE(ledger.check_complete().has_value());
  for (std::uint8_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(ledger.commit(report_of({Stage::kReduce, i}, static_cast<std::uint8_t>(i + 20)), {3}, 0).has_value());
  }
  EXPECT_TRUE(ledger.check_complete().has_value());
}

}  // namespace
}  // namespace brume::mapreduce
