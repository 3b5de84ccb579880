// k-means, held against plain computations.
#include "../../examples/k_means/nearest.h"
#include "test_jobs.h"

namespace brume::mapreduce {
namespace {

TEST(KMeansJob, MovesCentresToTheMeansOfTheirPoints) {
  JobProgram& k_means = *k_means_program();
  std::mt19937_64 random(9);
  std::vector<std::array<float, 3>> points(3000);
  for (auto& point : points) {
    for (float& x : point) x = static_cast<float>(random() % 10'000) / 100;
  }
  const std::vector<std::array<float, 3>> centres{{10, 10, 10}, {90, 90, 90}, {50, 20, 70}, {1000, 0, 0}};
  std::array<std::array<double, 4>, 4> sums{};
  for (const auto& point : points) {
    std::array<double, 4> distances{};
    for (std::size_t c = 0; c < 4; ++c) {
      for (std::size_t d = 0; d < 3; ++d) distances[c] += std::pow(static_cast<double>(point[d] - centres[c][d]), 2);
    }
    auto& sum = sums[static_cast<std::size_t>(std::ranges::min_element(distances) - distances.begin())];
    ++sum[0];
    for (std::size_t d = 0; d < 3; ++d) sum[d + 1] += static_cast<double>(point[d]);
  }
  std::string bytes(points.size() * 12, '\0');
  std::memcpy(bytes.data(), points.data(), bytes.size());
  const std::string result = run_inputs(k_means, {{"centres", "10,10,10;90,90,90;50,20,70;1000,0,0"}, {"passes", "1"}},
                                        {{"points", bytes}}, 2, 1200);
  const std::vector<double> numbers = numbers_of(result);
  ASSERT_EQ(numbers.size(), 20u) << result;
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(numbers[5 * c], static_cast<double>(c));
    EXPECT_EQ(numbers[5 * c + 1], sums[c][0]);
    for (std::size_t d = 0; d < 3; ++d) EXPECT_NEAR(numbers[5 * c + 2 + d], sums[c][d + 1] / sums[c][0], 1e-9);
  }
  EXPECT_TRUE(result.ends_with("3\t0\t1000\t0\t0\n")) << "a centre without points stays where it is";
  for (const char* const centres_text : {"", "1,2;3", "1,,2", "1;2;", ";", "x", "1,2,", "nan,1"}) {
    EXPECT_TRUE(refusal_of(k_means, {{"centres", centres_text}}).starts_with("parameter 'centres'")) << centres_text;
  }
}

TEST(KMeansJob, FindsTheSameCentreWhateverTheProcessorCanDo) {
  std::mt19937_64 random(11);
  const auto number = [&] { return static_cast<float>(random() % 30); };  // many distances are equal
  for (const std::size_t count : {1u, 7u, 8u, 9u, 100u}) {
    for (const std::size_t dimensions : {1u, 3u, 10u}) {
      std::vector<std::vector<float>> given(count, std::vector<float>(dimensions));
      for (auto& centre : given) std::ranges::generate(centre, number);
      const k_means::Centres centres(given);
      for (int i = 0; i < 300; ++i) {
        std::vector<float> point(dimensions);
        std::ranges::generate(point, number);
        if (i == 1) point[0] = std::numeric_limits<float>::max();
        std::size_t expected = 0;
        float least = std::numeric_limits<float>::infinity();
        for (std::size_t c = 0; c < count; ++c) {
          float sum = 0;
          for (std::size_t d = 0; d < dimensions; ++d) sum += (point[d] - given[c][d]) * (point[d] - given[c][d]);
          if (sum < least) expected = c;
          least = std::min(least, sum);
        }
        EXPECT_EQ(k_means::nearest_plain(centres, point.data()), expected);
        EXPECT_EQ(k_means::best_nearest()(centres, point.data()), expected);
      }
    }
  }
}

TEST(KMeansJob, RepeatsUntilCentresStay) {
  JobProgram& k_means = *k_means_program();
  std::mt19937_64 random(10);
  std::vector<float> points;
  const float places[4][2] = {{0, 0}, {100, 0}, {0, 100}, {300, 300}};
  for (int i = 0; i < 4000; ++i) {
    for (const float at : places[i % 4]) points.push_back(at + static_cast<float>(random() % 1000) / 100);
  }
  const std::string bytes = floats(points);
  const std::string result = result_of(k_means, {{"centres", "1,1;90,9;9,90;200,200"}}, {bytes});
  const std::vector<double> numbers = numbers_of(result);
  ASSERT_EQ(numbers.size(), 16u) << result;
  for (std::size_t c = 0; c < 4; ++c) {
    EXPECT_EQ(numbers[4 * c + 1], 1000);
    for (std::size_t d = 0; d < 2; ++d) EXPECT_NEAR(numbers[4 * c + 2 + d], static_cast<double>(places[c][d]) + 5, 1);
  }
  // One step more moves nothing, and gives the same.
  std::string centres;
  for (std::size_t c = 0; c < 4; ++c)
    centres += (c == 0 ? "" : ";") + std::to_string(numbers[4 * c + 2]) + "," + std::to_string(numbers[4 * c + 3]);
  EXPECT_EQ(numbers_of(run_inputs(k_means, {{"centres", centres}, {"passes", "1"}}, {{"p", bytes}}, 1, 1u << 20)),
            numbers);
  // Points of the input themselves are a beginning, too.
  const std::string drawn = run_inputs(k_means, {{"k", "4"}, {"dimensions", "2"}}, {{"points", bytes}}, 2, 1000);
  EXPECT_EQ(std::ranges::count(drawn, '\n'), 4) << drawn;
  EXPECT_EQ(numbers_of(drawn)[1] + numbers_of(drawn)[5] + numbers_of(drawn)[9] + numbers_of(drawn)[13], 4000);
  EXPECT_TRUE(refusal_of(k_means, {{"k", "4"}}).starts_with("parameter 'centres'"));
  EXPECT_TRUE(
      refusal_of(k_means, {{"k", "4"}, {"dimensions", "1"}, {"centres", "1"}}).starts_with("parameter 'centres'"));
  EXPECT_EQ(run_inputs(k_means, {{"k", "4"}, {"dimensions", "2"}}, {{"points", ""}}, 2, 1000),
            "error: stage 2 of 2, pass 1: side data 'centres' has no point: the input has none that is finite");
  EXPECT_EQ(run_inputs(k_means, {{"centres", "1,2;3,4"}}, {{"points", ""}}, 2, 1000), "0\t0\t1\t2\n1\t0\t3\t4\n");
  EXPECT_EQ(refusal_of(k_means, {{"centres", "1"}, {"tolerance", "-1"}}), "parameter 'tolerance' is a number from 0");
}

TEST(KMeansJob, DrawsDifferentPointsWhereMostAreAlike) {
  std::vector<float> points;
  for (int i = 0; i < 30'000; ++i) points.push_back(static_cast<float>(i % 256));
  points.insert(points.end(), 30'000, 1000);
  const auto centres = [&](std::uint64_t split_size) {
    return run_inputs(*k_means_program(), {{"k", "200"}, {"dimensions", "1"}, {"passes", "1"}},
                      {{"points", floats(points)}}, 1, split_size);
  };
  EXPECT_EQ(std::ranges::count(centres(1u << 30), '\n'), 200);
  EXPECT_EQ(centres(1u << 30), centres(1u << 16));
}

TEST(KMeansJob, DrawsAsManyCentresAsAreWantedWherePointsAreLarge) {
  constexpr std::size_t kDimensions = 2000;  // 64 chunks of 64 KiB have fewer than 500 whole points
  std::vector<float> points(1500 * kDimensions);
  for (std::size_t i = 0; i < points.size(); i += kDimensions) points[i] = static_cast<float>(i);
  const std::string centres = run_inputs(*k_means_program(), {{"k", "600"}, {"dimensions", "2000"}, {"passes", "1"}},
                                         {{"points", floats(points)}}, 1, 1u << 30);
  EXPECT_EQ(std::ranges::count(centres, '\n'), 600);
  EXPECT_TRUE(refusal_of(*k_means_program(), {{"k", "100000"}, {"dimensions", "10000"}}).starts_with("parameter 'k'"));
}

TEST(KMeansJob, TellsDistancesApartWhoseSquaresAreNoFloats) {
  JobProgram& k_means = *k_means_program();
  for (const char* const unit : {"e20", "e38", "e-30", "e-40"}) {
    std::vector<float> points;
    for (const double at : {0.9, 1.1, 2.9, 3.1, 3.0})
      points.push_back(static_cast<float>(at * std::stod(std::string("1") + unit)));
    std::string centres;
    for (const char* const at : {"-3", "1", "2", "3"}) centres += (centres.empty() ? "" : ";") + std::string(at) + unit;
    const std::vector<double> numbers =
        numbers_of(run_inputs(k_means, {{"passes", "1"}, {"centres", centres}}, {{"p", floats(points)}}, 1, 100));
    ASSERT_EQ(numbers.size(), 12u);
    EXPECT_EQ((std::vector<double>{numbers[1], numbers[4], numbers[7], numbers[10]}), (std::vector<double>{0, 2, 0, 3}))
        << unit;
  }
  // A mean that is too small for a float goes into the next pass.
  EXPECT_EQ(run_inputs(k_means, {{"centres", "0;1"}}, {{"p", floats({1e-45f, 0, 0, 0, 1})}}, 1, 100).substr(0, 4),
            "0\t4\t");
}

TEST(KMeansJob, RefusesPointsThatAreNotFinite) {
  JobProgram& k_means = *k_means_program();
  for (const float odd : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const std::string points = floats({1, 2, 3, odd, 5, 6, odd, odd, 5, 7});
    for (const Parameters& parameters :
         {Parameters{{"k", "2"}, {"dimensions", "2"}}, Parameters{{"centres", "1,2;5,6"}}}) {
      EXPECT_TRUE(run_inputs(k_means, parameters, {{"p", points}}, 1, 100).contains("the record at byte 8 of p is"));
      Parameters skipping = parameters;
      skipping.push_back({"on-malformed", "skip"});
      const std::vector<double> numbers = numbers_of(run_inputs(k_means, skipping, {{"p", points}}, 1, 100));
      ASSERT_EQ(numbers.size(), 8u);
      EXPECT_EQ(numbers[1] + numbers[5], 3);
    }
  }
}

}  // namespace
}  // namespace brume::mapreduce
