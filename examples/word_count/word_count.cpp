// Counts the words of a text: the most frequent first, equal counts by their bytes.
//
//   -p tokens=whitespace   maximal runs of bytes that are no white space, bytes exact (the default)
//   -p tokens=letters      runs of A-Z and a-z, in upper case
#include <brume/job.h>

struct WordCount {
  using Value = std::uint64_t;

  void configure(brume::Parameters& parameters) {
    parameters.choose("tokens", words,
                      {{"whitespace", brume::Words::whitespace()}, {"letters", brume::Words::letters()}});
  }

  brume::ByteSet separators() const { return words.separators; }

  void map(std::string_view text, brume::Emitter<Value>& out) const { out.emit_each(words, text, 1); }

  static constexpr auto combine = brume::sum;
  static constexpr auto order = brume::value_descending;

  void format(std::string_view, const Value& count, brume::Line& line) const { line << '\t' << count << '\n'; }

  brume::Words words = brume::Words::whitespace();
};

BRUME_JOB(WordCount);
