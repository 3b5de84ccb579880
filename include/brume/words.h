// How a text falls into words: maximal runs of bytes outside a set of separators, perhaps with
// a-z folded to A-Z. A description, so that the engine's vector kernels can do the work.
#pragma once

#include <brume/program.h>

namespace brume {

struct Words {
  ByteSet separators;
  bool upper = false;  // a-z become A-Z; no other byte changes

  // Runs of bytes outside {tab, newline, vertical tab, form feed, return, space}, bytes exact.
  static constexpr Words whitespace() { return {ByteSet{}.add_range(9, 13).add(32), false}; }
  // Runs of A-Z and a-z, in upper case.
  static constexpr Words letters() { return {ByteSet{}.add_range('A', 'Z').add_range('a', 'z').complement(), true}; }
};

}  // namespace brume
