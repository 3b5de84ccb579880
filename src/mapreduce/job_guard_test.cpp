// What a job's author gets wrong at run time: it ends a task or a run with a sentence, never the program.
#include <brume/job.h>
#include <brume/lines.h>
#include <pthread.h>

#include <cmath>
#include <limits>

#include "mapreduce/counting_test_program.h"
#include "mapreduce/passes.h"

namespace brume::mapreduce {
namespace {

using testing::run_job;
using testing::test_config;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Minimum, OfFloatsDependsOnNoOrder) {
  const auto fold = [](auto combine, std::vector<double> values) {
    double into = values[0];
    for (std::size_t i = 1; i < values.size(); ++i) combine(into, values[i]);
    return into;
  };
  std::vector<int> order{0, 1, 2, 3};
  const std::vector<double> odd{kNan, 0.0, -0.0, -kNan};
  do {
    std::vector<double> values;
    for (const int i : order) values.push_back(odd[static_cast<std::size_t>(i)]);
    const double least = fold(minimum, values);
    EXPECT_TRUE(least == 0 && std::signbit(least));
    const double most = fold(maximum, values);
    EXPECT_TRUE(std::isnan(most) && !std::signbit(most));
  } while (std::ranges::next_permutation(order).found);
  EXPECT_EQ(fold(minimum, {3, -kInfinity, kNan, 1.5}), -kInfinity);
  EXPECT_EQ(fold(maximum, {-3, -1.5, -kInfinity}), -1.5);
  EXPECT_FALSE(std::signbit(fold(maximum, {-0.0, 0.0})));
  float single = 2.5f;
  minimum(single, -2.5f);
  EXPECT_EQ(single, -2.5f);
}

TEST(Order, ByValueHasOneZeroAndOneNan) {
  const auto rank = [](double value) { return detail::rank_by_value(Order::kValueAscending, value); };
  EXPECT_EQ(rank(0.0), rank(-0.0));
  EXPECT_EQ(rank(kNan), rank(-kNan));
  const std::vector<double> ascending{-kInfinity, -2, -1e-300, 0, 1e-300, 2, kInfinity, kNan};
  for (std::size_t i = 1; i < ascending.size(); ++i) EXPECT_LT(rank(ascending[i - 1]), rank(ascending[i]));
  EXPECT_GT(detail::rank_by_value(Order::kValueDescending, 1.0f), detail::rank_by_value(Order::kValueDescending, 2.0f));
}

struct Counts {
  using Value = std::uint64_t;
  ByteSet separators() const { return ByteSet{'\n'}; }
  void map(std::string_view text, Emitter<Value>& out) const {
    for (const std::string_view line : Lines(text)) out.emit(line, 1);
  }
  static constexpr auto combine = sum;
};

struct RefusesSomeWords : Counts {
  void configure(Parameters& parameters) {
    std::string text = "1";
    parameters.text("n", text);
    n = std::stoi(text);
  }
  int n = 0;
};

JobConfig with(const std::vector<JobParameter>& parameters) {
  JobConfig config = test_config();
  config.parameters = parameters;
  return config;
}

TEST(StagedProgram, TurnsWhatConfigureThrowsIntoAnError) {
  auto& program = detail::the_staged_program<Counts, RefusesSomeWords>("Two");
  std::vector<StageFacts> stages;
  const std::vector<JobParameter> good{{"n", "7"}};
  const std::vector<JobParameter> bad{{"n", "seven"}};
  EXPECT_TRUE(program.describe(with(good), stages).has_value());
  EXPECT_TRUE(program.configure(with(good)).has_value());
  EXPECT_EQ(program.describe(with(bad), stages).error(), "the job threw an exception");
  EXPECT_EQ(program.configure(with(bad)).error(), "the job threw an exception");
}

// Whose State cannot be made.
struct StateThrows {
  using Value = std::uint64_t;
  struct State {
    State() { throw std::bad_alloc(); }
  };
  ByteSet separators() const { return ByteSet{'\n'}; }
  void map(std::string_view, State&, Emitter<Value>&) const {}
  void finish(State&, Emitter<Value>&) const {}
  static constexpr auto combine = sum;
};
struct StateThrowsAnywhere : StateThrows {
  static constexpr auto combine = maximum;
};
static_assert(detail::IsCounting<StateThrows> && !detail::IsCounting<StateThrowsAnywhere>);

TEST(JobState, ThatCannotBeMadeEndsTheTask) {
  const auto programs = {detail::make_program<StateThrows>, detail::make_program<StateThrowsAnywhere>};
  for (const auto& make : programs) {
    const auto program = make("state-throws");
    ASSERT_TRUE(program->configure(test_config()).has_value());
    testing::TestScratch scratch;
    testing::Streams sink(1);
    EXPECT_EQ(program->new_map(scratch)->feed({"a\n"}, sink).error(), detail::kOutOfMemory);
    EXPECT_EQ(program->new_map(scratch)->finish(sink).error(), detail::kOutOfMemory);
  }
}

// One for each task, also where a task gets nothing.
struct CountsInState : Counts {
  struct State {
    std::uint64_t pieces = 0;
  };
  void map(std::string_view, State& state, Emitter<Value>&) const { ++state.pieces; }
  void finish(State& state, Emitter<Value>& out) const { out.emit("pieces", state.pieces); }
};

TEST(JobState, IsNewInEachTask) {
  detail::CountingProgram<CountsInState> program("counts-in-state");
  ASSERT_TRUE(program.configure(test_config()).has_value());
  EXPECT_EQ(run_job(program, 1, {"a\n", "b\n"}), "pieces\t2\n");
  testing::TestScratch scratch;
  testing::Streams sink(1);
  EXPECT_TRUE(program.new_map(scratch)->finish(sink).has_value());
}

// Larger than the stack, as is its state.
struct Large : RefusesSomeWords {
  struct State {
    std::array<std::uint64_t, 1 << 19> table{};
  };
  void map(std::string_view text, State& state, Emitter<Value>&) const { state.table[text.size()] += table[1] + 1; }
  void finish(State& state, Emitter<Value>& out) const { out.emit("twos", state.table[2]); }
  std::array<std::uint64_t, 1 << 19> table{};
};
struct LargeAndSorted : Large {
  static constexpr auto combine = maximum;
};

void use_large_jobs() {
  auto& staged = detail::the_staged_program<Large, LargeAndSorted>("LargeStages");
  for (std::uint32_t stage = 0; stage < 2; ++stage) {
    JobConfig config = test_config();
    config.stage = stage;
    std::vector<StageFacts> stages;
    EXPECT_TRUE(staged.describe(config, stages).has_value());
    EXPECT_TRUE(staged.configure(config).has_value());
    testing::TestScratch scratch;
    testing::Streams sink(1);
    const auto task = staged.new_map(scratch);
    EXPECT_TRUE(task->feed({"a\n"}, sink).has_value());
    EXPECT_TRUE(task->finish(sink).has_value());
  }
}

TEST(JobState, AndTheJobItselfMayBeLargerThanTheStack) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 1u << 20);
  pthread_t thread;
  const auto body = [](void*) -> void* {
    use_large_jobs();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, body, nullptr), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

struct Repeats : Counts {
  Stage stage() const { return {.until_zero = "changed", .at_most = most}; }
  std::optional<std::uint32_t> most;
};
struct RepeatsOnce : Counts {
  Stage stage() const { return {.until_zero = "changed", .at_most = 1}; }
};

TEST(Stage, UntilZeroSaysHowOftenAtMost) {
  std::vector<StageFacts> stages;
  EXPECT_EQ(detail::make_program<Repeats>("repeats")->describe(test_config(), stages).error(),
            "stage: one with until_zero says at_most, too: how many passes there may be");
  ASSERT_TRUE(detail::make_program<RepeatsOnce>("repeats-once")->describe(test_config(), stages).has_value());
  EXPECT_EQ(stages[0].at_most, 1u);
  ASSERT_TRUE(detail::make_program<Counts>("counts")->describe(test_config(), stages).has_value());
  EXPECT_EQ(stages[0].at_most, 1u);
}

TEST(CheckStages, RefusesWhatNoDescriptionHolds) {
  const std::string longest(64, 'x');
  const std::string longer(65, 'x');
  StageFacts good;
  good.carries = good.until_zero = longest;
  good.outputs = {longest};
  good.sides = {{longest, true}};
  EXPECT_TRUE(check_stages({good}).has_value());
  std::vector<StageFacts> bad(6, good);
  bad[0].carries = longer;
  bad[1].until_zero = longer;
  bad[2].outputs[0] = longer;
  bad[3].sides[0].name = longer;
  for (int i = 1; i < 16; ++i) bad[4].outputs.push_back(std::to_string(i));
  for (int i = 0; i < 16; ++i) bad[5].sides.push_back({std::to_string(i), false});
  for (const StageFacts& stage : bad) EXPECT_FALSE(check_stages({good, stage}).has_value());
  EXPECT_FALSE(check_stages({}).has_value());
}

TEST(Parameters, HaveNumbersOfAnyTypeAndFlags) {
  const std::vector<JobParameter> given{{"passes", "7"}, {"damping", "8.5e-1"}, {"exact", "true"}};
  Parameters parameters(given);
  std::uint32_t passes = 1;
  double damping = 0;
  bool exact = false;
  parameters.number("passes", passes, 1, 100);
  parameters.number("damping", damping, 0, 1);
  parameters.flag("exact", exact);
  EXPECT_TRUE(parameters.status().has_value());
  EXPECT_EQ(passes, 7u);
  EXPECT_EQ(damping, 0.85);
  EXPECT_TRUE(exact);
  for (const char* text : {"nan", "1.5", "inf", "0.5x", "", "-0.1"}) {
    const std::vector<JobParameter> bad{{"damping", text}};
    Parameters refused(bad);
    refused.number("damping", damping, 0, 0.95);
    EXPECT_EQ(refused.status().error(), "parameter 'damping' is a number from 0 to 0.95") << text;
  }
  const std::vector<JobParameter> maybe{{"exact", "maybe"}};
  Parameters refused(maybe);
  refused.flag("exact", exact);
  EXPECT_EQ(refused.status().error(), "parameter 'exact' is one of: true, false");
}

TEST(JobName, IsTheTypesWithoutItsNamespaces) {
  EXPECT_EQ(detail::job_name_of("WordCount"), "word-count");
  EXPECT_EQ(detail::job_name_of("my::jobs::word_count2"), "word-count2");
  EXPECT_EQ(detail::job_name_of("::WordCount"), "word-count");
  EXPECT_TRUE(detail::names_job("my :: WordCount"));
  for (const std::string_view type : {"", "Thing<3>", "Thing<my::Other>", "_Job", "my::"})
    EXPECT_FALSE(detail::names_job(type)) << type;
  EXPECT_TRUE(detail::names_job(std::string(64, 'a')));
  EXPECT_FALSE(detail::names_job(std::string(65, 'a')));
  EXPECT_TRUE(detail::names_job(std::string(32, 'A')));  // with the hyphens between them 63
  EXPECT_FALSE(detail::names_job(std::string(33, 'A')));
}

TEST(Codec, GivesBackVectorsOfBool) {
  const std::vector<bool> value{true, false, true};
  std::string bytes;
  Codec<std::vector<bool>>::encode(value, bytes);
  std::string_view in = bytes;
  std::vector<bool> other;
  ASSERT_TRUE(Codec<std::vector<bool>>::decode(in, other));
  EXPECT_EQ(other, value);
  std::string_view no_bool("\1\2", 2);
  EXPECT_FALSE(Codec<std::vector<bool>>::decode(no_bool, other));
}

}  // namespace
}  // namespace brume::mapreduce
