// How a text falls into words: maximal runs of bytes outside a set of separators, perhaps with
// a-z folded to A-Z. A description, so that the engine's vector kernels can do the work.
#pragma once

#include <brume/input.h>

#include <string>
#include <string_view>

namespace brume {

struct Words {
  ByteSet separators;
  bool upper = false;  // a-z become A-Z; no other byte changes

  // Runs of bytes outside {tab, newline, vertical tab, form feed, return, space}, bytes exact.
  static constexpr Words whitespace() { return {ByteSet{}.add_range(9, 13).add(32), false}; }
  // Runs of A-Z and a-z, in upper case.
  static constexpr Words letters() { return {ByteSet{}.add_range('A', 'Z').add_range('a', 'z').complement(), true}; }
};

// For each word of the text: function(word, begin), the word folded as `words` says, and where in the text it
// begins. One byte after the other: Emitter::emit_each is faster where words are the keys.
template <typename Function>
void each_word(const Words& words, std::string_view text, Function function) {
  std::string folded;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    while (at < text.size() && !words.separators.contains(text[at])) ++at;
    std::string_view word = text.substr(begin, at - begin);
    ++at;
    if (word.empty()) continue;
    if (words.upper) {
      folded = word;
      for (char& byte : folded) byte = byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 32) : byte;
      word = folded;
    }
    function(word, begin);
  }
}

}  // namespace brume
