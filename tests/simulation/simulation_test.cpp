// One property in many worlds: a run ends with the right result, or with a reason; never with a wrong one.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "simulation/sort_job.h"
#include "simulation/word_job.h"
#include "simulation/world.h"

namespace brume::simulation {
namespace {

constexpr std::size_t kChunk = 65536;

// Words of many lengths, some longer than a chunk, over a small vocabulary, of any bytes.
std::string make_text(SeededRandom& random, std::size_t size) {
  std::vector<std::string> vocabulary;
  for (int i = 0; i < 40; ++i) {
    const std::size_t length = random.below(10) == 0 ? random.below(3000) : 1 + random.below(300);
    std::string& word = vocabulary.emplace_back();
    for (std::size_t j = 0; j < length; ++j) word.push_back(static_cast<char>(random.below(256)));
  }
  std::string text;
  while (text.size() < size) {
    if (random.below(400) == 0) {
      text.append(random.below(3 * kChunk), 'x');
    } else {
      text += vocabulary[random.below(vocabulary.size())];
    }
    text.append(1 + random.below(3), random.below(2) == 0 ? ' ' : '\n');
  }
  text.resize(size);
  return text;
}

std::vector<std::string> texts_of(const RunOptions& run) {
  std::vector<std::string> texts = run.more_texts;
  texts.insert(texts.begin(), run.text);
  return texts;
}

RunOptions random_run(SeededRandom& random) {
  RunOptions run;
  const std::uint64_t kind = random.below(10);
  std::size_t size = random.below(8 * kChunk);
  if (kind == 0) size = 0;
  if (kind == 1) size = kChunk * (1 + random.below(4));
  run.text = kind == 2 ? std::string(size, 'w') : make_text(random, size);
  if (random.below(4) == 0) {
    for (std::uint64_t i = random.below(5); i > 0; --i)
      run.more_texts.push_back(make_text(random, random.below(2) * random.below(4 * kChunk)));
  }
  run.chunks_per_split = 1 + random.below(3);
  run.partition_count = static_cast<std::uint32_t>(1 + random.below(5));
  run.padding_least = random.below(4) == 0 ? 4096 : 0;
  return run;
}

// BRUME_SIMULATION_SEEDS raises the number of worlds; BRUME_SIMULATION_FROM starts at another seed.
std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Says at its end how the worlds went: a test in which nothing happens proves nothing.
struct Tally {
  ~Tally() {
    std::printf("    %d finished, %d failed, %llu attacks, %llu things done again\n", finished, failed,
                static_cast<unsigned long long>(attacks), static_cast<unsigned long long>(notes));
  }
  int finished = 0;
  int failed = 0;
  std::uint64_t attacks = 0;
  std::uint64_t notes = 0;
};

void check(const Outcome& outcome, const RunOptions& run, std::uint64_t seed, Tally& tally) {
  tally.attacks += outcome.attacks;
  tally.notes += outcome.notes.size();
  if (outcome.finished) {
    ++tally.finished;
    EXPECT_TRUE(outcome.output == naive_word_count(texts_of(run))) << "wrong result, seed " << seed;
    const JobCounters expected = naive_counters(texts_of(run));
    EXPECT_TRUE(outcome.counters == expected.all()) << "wrong counters, seed " << seed;
    EXPECT_TRUE(outcome.malformed_places == expected.malformed_places()) << "wrong places, seed " << seed;
  } else {
    ++tally.failed;
    EXPECT_NE(outcome.why, "") << "no result and no reason, seed " << seed;
    if (std::getenv("BRUME_SIMULATION_TELL") != nullptr) std::printf("    %s\n", outcome.why.c_str());
  }
}

WorldOptions world_of(std::uint64_t seed, SeededRandom& random) {
  WorldOptions options;
  options.seed = seed;
  options.node_count = static_cast<std::uint32_t>(3 + random.below(4));
  options.split_roles = random.below(3) == 0;
  return options;
}

// Lines of any length and kind, many of them the same, one of them most often.
std::string make_lines(SeededRandom& random, std::size_t size) {
  std::string text;
  const std::uint64_t kinds = 1 + random.below(3000);
  while (text.size() < size) {
    const std::uint64_t kind = random.below(3) == 0 ? 0 : random.below(kinds);
    text.append(random.below(20) == 0 ? 1000 : kind % 90, static_cast<char>('a' + kind % 26));
    text += std::to_string(kind) + '\n';
  }
  text.resize(size);
  return text;
}

TEST(Simulation, JobsThatSortBeyondTheirMemoryAreRightOrRefusedByName) {
  Tally tally;
  const std::uint64_t from = number_from("BRUME_SIMULATION_FROM", 5000);
  const std::uint64_t count = number_from("BRUME_SIMULATION_SEEDS", 120);
  std::size_t scratch_count = 0;
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    SeededRandom random(seed);
    WorldOptions options = world_of(seed, random);
    options.sorts = true;
    options.memory = std::size_t{256} << (10 + random.below(4));
    options.joined = random.below(4) == 0;
    const bool new_epoch = random.below(4) == 0;
    if (new_epoch) options.split_roles = false;  // or it may revoke the only reducer
    World world(options);
    RunOptions run = random_run(random);
    run.chunks_per_split = 4 + random.below(10);
    run.text = make_lines(random, random.below(30 * kChunk));
    run.more_texts.clear();
    for (std::uint64_t i = random.below(2) * random.below(4); i > 0; --i)
      run.more_texts.push_back(make_lines(random, random.below(6 * kChunk)));
    if (random.below(3) == 0) run.side = make_lines(random, 1 + random.below(2 * kChunk)).substr(0, 50'000);
    run.trouble.kills = static_cast<std::uint32_t>(random.below(3));
    run.trouble.hostility.per_mille = seed % 3 == 0 ? 0 : random.below(60);
    run.trouble.new_epoch = new_epoch;
    const Outcome outcome = world.run(run);
    scratch_count += world.scratch_count();
    tally.attacks += outcome.attacks;
    tally.notes += outcome.notes.size();
    if (outcome.finished) {
      ++tally.finished;
      EXPECT_TRUE(outcome.output == naive_sorted_lines(texts_of(run), run.side)) << "wrong result, seed " << seed;
    } else {
      ++tally.failed;
      EXPECT_NE(outcome.why, "") << "no result and no reason, seed " << seed;
      EXPECT_GT(run.trouble.hostility.per_mille, 0u) << outcome.why << ", seed " << seed;
    }
  }
  EXPECT_GT(tally.finished, static_cast<int>(count / 3));
  EXPECT_GT(scratch_count, count) << "memory was never too small";
  EXPECT_GT(tally.attacks, 0u);
}

// What hosts may fetch before the last map ends is what they need then.
TEST(Simulation, HintsNameWhatTheirHostsWillReduce) {
  SeededRandom random(7);
  WorldOptions options;
  options.sorts = true;
  World world(options);
  RunOptions run;
  run.text = make_lines(random, 12 * kChunk);
  run.chunks_per_split = 2;
  run.partition_count = 4;  // one for each node: none has two, of which another could take one
  const Outcome outcome = world.run(run);
  ASSERT_TRUE(outcome.finished) << outcome.why;
  EXPECT_GE(outcome.hints.size(), 12u);
  EXPECT_EQ(outcome.hints.front().maps_done, 1u);
  for (const Outcome::Hint& hint : outcome.hints) EXPECT_EQ(outcome.reduced_at.at(hint.partition), hint.node);
}

TEST(Simulation, WhatAJobRefusesIsToldWithItsPlaceAndTriedOnceMore) {
  World world({});
  RunOptions run;
  run.text = "word\n";
  run.more_texts = {std::string(3 * kChunk, '\n') + std::string(WordJob::kRefused) + "\n"};
  run.chunks_per_split = 2;
  const Outcome outcome = world.run(run);
  EXPECT_EQ(outcome.why, "map 2 (text 1, from byte 131072): job: not that word");
  ASSERT_EQ(outcome.notes.size(), 2u);
  for (const std::string& note : outcome.notes) {
    EXPECT_TRUE(note.starts_with("map 2 (text 1, from byte 131072) at node ")) << note;
    EXPECT_TRUE(note.ends_with(" failed, job: not that word")) << note;
  }
}

TEST(Simulation, HonestClustersCountRight) {
  Tally tally;
  const std::uint64_t from = number_from("BRUME_SIMULATION_FROM", 1);
  const std::uint64_t count = number_from("BRUME_SIMULATION_SEEDS", 150);
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    SeededRandom random(seed);
    World world(world_of(seed, random));
    const RunOptions run = random_run(random);
    check(world.run(run), run, seed, tally);
  }
  EXPECT_EQ(tally.failed, 0);
}

TEST(Simulation, NodesThatDieAtAnyMomentDoNotChangeTheResult) {
  Tally tally;
  const std::uint64_t from = number_from("BRUME_SIMULATION_FROM", 1000);
  const std::uint64_t count = number_from("BRUME_SIMULATION_SEEDS", 200);
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    SeededRandom random(seed);
    World world(world_of(seed, random));
    RunOptions run = random_run(random);
    run.trouble.kills = static_cast<std::uint32_t>(1 + random.below(4));
    check(world.run(run), run, seed, tally);
  }
  EXPECT_EQ(tally.failed, 0);
}

TEST(Simulation, HostileHostsGetARunRightOrRefusedByName) {
  Tally tally;
  const std::uint64_t from = number_from("BRUME_SIMULATION_FROM", 2000);
  const std::uint64_t count = number_from("BRUME_SIMULATION_SEEDS", 400);
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    SeededRandom random(seed);
    World world(world_of(seed, random));
    RunOptions run = random_run(random);
    if (random.below(2) == 0) check(world.run(run), run, seed, tally);  // something to replay
    run.trouble.hostility.per_mille = 5 + random.below(300);
    run.trouble.kills = static_cast<std::uint32_t>(random.below(3));
    check(world.run(run), run, seed, tally);
  }
  EXPECT_GT(tally.finished, 0);
  EXPECT_GT(tally.failed, 0);
  EXPECT_GT(tally.attacks, count);
}

TEST(Simulation, ANewPolicyEpochLosesNothing) {
  Tally tally;
  const std::uint64_t from = number_from("BRUME_SIMULATION_FROM", 3000);
  const std::uint64_t count = number_from("BRUME_SIMULATION_SEEDS", 100);
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    SeededRandom random(seed);
    WorldOptions options = world_of(seed, random);
    options.split_roles = false;
    World world(options);
    RunOptions run = random_run(random);
    run.trouble.new_epoch = true;
    check(world.run(run), run, seed, tally);
  }
  EXPECT_EQ(tally.failed, 0);
}

TEST(Simulation, ThroughTheWholeJoin) {
  Tally tally;
  const std::uint64_t from = number_from("BRUME_SIMULATION_FROM", 4000);
  const std::uint64_t count = number_from("BRUME_SIMULATION_SEEDS", 60) / 2;
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    SeededRandom random(seed);
    WorldOptions options = world_of(seed, random);
    options.joined = true;
    World world(options);
    RunOptions run = random_run(random);
    run.trouble.kills = static_cast<std::uint32_t>(random.below(3));
    run.trouble.hostility.per_mille = random.below(2) * random.below(100);
    run.trouble.new_epoch = random.below(3) == 0;
    check(world.run(run), run, seed, tally);
  }
  EXPECT_GT(tally.finished, 0);
}

TEST(Simulation, ThroughQuotesThatAreAppraised) {
  WorldOptions options;
  options.seed = 6;
  options.joined = options.quoted = true;
  World world(options);
  world.join_all();
  SeededRandom random(6);
  RunOptions run;
  run.text = make_text(random, 5 * kChunk);
  run.trouble.kills = 2;
  Tally tally;
  check(world.run(run), run, options.seed, tally);
  EXPECT_EQ(tally.finished, 1);
}

TEST(Simulation, TheSameSeedGivesTheSameWorld) {
  const auto once = [] {
    SeededRandom random(77);
    World world(world_of(77, random));
    RunOptions run = random_run(random);
    run.trouble.hostility.per_mille = 100;
    run.trouble.kills = 2;
    return world.run(run);
  };
  const Outcome first = once();
  const Outcome second = once();
  EXPECT_EQ(first.took_ms, second.took_ms);
  EXPECT_EQ(first.notes, second.notes);
  EXPECT_EQ(first.why, second.why);
}

// A text of one size whose words are `kinds` different ones, each as often as the others.
std::multiset<std::vector<std::size_t>> sizes_of(std::size_t kinds, std::uint32_t padding) {
  WorldOptions options;
  options.seed = 9;
  World world(options);
  RunOptions run;
  run.chunks_per_split = 1;
  run.padding_least = padding;
  for (std::size_t i = 0; run.text.size() < 3 * kChunk; ++i) {
    char word[24];
    std::snprintf(word, sizeof word, "%07zu ", i % kinds);
    run.text += word;
  }
  EXPECT_TRUE(world.run(run).finished);
  return world.sizes_kept();
}

TEST(Simulation, PaddedRunsOfUnlikeTextsLookAlikeToHosts) {
  EXPECT_NE(sizes_of(3, 0), sizes_of(200, 0)) << "sizes tell texts apart";
  EXPECT_EQ(sizes_of(3, 4096), sizes_of(200, 4096));
  EXPECT_GE(sizes_of(3, 4096).size(), 3 * 3 + 3u) << "every split sends to every partition, which has one result";
  EXPECT_NE(sizes_of(3, 4096), sizes_of(3000, 4096)) << "what stays visible: the rounded size";
}

TEST(Simulation, OneHostThatAlwaysLiesIsNamed) {
  WorldOptions options;
  options.seed = 5;
  World world(options);
  SeededRandom random(5);
  RunOptions run;
  run.text = make_text(random, 6 * kChunk);
  run.trouble.hostility.per_mille = 1000;
  const Outcome outcome = world.run(run);
  EXPECT_FALSE(outcome.finished);
  EXPECT_NE(outcome.why.find("map "), std::string::npos) << outcome.why;
}

TEST(Simulation, AFullDiskOfTheMasterEndsTheRunAtOnce) {
  WorldOptions options;
  options.seed = 6;
  World world(options);
  SeededRandom random(6);
  RunOptions run;
  run.text = make_text(random, 6 * kChunk);
  run.store_is_full = true;
  const Outcome outcome = world.run(run);
  EXPECT_FALSE(outcome.finished);
  EXPECT_EQ(outcome.why.find("output of partition "), 0u) << outcome.why;
  EXPECT_NE(outcome.why.find(": the disk is full"), std::string::npos) << outcome.why;
  EXPECT_EQ(outcome.notes, std::vector<std::string>{});
}

}  // namespace
}  // namespace brume::simulation
