// Principal components of rows of numbers: means, covariances, and the directions of the largest variances.
//
// Input: rows of 4-byte floats, little-endian. Result, as text with tabs between:
//   mean          the mean of each column
//   covariance I  a row of the covariance matrix (divided by the number of rows), unless components are asked for
//   component I   a variance, and its direction, of length 1, its largest part positive; the largest variance first
//
//   -p columns=1000        of a row, 1 to 4096 (needed)
//   -p components=0        how many directions (the default is none: the covariances)
//   -p header=0            bytes before the first row
#include <brume/job.h>

#include <Eigen/Eigenvalues>
#include <optional>

#include "products.h"

struct Pca {
  // Which part of the covariance matrix: some rows of it, or all, where components are asked for.
  using Key = std::uint32_t;
  // Rows of input, sums of columns, and of products of columns: row by row of the part.
  using Value = std::tuple<std::uint64_t, std::vector<double>, std::vector<double>>;

  void configure(brume::Parameters& parameters) {
    parameters.number("columns", columns, Eigen::Index{1}, Eigen::Index{4096});
    parameters.number("components", components, Eigen::Index{0}, Eigen::Index{4096});
    parameters.number("header", header, std::uint64_t{0}, std::uint64_t{1} << 40);
    if (columns == 0) parameters.refuse("columns", "is a number from 1 to 4096");
    if (components > columns) parameters.refuse("components", "is a number from 0 to the number of columns");
  }

  brume::Records records() const { return {static_cast<std::size_t>(columns) * sizeof(float), header}; }

  // What a task has seen.
  struct State {
    std::uint64_t count = 0;
    std::optional<pca::Products> products;
  };

  void map(std::string_view text, State& state, brume::Emitter<Value, Key>&) const {
    const auto width = static_cast<std::size_t>(columns);
    const std::size_t row_count = text.size() / (width * sizeof(float));
    if (!state.products) state.products.emplace(width);
    state.count += row_count;
    state.products->add(text.data(), row_count);
  }
  void finish(State& state, brume::Emitter<Value, Key>& out) const {
    if (state.count == 0) return;
    const auto width = static_cast<std::size_t>(columns);
    std::vector<double> sums(width);
    for (std::size_t c = 0; c < width; ++c) sums[c] = state.products->sum(c);
    for (std::size_t begin = 0; begin < width; begin += part_rows()) {
      const std::size_t end = std::min(begin + part_rows(), width);
      std::vector<double> products;
      products.reserve((end - begin) * width);
      for (std::size_t r = begin; r < end; ++r) state.products->append_row(r, products);
      out.emit(static_cast<Key>(begin / part_rows()), {state.count, sums, std::move(products)});
    }
  }

  static void combine(Value& into, const Value& more) {
    std::get<0>(into) += std::get<0>(more);
    add(std::get<1>(into), std::get<1>(more));
    add(std::get<2>(into), std::get<2>(more));
  }

  std::uint32_t partition(const Key& part, std::uint32_t partitions) const { return part % partitions; }

  void reduce(const Key& part, const Value& value, brume::Output& out) const {
    const auto& [count, sums, products] = value;
    const auto n = static_cast<double>(count);
    const Eigen::VectorXd mean = Eigen::Map<const Eigen::VectorXd>(sums.data(), columns) / n;
    const auto first = static_cast<Eigen::Index>(part * part_rows());
    const auto rows = static_cast<Eigen::Index>(products.size()) / columns;
    const Eigen::MatrixXd covariance =
        Eigen::Map<const Rows>(products.data(), rows, columns) / n - mean.segment(first, rows) * mean.transpose();
    if (first == 0) write(out, 0, "mean", mean);
    if (components == 0) {
      for (Eigen::Index r = 0; r < rows; ++r) {
        write(out, first + r + 1, "covariance\t" + std::to_string(first + r), covariance.row(r));
      }
      return;
    }
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solved(covariance);
    for (Eigen::Index i = 0; i < components; ++i) {
      const Eigen::Index from = columns - 1 - i;  // they ascend
      Eigen::VectorXd row(columns + 1);
      Eigen::VectorXd direction = solved.eigenvectors().col(from);
      Eigen::Index largest = 0;
      direction.cwiseAbs().maxCoeff(&largest);
      if (direction(largest) < 0) direction = -direction;
      row << solved.eigenvalues()(from), direction;
      write(out, i + 1, "component\t" + std::to_string(i), row);
    }
  }

 private:
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  static constexpr std::size_t kParts = 32;  // more than most clusters have reducers

  std::size_t part_rows() const {
    const auto width = static_cast<std::size_t>(columns);
    return components > 0 ? width : (width + kParts - 1) / kParts;
  }
  static void add(std::vector<double>& into, const std::vector<double>& more) {
    for (std::size_t i = 0; i < into.size(); ++i) into[i] += more[i];
  }
  template <typename Numbers>
  static void write(brume::Output& out, Eigen::Index rank, const std::string& name, const Numbers& numbers) {
    brume::Line line;
    line << name;
    for (Eigen::Index i = 0; i < numbers.size(); ++i) line << '\t' << numbers(i);
    line << '\n';
    out.line(static_cast<std::uint64_t>(rank), line.view());
  }

  Eigen::Index columns = 0;
  Eigen::Index components = 0;
  std::uint64_t header = 0;
};

BRUME_JOB(Pca);
