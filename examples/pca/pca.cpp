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
#include <cstring>

struct Pca {
  // Rows, sums of columns, and of products of columns: one triangle of a symmetric matrix, column by column.
  using Value = std::tuple<std::uint64_t, std::vector<double>, std::vector<double>>;
  using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

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
    Eigen::VectorXd sums;
    Eigen::MatrixXd products;  // the lower triangle
  };

  void map(std::string_view text, State& state, brume::Emitter<Value>&) const {
    const auto row_count = static_cast<Eigen::Index>(text.size() / (static_cast<std::size_t>(columns) * sizeof(float)));
    Rows floats(row_count, columns);
    std::memcpy(floats.data(), text.data(), text.size());
    const Eigen::MatrixXd rows = floats.cast<double>();
    if (state.count == 0) {
      state.sums = Eigen::VectorXd::Zero(columns);
      state.products = Eigen::MatrixXd::Zero(columns, columns);
    }
    state.count += static_cast<std::uint64_t>(row_count);
    state.sums += rows.colwise().sum();
    state.products.selfadjointView<Eigen::Lower>().rankUpdate(rows.transpose());
  }
  void finish(State& state, brume::Emitter<Value>& out) const {
    if (state.count == 0) return;
    Value value;
    auto& [count, sums, triangle] = value;
    count = state.count;
    sums.assign(state.sums.begin(), state.sums.end());
    triangle.reserve(static_cast<std::size_t>(columns * (columns + 1) / 2));
    for (Eigen::Index c = 0; c < columns; ++c) {
      triangle.insert(triangle.end(), state.products.col(c).begin() + c, state.products.col(c).end());
    }
    out.emit("", value);
  }

  static void combine(Value& into, const Value& more) {
    std::get<0>(into) += std::get<0>(more);
    add(std::get<1>(into), std::get<1>(more));
    add(std::get<2>(into), std::get<2>(more));
  }

  void reduce(std::string_view, const Value& value, brume::Output& out) const {
    const auto& [count, sums, triangle] = value;
    const auto n = static_cast<double>(count);
    const Eigen::VectorXd mean = Eigen::Map<const Eigen::VectorXd>(sums.data(), columns) / n;
    Eigen::MatrixXd covariance(columns, columns);
    const double* at = triangle.data();
    for (Eigen::Index c = 0; c < columns; ++c) {
      for (Eigen::Index r = c; r < columns; ++r) {
        covariance(r, c) = covariance(c, r) = *at++ / n - mean(r) * mean(c);
      }
    }
    write(out, 0, "mean", mean);
    if (components == 0) {
      for (Eigen::Index r = 0; r < columns; ++r)
        write(out, r + 1, "covariance\t" + std::to_string(r), covariance.row(r));
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
