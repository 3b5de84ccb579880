// Records of CSV (RFC 4180) whose fields hold no line ends, so that a file may be cut at every line:
//
//   brume::CsvRecord record;
//   for (std::string_view line : brume::Lines(text)) {
//     if (!record.parse(line)) ... record.error() ...
//     use(record[0], record.size());
//   }
//
//   record = field *( comma field ) [ CR ]
//   field  = *( any byte but comma, quote ) | quote *( any byte but quote | quote quote ) quote
//
// Bytes are bytes: no encoding is asked for. Of a quoted field with line ends in it, each line is taken for a record:
// the first and the last are malformed, those between may be good ones.
#pragma once

#include <brume/detail/text_target.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brume {

class CsvRecord {
 public:
  // comma: what stands between fields; neither a quote nor a line end.
  explicit CsvRecord(char comma = ',') : comma_(comma) {}
  // Fields lie in it.
  CsvRecord(const CsvRecord&) = delete;
  CsvRecord& operator=(const CsvRecord&) = delete;

  // Takes a line without its newline; the line must outlive the use of the fields. False if it is malformed: then
  // there are no fields, and error() says why.
  bool parse(std::string_view line) {
    fields_.clear();
    error_ = nullptr;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find('"') != std::string_view::npos) return parse_quoted(line);
    for (bool more = true; more;) more = take_plain(line);
    return true;
  }

  // At least 1 after a parse that succeeded: an empty line is one empty field.
  std::size_t size() const { return fields_.size(); }
  // i < size(). Quotes around it are gone and two quotes within are one. Until the next parse().
  std::string_view operator[](std::size_t i) const { return fields_[i]; }
  // For people; holds no byte of the line. Null if the last parse succeeded.
  const char* error() const { return error_; }

 private:
  // A line with a quote somewhere.
  bool parse_quoted(std::string_view line) {
    unquoted_.clear();
    unquoted_.reserve(line.size());  // views into it stay valid
    for (bool more = true; more && error_ == nullptr;) {
      if (!line.empty() && line.front() == '"') {
        more = take_quoted(line);
        continue;
      }
      more = take_plain(line);
      if (fields_.back().find('"') != std::string_view::npos) error_ = "a quote within a field that has none around it";
    }
    if (error_ != nullptr) fields_.clear();
    return error_ == nullptr;
  }
  // Each takes a field and the comma behind it off the line; true if there was one.
  bool take_plain(std::string_view& line) {
    const std::size_t end = std::min(line.find(comma_), line.size());
    fields_.push_back(line.substr(0, end));
    const bool more = end < line.size();
    line.remove_prefix(more ? end + 1 : end);
    return more;
  }
  bool take_quoted(std::string_view& line) {
    const std::size_t begin = unquoted_.size();
    for (std::size_t at = 1;;) {
      const std::size_t quote = line.find('"', at);
      if (quote == std::string_view::npos) {
        error_ = "a quoted field does not end";
        return false;
      }
      unquoted_.append(line.substr(at, quote - at));
      at = quote + 1;
      if (at < line.size() && line[at] == '"') {
        unquoted_.push_back('"');
        ++at;
        continue;
      }
      if (at < line.size() && line[at] != comma_) {
        error_ = "a quoted field goes on behind its end";
        return false;
      }
      fields_.push_back(std::string_view(unquoted_).substr(begin));
      const bool more = at < line.size();
      line.remove_prefix(more ? at + 1 : at);
      return more;
    }
  }

  char comma_;
  std::vector<std::string_view> fields_;
  std::string unquoted_;
  const char* error_ = nullptr;
};

// Appends a field as CSV: in quotes if it needs them, which is the case for commas, quotes and line ends.
template <detail::TextTarget Out>
void append_csv_field(std::string_view field, Out& out, char comma = ',') {
  const char special[] = {comma, '"', '\r', '\n'};
  if (field.find_first_of(std::string_view(special, sizeof special)) == std::string_view::npos) {
    detail::append_text(field, out);
    return;
  }
  detail::append_text("\"", out);
  while (!field.empty()) {
    const std::size_t size = std::min(field.find('"'), field.size());
    detail::append_text(field.substr(0, size), out);
    if (size < field.size()) detail::append_text("\"\"", out);
    field.remove_prefix(std::min(size + 1, field.size()));
  }
  detail::append_text("\"", out);
}

// Records, field by field; CsvRecord reads them back to the same fields, but for fields with a newline, which only
// readers that look beyond lines put together again:
//
//   brume::CsvWriter csv(line);
//   csv.field(name).field(count).field(mean).end();
template <detail::TextTarget Out>
class CsvWriter {
 public:
  explicit CsvWriter(Out& out, char comma = ',') : out_(out), comma_(comma) {}

  CsvWriter& field(std::string_view text) {
    separate();
    append_csv_field(text, out_, comma_);
    return *this;
  }
  // In the shortest decimal form that reads back to the same number.
  template <detail::Number T>
  CsvWriter& field(T number) {
    std::string text;
    detail::append_number(number, text);
    return field(std::string_view(text));
  }
  // The record's, which has at least one field.
  void end() {
    detail::append_text("\n", out_);
    begun_ = false;
  }

 private:
  void separate() {
    if (std::exchange(begun_, true)) detail::append_text({&comma_, 1}, out_);
  }

  Out& out_;
  char comma_;
  bool begun_ = false;
};

}  // namespace brume
