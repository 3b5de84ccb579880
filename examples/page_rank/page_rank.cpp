// PageRank (Brin and Page 1998) of the pages of a graph: a page's rank is (1 - d) + d times the sum, over the pages
// that link to it, of their rank divided by the number of their links. The rank of pages without links is not passed
// on.
//
// Input: a line for each link: page, tab, page it links to. A link that stands twice counts twice.
// Result: page, tab, rank; the highest rank first.
//
//   -p damping=0.85        d
//   -p tolerance=0.0001    a page has settled when its rank changes by no more
//   -p passes=20           no more passes over the graph than so many
#include <brume/job.h>
#include <brume/lines.h>

#include <cmath>

namespace {

struct Settings {
  void configure(brume::Parameters& parameters) {
    read(parameters, "damping", "0.85", damping, 0, 1);
    read(parameters, "tolerance", "0.0001", tolerance, 0, 1e6);
    parameters.number("passes", passes, 1u, 10'000u);
  }
  brume::ByteSet separators() const { return {'\n'}; }

  double damping = 0;
  double tolerance = 0;
  std::uint32_t passes = 20;

 private:
  static void read(brume::Parameters& parameters, const char* key, std::string text, double& target, double least,
                   double most) {
    parameters.text(key, text);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), target);
    if (error != std::errc{} || end != text.data() + text.size() || !(target >= least && target <= most))
      parameters.refuse(key, "is a number from " + std::to_string(least) + " to " + std::to_string(most));
  }
};

// The graph's lines: page, tab, rank, tab, then the pages that it links to, with tabs between.
struct Node {
  std::string_view page;
  double rank = 0;
  std::string_view links;  // each behind a tab

  static Node parse(std::string_view line) {
    Node node;
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    node.page = line.substr(0, first);
    std::from_chars(line.data() + first + 1, line.data() + std::min(second, line.size()), node.rank);
    if (second != std::string_view::npos) node.links = line.substr(second);
    return node;
  }
};

// Links become nodes, each with a rank of 1.
struct Gather : Settings {
  using Value = std::string;

  void map(const brume::Piece& piece, brume::Emitter<Value>& out) const {
    for (const std::string_view whole : brume::Lines(piece.text)) {
      const std::string_view line = brume::without_return(whole);
      const std::size_t tab = std::min(line.find('\t'), line.size());
      if (tab == 0 || tab >= line.size() - 1 || line.find('\t', tab + 1) != std::string_view::npos) {
        if (!line.empty()) out.malformed(piece.offset + static_cast<std::uint64_t>(line.data() - piece.text.data()));
        continue;
      }
      out.emit(line.substr(0, tab), std::string(line.substr(tab)));
      out.emit(line.substr(tab + 1), "");
    }
  }
  void reduce(std::string_view page, brume::Values<Value> links, brume::Output& out) const {
    std::string rest = "\t1";
    for (const std::string& link : links) rest += link;
    out.line(0, page, rest + '\n');
  }
};

// One pass: every node gives its rank to those that it links to.
struct Walk : Settings {
  // What a page is given; its own line as it was: rank and links.
  using Value = std::tuple<double, double, std::string>;

  brume::Stage stage() const {
    return {.reads = brume::Reads::kPrevious, .until_zero = "pages.unsettled", .at_most = passes};
  }
  void map(std::string_view text, brume::Emitter<Value>& out) const {
    for (const std::string_view line : brume::Lines(text)) {
      const Node node = Node::parse(line);
      out.emit(node.page, {0, node.rank, std::string(node.links)});
      const auto count = std::ranges::count(node.links, '\t');
      for (std::string_view rest = node.links; !rest.empty();) {
        rest.remove_prefix(1);
        const std::size_t end = std::min(rest.find('\t'), rest.size());
        out.emit(rest.substr(0, end), {node.rank / static_cast<double>(count), 0, ""});
        rest.remove_prefix(end);
      }
    }
  }
  static void combine(Value& into, const Value& more) {
    std::get<0>(into) += std::get<0>(more);
    std::get<1>(into) += std::get<1>(more);
    std::get<2>(into) += std::get<2>(more);
  }
  void reduce(std::string_view page, const Value& value, brume::Output& out) const {
    const auto& [given, before, links] = value;
    const double rank = 1 - damping + damping * given;
    if (std::abs(rank - before) > tolerance) out.count("pages.unsettled");
    brume::Line line;
    line << '\t' << rank << links << '\n';
    out.line(0, page, line.view());
  }
};

struct Ranks : Settings {
  using Value = double;

  void map(std::string_view text, brume::Emitter<Value>& out) const {
    for (const std::string_view line : brume::Lines(text)) {
      const Node node = Node::parse(line);
      out.emit(node.page, node.rank);
    }
  }
  static constexpr auto combine = brume::sum;
  static constexpr auto order = brume::value_descending;
};

}  // namespace

BRUME_STAGES(PageRank, Gather, Walk, Ranks);
