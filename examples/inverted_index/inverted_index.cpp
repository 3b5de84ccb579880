// Where each word occurs: the word, a tab, its places, ascending and each once, with spaces between.
//
//   -p places=lines        the byte at which a line with the word begins (the default)
//   -p places=words        the byte at which the word begins
//                          (both of the one input that there is)
//   -p places=inputs       the input's name: a document each
//   -p places=names        the line's name: what stands before its first tab; words come from behind it
//   -p tokens=whitespace   as in word_count (the default)
//   -p tokens=letters      as in word_count
#include <brume/job.h>
#include <brume/lines.h>

struct InvertedIndex {
  enum class Places { kLines, kWords, kInputs, kNames };
  // One of the two, by the kind of place.
  using Value = std::pair<std::uint64_t, std::string>;

  void configure(brume::Parameters& parameters) {
    parameters.choose(
        "places", places,
        {{"lines", Places::kLines}, {"words", Places::kWords}, {"inputs", Places::kInputs}, {"names", Places::kNames}});
    parameters.choose("tokens", words,
                      {{"whitespace", brume::Words::whitespace()}, {"letters", brume::Words::letters()}});
  }

  brume::ByteSet separators() const { return {'\n'}; }

  void map(const brume::Piece& piece, brume::Emitter<Value>& out) const {
    Value place;
    const bool by_offset = places == Places::kLines || places == Places::kWords;
    if (by_offset && piece.input > 0)
      piece.refuse("is one more: bytes tell places in one input only; with several, -p places=inputs or names");
    if (places == Places::kInputs) place.second = piece.source;
    for (std::string_view line : brume::Lines(piece.text)) {
      const auto offset_of = [&](std::string_view part) {
        return piece.offset + static_cast<std::uint64_t>(part.data() - piece.text.data());
      };
      if (by_offset) place.first = offset_of(line);
      if (places == Places::kNames) {
        const std::size_t tab = std::min(line.find('\t'), line.size());
        place = {0, std::string(line.substr(0, tab))};
        line.remove_prefix(tab);
      }
      brume::each_word(words, line, [&](std::string_view word, std::size_t begin) {
        if (places == Places::kWords) place.first = offset_of(line.substr(begin));
        out.emit(word, place);
      });
    }
  }

  void reduce(std::string_view word, brume::Values<Value> values, brume::Output& out) const {
    if (places == Places::kLines || places == Places::kWords) {
      list(word, values, &Value::first, out);
    } else {
      list(word, values, &Value::second, out);
    }
  }

 private:
  template <typename Place>
  static void list(std::string_view word, brume::Values<Value> values, Place Value::* place, brume::Output& out) {
    std::vector<Place> sorted;
    for (const Value& value : values) {  // equal ones one after another
      if (sorted.empty() || sorted.back() != value.*place) sorted.push_back(value.*place);
    }
    std::ranges::sort(sorted);
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    brume::Line rest;
    char between = '\t';
    for (const Place& one : sorted) {
      rest << between << one;
      between = ' ';
    }
    rest << '\n';
    out.line(0, word, rest.view());
  }

  Places places = Places::kLines;
  brume::Words words = brume::Words::whitespace();
};

BRUME_JOB(InvertedIndex);
