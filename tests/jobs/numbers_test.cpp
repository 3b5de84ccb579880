// Jobs over numbers, held against plain computations.
#include "../../examples/pca/products.h"
#include "test_jobs.h"

namespace brume::mapreduce {
namespace {

TEST(HistogramJob, CountsEveryChannel) {
  JobProgram& histogram = *histogram_program();
  std::mt19937_64 random(5);
  for (const std::size_t channels : {1u, 2u, 3u, 4u}) {
    std::vector<std::uint64_t> counts(channels * 256);
    std::vector<std::string> splits;
    for (std::size_t pixels : {0u, 1u, 7u, 5000u}) {
      std::string& split = splits.emplace_back();
      for (std::size_t i = 0; i < pixels * channels; ++i) {
        const auto byte = static_cast<std::uint8_t>(random() % 200);
        split.push_back(static_cast<char>(byte));
        ++counts[i % channels * 256 + byte];
      }
    }
    std::string expected;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      expected += std::to_string(i / 256) + '\t' + std::to_string(i % 256) + '\t' + std::to_string(counts[i]) + '\n';
    }
    EXPECT_EQ(result_of(histogram, {{"channels", std::to_string(channels)}, {"header", "54"}}, splits), expected);
  }
  EXPECT_EQ(refusal_of(histogram, {{"channels", "5"}}), "parameter 'channels' is a number from 1 to 4");
}

TEST(LinearRegressionJob, FindsTheLineThatItWasMadeFrom) {
  JobProgram& regression = *linear_regression_program();
  std::string points;
  for (int x = -30; x <= 40; ++x) points += {static_cast<char>(x), static_cast<char>(3 * x - 7)};
  const std::string result = result_of(regression, {}, {points, points});
  EXPECT_EQ(result, "count\t142\nslope\t3\nintercept\t-7\nmean x\t5\nmean y\t8\nr squared\t1\n");
}

TEST(LinearRegressionJob, SumsExactlyWhatIsLarge) {
  JobProgram& regression = *linear_regression_program();
  std::string points;
  for (int i = 0; i < 400'000; ++i) points += {static_cast<char>(-128), static_cast<char>(i % 2 == 0 ? -128 : 127)};
  const std::string result = result_of(regression, {}, {points});
  EXPECT_TRUE(result.starts_with("count\t400000\nslope\tnan\n")) << result;
  EXPECT_NE(result.find("mean x\t-128\nmean y\t-0.5\n"), std::string::npos) << result;
  EXPECT_EQ(result_of(regression, {}, {""}),
            "count\t0\nslope\tnan\nintercept\tnan\nmean x\tnan\nmean y\tnan\nr squared\tnan\n");
}

TEST(LinearRegressionJob, KeepsWhatNearlyConstantDataDiffersBy) {
  // Of so many pairs but one x is another, and y with it: n * xx is over 2^53.
  std::string points;
  for (int i = 0; i < 2'000'000; ++i) points += {127, 100};
  points += {126, 98};
  const std::string result = run_inputs(*linear_regression_program(), {}, {{"pairs", points}}, 1, 1u << 20);
  EXPECT_TRUE(result.starts_with("count\t2000001\nslope\t2\nintercept\t-154\n")) << result;
  EXPECT_TRUE(result.ends_with("r squared\t1\n")) << result;
}

TEST(PageRankJob, FollowsLinksOfLinesWithReturns) {
  const auto ranks = [](const std::string& text) {
    return run_inputs(*page_rank_program(), {{"passes", "3"}}, {{"links", text}}, 1, 1000);
  };
  EXPECT_EQ(ranks("a\tb\r\nb\ta\r\na\tc\r\n"), ranks("a\tb\nb\ta\na\tc\n"));
}

TEST(PageRankJob, EqualsThePlainComputation) {
  JobProgram& page_rank = *page_rank_program();
  std::mt19937_64 random(11);
  std::map<int, std::vector<int>> links;
  std::string text;
  for (int i = 0; i < 2000; ++i) {
    const int from = static_cast<int>(random() % 150);
    const int to = static_cast<int>(random() % (random() % 200 + 1));
    links[from].push_back(to);
    links[to];
    text += "page" + std::to_string(from) + "\tpage" + std::to_string(to) + '\n';
  }
  std::map<int, double> ranks;
  for (const auto& [page, to] : links) ranks[page] = 1;
  for (int pass = 0; pass < 7; ++pass) {
    std::map<int, double> given;
    for (const auto& [page, to] : links) {
      for (const int target : to) given[target] += ranks[page] / static_cast<double>(to.size());
    }
    for (auto& [page, rank] : ranks) rank = 0.15 + 0.85 * given[page];
  }
  const Parameters parameters{{"passes", "7"}, {"tolerance", "0"}};
  const std::string result = run_inputs(page_rank, parameters, {{"links", text}}, 1, 1u << 20);
  std::string_view rest = result;
  double last = 1e9;
  std::size_t seen = 0;
  for (; !rest.empty(); ++seen) {
    const std::size_t tab = rest.find('\t');
    const int page = std::stoi(std::string(rest.substr(4, tab - 4)));
    const double rank = numbers_of(rest.substr(tab, rest.find('\n') - tab)).at(0);
    EXPECT_NEAR(rank, ranks.at(page), 1e-9);
    EXPECT_LE(rank, last);
    last = rank;
    rest.remove_prefix(rest.find('\n') + 1);
  }
  EXPECT_EQ(seen, ranks.size());
  EXPECT_EQ(run_inputs(page_rank, {{"tolerance", "1"}}, {{"links", "a\tb\nb\ta\n"}}, 2, 3), "a\t1\nb\t1\n");
  EXPECT_TRUE(run_inputs(page_rank, {}, {{"links", "a\tb\nc\n"}}, 1, 99).contains("the record at byte 4 of links"));
  for (const char* const damping : {"1.5", "", "x"})
    EXPECT_TRUE(refusal_of(page_rank, {{"damping", damping}}).starts_with("parameter 'damping' is a number"));
  EXPECT_TRUE(refusal_of(page_rank, {{"tolerance", ""}}).starts_with("parameter 'tolerance' is a number"));
}

TEST(MatrixMultiplyJob, EqualsThePlainProduct) {
  JobProgram& multiply = *matrix_multiply_program();
  std::mt19937_64 random(12);
  const std::size_t n = 37;
  const std::size_t m = 23;
  const std::size_t p = 11;
  std::vector<float> left(n * m);
  std::vector<float> right(m * p);
  for (float& x : left) x = static_cast<float>(random() % 100);
  for (float& x : right) x = static_cast<float>(random() % 100);
  std::vector<float> product(n * p);
  for (std::size_t r = 0; r < n; ++r) {
    for (std::size_t c = 0; c < p; ++c) {
      for (std::size_t i = 0; i < m; ++i) product[r * p + c] += left[r * m + i] * right[i * p + c];
    }
  }
  const local::LocalSide side{"right", to_bytes(as_bytes(floats(right)))};
  for (const std::uint64_t split_size : {100u, 1000u, 1u << 20}) {
    EXPECT_EQ(run_inputs(multiply, {{"columns", "23"}}, {{"left", floats(left)}}, 3, split_size, {side}),
              floats(product));
  }
  EXPECT_EQ(run_inputs(multiply, {{"columns", "24"}}, {{"left", ""}}, 1, 100, {side}),
            "error: side data 'right' is not a matrix with as many rows as the left one has columns");
  EXPECT_EQ(run_inputs(multiply, {{"columns", "23"}}, {{"left", ""}}, 1, 100),
            "error: the job needs side data: --side right=FILE");
  EXPECT_EQ(refusal_of(multiply, {}), "parameter 'columns' is needed: a number from 1 to 1048576");
}

TEST(MatrixMultiplyJob, MakesRowsThatAreMuchLongerThanThoseItReads) {
  constexpr std::size_t n = 3000;  // a product of 36 MB, in blocks
  std::vector<float> column(n);
  for (std::size_t i = 0; i < n; ++i) column[i] = static_cast<float>(i % 100);
  std::vector<float> product;
  for (const float left : column) {
    for (const float right : column) product.push_back(left * right);
  }
  const local::LocalSide side{"right", to_bytes(as_bytes(floats(column)))};
  EXPECT_TRUE(run_inputs(*matrix_multiply_program(), {{"columns", "1"}}, {{"left", floats(column)}}, 1, 1u << 20,
                         {side}) == floats(product));
}

TEST(PcaJob, EqualsThePlainSumsForManyColumnsAndRows) {
  constexpr std::size_t kColumns = 150;
  constexpr std::size_t kRows = 2000;  // of 600 bytes, in several splits
  std::mt19937_64 random(14);
  std::vector<float> rows(kRows * kColumns);
  for (float& number : rows) number = static_cast<float>(random() % 200) / 8 - 10;
  std::vector<double> wanted(kColumns);
  for (std::size_t i = 0; i < rows.size(); ++i) wanted[i % kColumns] += rows[i] / double{kRows};
  for (std::size_t a = 0; a < kColumns; ++a) {
    wanted.push_back(static_cast<double>(a));
    for (std::size_t b = 0; b < kColumns; ++b) {
      double sum = 0;
      for (std::size_t row = 0; row < kRows; ++row)
        sum += static_cast<double>(rows[row * kColumns + a]) * static_cast<double>(rows[row * kColumns + b]);
      wanted.push_back(sum / kRows - wanted[a] * wanted[b]);
    }
  }
  for (const std::uint32_t partitions : {1u, 3u}) {
    const std::vector<double> numbers = numbers_of(
        run_inputs(*pca_program(), {{"columns", "150"}}, {{"rows", floats(rows)}}, partitions, partitions * 400'000));
    ASSERT_EQ(numbers.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(numbers[i], wanted[i], 1e-9) << i;
  }
}

TEST(PcaJob, EveryProcessorAddsProductsAlike) {
  if (!brume::has_avx2()) GTEST_SKIP() << "this processor has one path only";
  std::mt19937_64 random(14);
  for (const std::size_t columns : {1u, 2u, 7u, 8u, 9u, 12u, 13u, 64u, 101u}) {
    std::vector<float> rows(columns * 77);
    for (float& number : rows) number = static_cast<float>(random() % 2001) / 7 - 100;
    pca::Products wide(columns, true);
    pca::Products plain(columns, false);
    for (pca::Products* products : {&wide, &plain}) {
      products->add(reinterpret_cast<const char*>(rows.data()), 70);
      products->add(reinterpret_cast<const char*>(rows.data() + columns * 70), 7);
    }
    ASSERT_EQ(wide.sums(), plain.sums());
    for (std::size_t column = 0; column < columns; ++column) {
      std::vector<double> each[2];
      wide.append_row(column, each[0]);
      plain.append_row(column, each[1]);
      ASSERT_EQ(each[0], each[1]) << columns << " columns, " << column;
      double expected = 0;
      double sums[2] = {};
      for (std::size_t row = 0; row < 77; ++row) {
        const auto first = static_cast<double>(rows[row * columns]);
        const auto other = static_cast<double>(rows[row * columns + column]);
        expected += first * other;
        sums[0] += first;
        sums[1] += other;
      }
      ASSERT_EQ(each[0].size(), columns);
      ASSERT_NEAR(each[0][0], expected - sums[0] * sums[1] / 77, 1e-6);
    }
  }
}

// A column of two neighbours, one that goes against it, and one number: sums of products alone have no digits left.
TEST(PcaJob, FindsSmallVariancesOfLargeNumbers) {
  std::vector<float> rows;
  for (int i = 0; i < 20'000; ++i) {
    const auto one = static_cast<float>(i % 5 == 0);
    rows.insert(rows.end(), {1e6f + one, 1e6f - 2 * one, 1234567.125f, i % 2 == 0 ? 1e9f : 1e9f + 64});
  }
  for (const std::uint64_t split_size : {1000u, 77'777u, 1u << 30}) {
    const std::vector<double> numbers =
        numbers_of(run_inputs(*pca_program(), {{"columns", "4"}}, {{"rows", floats(rows)}}, 2, split_size));
    const std::vector<double> wanted{1e6 + 0.2, 1e6 - 0.4, 1234567.125, 1e9 + 32,  // means
                                     0,         0.16,      -0.32,       0,        0, 1, -0.32, 0.64, 0, 0,
                                     2,         0,         0,           0,        0, 3, 0,     0,    0, 1024};
    ASSERT_EQ(numbers.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(numbers[i], wanted[i], 1e-9) << i;
  }
}

TEST(PcaJob, SaysWhatANumberThatIsNotFiniteDoes) {
  const float infinite = std::numeric_limits<float>::infinity();
  const std::string rows = floats({infinite, 2, 1, 4, 1, 6});
  for (const std::uint64_t split_size : {8u, 1u << 20}) {
    EXPECT_EQ(run_inputs(*pca_program(), {{"columns", "2"}}, {{"rows", rows}}, 1, split_size),
              "mean\tinf\t4\ncovariance\t0\tnan\tnan\ncovariance\t1\tnan\t2.6666666666666665\n");
    EXPECT_EQ(run_inputs(*pca_program(), {{"columns", "2"}, {"components", "1"}}, {{"rows", rows}}, 1, split_size),
              "error: reduce 0: there are no directions: a number of the input is not finite");
  }
}

TEST(PcaJob, FindsTheDirectionsThatPointsWereMadeFrom) {
  JobProgram& pca = *pca_program();
  std::mt19937_64 random(13);
  const auto noise = [&] { return static_cast<float>(random() % 2001) / 1000 - 1; };
  std::vector<float> rows;
  for (int i = 0; i < 5000; ++i) {
    const float along = 10 * noise();
    const float across = noise();
    rows.insert(rows.end(), {3 + along * 0.6f - across * 0.8f, -2 + along * 0.8f + across * 0.6f, 7});
  }
  const auto directions = [&](std::uint32_t partitions, std::uint64_t split_size) {
    return numbers_of(
        run_inputs(pca, {{"columns", "3"}, {"components", "2"}}, {{"rows", floats(rows)}}, partitions, split_size));
  };
  const std::vector<double> numbers = directions(1, 1u << 30);
  ASSERT_EQ(numbers.size(), 3u + 2 * 5);
  const std::vector<double> split = directions(3, 1000);
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_NEAR(split.at(i), numbers[i], 1e-9);
  EXPECT_NEAR(numbers[0], 3, 0.3);
  EXPECT_NEAR(numbers[2], 7, 1e-5);
  EXPECT_NEAR(numbers[4], 100 / 3.0, 2);  // of along: its square's mean
  EXPECT_NEAR(numbers[5], 0.6, 0.01);
  EXPECT_NEAR(numbers[6], 0.8, 0.01);
  EXPECT_NEAR(numbers[9], 1 / 3.0, 0.03);
  EXPECT_NEAR(std::abs(numbers[10]), 0.8, 0.01);
  const std::vector<double> covariance =
      numbers_of(run_inputs(pca, {{"columns", "3"}}, {{"rows", floats({1, 2, 3, 3, 2, 1})}}, 2, 12));
  EXPECT_EQ(covariance, (std::vector<double>{2, 2, 2, 0, 1, 0, -1, 1, 0, 0, 0, 2, -1, 0, 1}));
  EXPECT_EQ(refusal_of(pca, {{"columns", "3"}, {"components", "4"}}),
            "parameter 'components' is a number from 0 to the number of columns");
}

}  // namespace
}  // namespace brume::mapreduce
