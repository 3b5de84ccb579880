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

// What some rows of input say of a part of the covariance matrix.
struct Moments {
  std::uint64_t count = 0;  // rows of input
  // Of each column a number near its mean, and the sum of what its numbers are more: exact where their mean is large.
  std::vector<double> near;
  std::vector<double> sums;
  // Row by row of the part, which begins with first_row: sums of products of differences from the means.
  std::uint64_t first_row = 0;
  std::vector<double> products;

  auto fields() const { return std::tie(count, near, sums, first_row, products); }

  double mean(std::size_t column) const {
    const auto n = static_cast<double>(count);
    return (n * near[column] + sums[column]) / n;
  }
  // Chan, Golub and LeVeque 1979: what the distance of the two means adds.
  void add(const Moments& more) {
    const auto n = static_cast<double>(count);
    const auto more_n = static_cast<double>(more.count);
    const std::size_t width = near.size();
    std::vector<double> apart(width);
    for (std::size_t c = 0; c < width; ++c) {
      const double nearer = more.near[c] - near[c];
      apart[c] = nearer + more.sums[c] / more_n - sums[c] / n;
      sums[c] += more.sums[c] + more_n * nearer;
    }
    const double weight = n * more_n / (n + more_n);
    for (std::size_t i = 0; i < products.size(); i += width) {
      const double of_row = apart[first_row + i / width];
      for (std::size_t c = 0; c < width; ++c) products[i + c] += more.products[i + c] + weight * (of_row * apart[c]);
    }
    count += more.count;
  }
};

struct Pca {
  // Which part of the covariance matrix: some rows of it, or all, where components are asked for.
  using Key = std::uint32_t;
  using Value = Moments;

  void configure(brume::Parameters& parameters) {
    parameters.number("columns", columns, Eigen::Index{1}, Eigen::Index{4096});
    parameters.number("components", components, Eigen::Index{0}, Eigen::Index{4096});
    parameters.number("header", header, std::uint64_t{0}, std::uint64_t{1} << 40);
    if (columns == 0) parameters.refuse("columns", "is needed: a number from 1 to 4096");
    if (components > columns) parameters.refuse("components", "is a number from 0 to the number of columns");
  }

  brume::Records records() const { return {static_cast<std::size_t>(columns) * sizeof(float), header}; }

  using State = std::optional<pca::Products>;

  void map(std::string_view text, State& seen, brume::Emitter<Value, Key>&) const {
    const auto width = static_cast<std::size_t>(columns);
    if (!seen) seen.emplace(width);
    seen->add(text.data(), text.size() / (width * sizeof(float)));
  }
  void finish(State& seen, brume::Emitter<Value, Key>& out) const {
    if (!seen || seen->count() == 0) return;
    const auto width = static_cast<std::size_t>(columns);
    for (std::size_t begin = 0; begin < width; begin += part_rows()) {
      const std::size_t end = std::min(begin + part_rows(), width);
      Moments part{seen->count(), seen->first(), seen->sums(), begin, {}};
      part.products.reserve((end - begin) * width);
      for (std::size_t r = begin; r < end; ++r) seen->append_row(r, part.products);
      out.emit(static_cast<Key>(begin / part_rows()), part);
    }
  }

  static void combine(Value& into, const Value& more) { into.add(more); }

  std::uint32_t partition(const Key& part, std::uint32_t partitions) const { return part % partitions; }

  void reduce(const Key&, const Value& value, brume::Output& out) const {
    const auto first = static_cast<Eigen::Index>(value.first_row);
    const auto rows = static_cast<Eigen::Index>(value.products.size()) / columns;
    if (first == 0) {
      Eigen::VectorXd mean(columns);
      for (Eigen::Index c = 0; c < columns; ++c) mean(c) = value.mean(static_cast<std::size_t>(c));
      write(out, 0, "mean", mean);
    }
    const Eigen::MatrixXd covariance =
        Eigen::Map<const Rows>(value.products.data(), rows, columns) / static_cast<double>(value.count);
    if (components > 0) return write_components(covariance, out);
    for (Eigen::Index r = 0; r < rows; ++r) {
      write(out, first + r + 1, "covariance\t" + std::to_string(first + r), covariance.row(r));
    }
  }

 private:
  using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  static constexpr std::size_t kParts = 32;  // more than most clusters have reducers

  std::size_t part_rows() const {
    const auto width = static_cast<std::size_t>(columns);
    return components > 0 ? width : (width + kParts - 1) / kParts;
  }
  void write_components(const Eigen::MatrixXd& covariance, brume::Output& out) const {
    if (!covariance.allFinite()) brume::Output::refuse("there are no directions: a number of the input is not finite");
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solved(covariance);
    if (solved.info() != Eigen::Success)
      brume::Output::refuse("the directions were not found: the computation did not converge");
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
