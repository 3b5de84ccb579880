// The product of two matrices of 4-byte floats, little-endian, row by row: the left one is the input (or several, one
// below the other), the right one side data, the product is written in the same form.
//
//   --input left.bin --side right=right.bin
//   -p columns=1000        of the left matrix, and rows of the right one (needed)
//   -p header=0            bytes before the left matrix
#include <brume/job.h>

#include <Eigen/Core>
#include <cstring>

struct MatrixMultiply {
  using Key = std::pair<std::uint32_t, std::uint64_t>;  // row: of which input, and its number there
  using Value = std::string_view;
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

  void configure(brume::Parameters& parameters) {
    parameters.number("columns", columns, std::size_t{1}, std::size_t{1} << 20);
    parameters.number("header", header, std::uint64_t{0}, std::uint64_t{1} << 40);
    if (columns == 0) parameters.refuse("columns", "is needed: a number from 1 to 1048576");
  }
  static constexpr std::array<brume::Side, 1> sides{{{"right"}}};
  void load(const brume::SideData& data) {
    const std::string_view bytes = data.text("right");
    const std::size_t row_size = columns * sizeof(float);
    if (bytes.empty() || bytes.size() % row_size != 0) {
      brume::SideData::refuse("right", "is not a matrix with as many rows as the left one has columns");
    }
    right.resize(static_cast<Eigen::Index>(columns), static_cast<Eigen::Index>(bytes.size() / row_size));
    std::memcpy(right.data(), bytes.data(), bytes.size());
  }

  brume::Records records() const { return {columns * sizeof(float), header}; }

  void map(const brume::Piece& piece, brume::Emitter<Value, Key>& out) const {
    const std::size_t row_size = columns * sizeof(float);
    const auto rows = static_cast<Eigen::Index>(piece.text.size() / row_size);
    Matrix left(rows, static_cast<Eigen::Index>(columns));
    std::memcpy(left.data(), piece.text.data(), piece.text.size());
    const std::size_t product_size = static_cast<std::size_t>(right.cols()) * sizeof(float);
    const auto most = static_cast<Eigen::Index>(std::max<std::size_t>(kMostProduct / product_size, 1));
    const std::uint64_t first = (piece.offset - header) / row_size;
    Matrix product;
    for (Eigen::Index begin = 0; begin < rows; begin += most) {
      product.noalias() = left.middleRows(begin, std::min(most, rows - begin)) * right;
      const auto* const bytes = reinterpret_cast<const char*>(product.data());
      for (Eigen::Index row = 0; row < product.rows(); ++row) {
        out.emit({piece.input, first + static_cast<std::uint64_t>(begin + row)},
                 Value(bytes + static_cast<std::size_t>(row) * product_size, product_size));
      }
    }
  }

  void format(const Key&, const Value& row, brume::Line& line) const { line << row; }

 private:
  // Bytes of a product at a time: rows of few columns may become very long ones.
  static constexpr std::size_t kMostProduct = std::size_t{8} << 20;

  std::size_t columns = 0;
  std::uint64_t header = 0;
  Matrix right;
};

BRUME_JOB(MatrixMultiply);
