// Joins two inputs: a line for each pair of lines, one of the left and one of the right input, whose keys are the same.
//
//   --input left=orders.tsv right=customers.tsv    the inputs, by their names (a folder's files are named NAME/...)
//   -p kind=inner            inner (the default), left, right or outer: which lines without a partner stay
//   -p left-key=1 -p right-key=1                   which field is the key, from 1
//   -p separator=tab         between fields: tab (the default), comma or space
//
// A line of the result: the key, the left line's other fields, the right line's other fields. Lines come in the order
// of their keys; of one key, by the right line and then by the left one, shorter ones first (up to 127 bytes).
#include <brume/job.h>
#include <brume/lines.h>

struct Join {
  // False: of the left input. Values come in the order of their bytes, so all left ones before the right ones.
  using Value = std::pair<bool, std::string>;
  enum class Kind { kInner, kLeft, kRight, kOuter };

  void configure(brume::Parameters& parameters) {
    parameters.choose(
        "kind", kind,
        {{"inner", Kind::kInner}, {"left", Kind::kLeft}, {"right", Kind::kRight}, {"outer", Kind::kOuter}});
    parameters.choose("separator", separator, {{"tab", '\t'}, {"comma", ','}, {"space", ' '}});
    parameters.number("left-key", keys[0], 1u, 1000u);
    parameters.number("right-key", keys[1], 1u, 1000u);
  }

  brume::ByteSet separators() const { return {'\n'}; }

  void map(const brume::Piece& piece, brume::Emitter<Value>& out) const {
    const std::string_view name = piece.source.substr(0, piece.source.find('/'));
    if (name != "left" && name != "right") {
      piece.refuse("is neither left nor right: --input left=FILE right=FILE");
    }
    const bool is_right = name == "right";
    std::string rest;
    for (const std::string_view whole : brume::Lines(piece.text)) {
      const std::string_view line = brume::without_return(whole);
      std::string_view key;
      if (line.empty()) continue;
      if (!take_key(line, keys[is_right], key, rest)) {
        out.malformed(piece.offset + static_cast<std::uint64_t>(line.data() - piece.text.data()));
        continue;
      }
      out.emit(key, {is_right, rest});
    }
  }

  void reduce(std::string_view key, brume::Values<Value> values, brume::Output& out) const {
    std::vector<std::string> lefts;
    bool any_right = false;
    for (const Value& value : values) {
      if (!value.first) {
        lefts.push_back(value.second);
        continue;
      }
      any_right = true;
      for (const std::string& left : lefts) out.line(0, key, left + value.second + '\n');
      if (lefts.empty() && (kind == Kind::kRight || kind == Kind::kOuter)) out.line(0, key, value.second + '\n');
    }
    if (any_right || kind == Kind::kInner || kind == Kind::kRight) return;
    for (const std::string& left : lefts) out.line(0, key, left + '\n');
  }

 private:
  // The key, and the other fields, each behind a separator.
  bool take_key(std::string_view line, unsigned number, std::string_view& key, std::string& rest) const {
    rest.clear();
    bool found = false;
    for (unsigned field = 1;; ++field) {
      const std::size_t end = std::min(line.find(separator), line.size());
      if (field == number) {
        key = line.substr(0, end);
        found = true;
      } else {
        rest += separator;
        rest += line.substr(0, end);
      }
      if (end == line.size()) return found;
      line.remove_prefix(end + 1);
    }
  }

  Kind kind = Kind::kInner;
  char separator = '\t';
  unsigned keys[2] = {1, 1};
};

BRUME_JOB(Join);
