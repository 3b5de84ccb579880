// A column of a CSV file, summed up for each value of another: count, sum, least, greatest and mean, a line for each
// value that occurs, in the order of the lines' bytes.
//
//   -p group=1            the column whose values make the groups, by number, from 1, or by name
//   -p value=2            the column with the numbers
//   -p columns=a,b,c      the columns' names, as CSV: so that they can be named, and for the result's header line
//   -p header=yes         the input begins with a header line, which must say `columns` where they are given; or no
//   -p comma=comma        or semicolon, tab, pipe: between fields
//   -p output=csv         with a header line; or json: JSON lines
//
// Numbers are read as doubles; sums are exact, rounded once, whatever the order. An empty field is no number: it counts
// for no group, and as the counter values.empty. A malformed record (-p on-malformed=fail or skip) is one that is no
// CSV, lacks a column, has something else for a number, or a group that is not UTF-8 where JSON is asked for. A header
// that does not say `columns` ends the run.
#include <brume/csv.h>
#include <brume/decimal.h>
#include <brume/exact_sum.h>
#include <brume/job.h>
#include <brume/json_writer.h>
#include <brume/lines.h>

#include <limits>
#include <optional>

// The numbers of a group.
struct Statistics {
  void add(double number) {
    if (number == 0) number = 0;  // -0 is no less than 0, so that either could be the least
    ++count;
    sum.add(number);
    least = std::min(least, number);
    greatest = std::max(greatest, number);
  }
  Statistics& operator+=(const Statistics& more) {
    count += more.count;
    sum += more.sum;
    least = std::min(least, more.least);
    greatest = std::max(greatest, more.greatest);
    return *this;
  }
  double mean() const { return sum.value() / static_cast<double>(count); }

  std::uint64_t count = 0;
  brume::ExactSum sum;
  double least = std::numeric_limits<double>::infinity();
  double greatest = -std::numeric_limits<double>::infinity();
};

template <>
struct brume::Codec<Statistics> {
  static void encode(const Statistics& value, std::string& out) {
    brume::Codec<std::uint64_t>::encode(value.count, out);
    brume::Codec<brume::ExactSum>::encode(value.sum, out);
    brume::Codec<double>::encode(value.least, out);
    brume::Codec<double>::encode(value.greatest, out);
  }
  static bool decode(std::string_view& in, Statistics& value) {
    return brume::Codec<std::uint64_t>::decode(in, value.count) &&
           brume::Codec<brume::ExactSum>::decode(in, value.sum) && brume::Codec<double>::decode(in, value.least) &&
           brume::Codec<double>::decode(in, value.greatest);
  }
};

struct CsvSum {
  using Value = Statistics;
  // Keys: the header line's, and a group's in front of its value.
  static constexpr std::string_view kHeaderKey = "h";
  static constexpr char kGroupMark = 'g';
  enum class Format : std::uint8_t { kCsv, kJson };
  static constexpr std::string_view kResults[] = {"count", "sum", "min", "max", "mean"};
  // Of UTF-8, which spreadsheets put in front.
  static constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

  void configure(brume::Parameters& parameters) {
    parameters.choose("comma", comma, {{"comma", ','}, {"semicolon", ';'}, {"tab", '\t'}, {"pipe", '|'}});
    parameters.choose("header", has_header, {{"yes", true}, {"no", false}});
    parameters.choose("output", format, {{"csv", Format::kCsv}, {"json", Format::kJson}});
    read_columns(parameters);
    read_column("group", group, parameters);
    read_column("value", value, parameters);
    // A name twice in an object would be no JSON that anybody takes.
    if (format == Format::kJson && std::ranges::find(kResults, group_name()) != std::end(kResults))
      parameters.refuse("group", "has a name of the result's own (count, sum, min, max, mean)");
  }

  brume::ByteSet separators() const { return {'\n'}; }

  struct State {};

  void map(const brume::Piece& piece, State&, brume::Emitter<Value>& out) const {
    brume::CsvRecord record(comma);
    std::string key;
    bool is_header = piece.offset == 0 && has_header;
    for (std::string_view line : brume::Lines(piece.text)) {
      const std::uint64_t offset = piece.offset + static_cast<std::uint64_t>(line.data() - piece.text.data());
      if (offset == 0 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
      if (std::exchange(is_header, false)) {
        const bool parsed = record.parse(line);
        // To skip it would be to sum up other columns.
        if (!columns.empty() && !(parsed && is_expected_header(record)))
          piece.refuse("has another header than -p columns says");
        if (!parsed) out.malformed(offset);
        continue;
      }
      const std::optional<double> number = read_record(line, record, key);
      if (!number) {
        out.malformed(offset);
      } else if (std::isnan(*number)) {
        out.count("values.empty");
      } else {
        Value of_one;
        of_one.add(*number);
        out.emit(key, of_one);
      }
    }
  }

  // The result's header line, of an empty input too.
  void finish(State&, brume::Emitter<Value>& out) const { out.emit(kHeaderKey, {}); }

  static void combine(Value& into, const Value& more) { into += more; }

  void reduce(std::string_view key, const Value& value, brume::Output& out) const {
    brume::Line line;
    if (key == kHeaderKey) {
      if (format == Format::kJson) return;
      brume::CsvWriter(line)
          .field(group_name())
          .field("count")
          .field("sum")
          .field("min")
          .field("max")
          .field("mean")
          .end();
      return out.line(0, "", line.view());
    }
    key.remove_prefix(1);
    if (format == Format::kCsv) {
      brume::CsvWriter csv(line);
      csv.field(key).field(value.count).field(value.sum.value()).field(value.least).field(value.greatest);
      csv.field(value.mean()).end();
    } else {
      brume::JsonWriter json(line);
      json.begin_object().member(group_name(), key).member("count", value.count).member("sum", value.sum.value());
      json.member("min", value.least).member("max", value.greatest).member("mean", value.mean()).end_object();
      line << '\n';
    }
    out.line(1, line.view(), "");
  }

 private:
  void read_columns(brume::Parameters& parameters) {
    std::string text;
    parameters.text("columns", text);
    if (text.empty()) return;
    brume::CsvRecord record;
    if (!record.parse(text)) return parameters.refuse("columns", "is a line of CSV, the columns' names");
    for (std::size_t i = 0; i < record.size(); ++i) {
      if (std::ranges::find(columns, record[i]) != columns.end())
        return parameters.refuse("columns", "names each column once");
      columns.emplace_back(record[i]);
    }
    if (format == Format::kJson && !brume::is_utf8(text)) parameters.refuse("columns", "is UTF-8, for JSON");
  }
  // A number from 1, or one of the columns' names; `target` counts from 0.
  void read_column(std::string_view key, std::size_t& target, brume::Parameters& parameters) const {
    std::string text = std::to_string(target + 1);
    parameters.text(key, text);
    if (const auto named = std::ranges::find(columns, text); named != columns.end()) {
      target = static_cast<std::size_t>(named - columns.begin());
      return;
    }
    const std::size_t most = columns.empty() ? kMostColumns : columns.size();
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    target = std::min(std::max<std::size_t>(number, 1), most) - 1;
    if (error == std::errc{} && end == text.data() + text.size() && number == target + 1) return;
    parameters.refuse(key, columns.empty() ? "is a column's number, from 1; or its name, with -p columns=..."
                                           : "is one of -p columns, or a column's number, from 1");
  }
  bool is_expected_header(const brume::CsvRecord& record) const {
    bool same = record.size() == columns.size();
    for (std::size_t i = 0; same && i < columns.size(); ++i) same = record[i] == columns[i];
    return same;
  }
  // The number, NaN for an empty field, or nothing for a malformed record.
  std::optional<double> read_record(std::string_view line, brume::CsvRecord& record, std::string& key) const {
    if (!record.parse(line) || record.size() <= std::max(group, value)) return std::nullopt;
    if (!columns.empty() && record.size() != columns.size()) return std::nullopt;
    if (format == Format::kJson && !brume::is_utf8(record[group])) return std::nullopt;
    key.assign(1, kGroupMark);
    key += record[group];
    const std::string_view field = record[value];
    if (field.empty()) return std::numeric_limits<double>::quiet_NaN();
    const std::optional<double> number = brume::parse_decimal(field);
    return number && std::abs(*number) <= brume::ExactSum::kLargest ? number : std::nullopt;
  }
  std::string group_name() const { return columns.empty() ? "column" + std::to_string(group + 1) : columns[group]; }

  static constexpr std::size_t kMostColumns = 100'000;
  std::size_t group = 0;
  std::size_t value = 1;
  std::vector<std::string> columns;
  char comma = ',';
  bool has_header = true;
  Format format = Format::kCsv;
};

BRUME_JOB(CsvSum);
