// How a job's input falls into records, and the pieces of it that a map function gets.
#pragma once

#include <brume/task_ends.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>

namespace brume {

// A set of byte values.
class ByteSet {
 public:
  constexpr ByteSet() = default;
  constexpr ByteSet(std::initializer_list<std::uint8_t> bytes) {
    for (std::uint8_t byte : bytes) add(byte);
  }
  constexpr ByteSet& add(std::uint8_t byte) {
    words_[byte >> 6] |= std::uint64_t{1} << (byte & 63);
    return *this;
  }
  // Adds first..last, both included.
  constexpr ByteSet& add_range(std::uint8_t first, std::uint8_t last) {
    for (unsigned byte = first; byte <= last; ++byte) add(static_cast<std::uint8_t>(byte));
    return *this;
  }
  constexpr bool contains(std::uint8_t byte) const { return (words_[byte >> 6] >> (byte & 63) & 1) != 0; }
  constexpr bool contains(char byte) const { return contains(static_cast<std::uint8_t>(byte)); }
  constexpr ByteSet complement() const {
    ByteSet other;
    for (std::size_t i = 0; i < 4; ++i) other.words_[i] = ~words_[i];
    return other;
  }
  constexpr bool operator==(const ByteSet&) const = default;

 private:
  std::array<std::uint64_t, 4> words_{};
};

// A part of an input, whole records only, and where it stands.
struct Piece {
  std::string_view text;
  std::uint64_t offset = 0;      // of its first byte, within its input
  std::uint32_t input = 0;       // which of the run's inputs, from 0
  std::string_view source = {};  // that input's name
  // A map function that does not care where a piece stands takes a string_view.
  operator std::string_view() const { return text; }
  // For an input that the job cannot use, in words that hold no data: "is neither left nor right". Ends the run.
  [[noreturn]] void refuse(const std::string& rule) const {
    throw detail::TaskEnds("input " + std::to_string(input + 1) + ' ' + rule);
  }
};

// Records of one size, one after another. An input that ends within a record is refused.
struct Records {
  std::size_t size = 1;      // bytes, at least 1
  std::uint64_t header = 0;  // bytes at the input's begin that belong to no record; map never sees them
  constexpr bool operator==(const Records&) const = default;
};

// Each input is one record: map gets it in one piece.
struct WholeFiles {};

// Where an input may be cut: after any byte of a set, between records of one size, or nowhere.
class Borders {
 public:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  constexpr Borders() = default;
  constexpr Borders(const ByteSet& separators) : separators_(separators) {}
  constexpr Borders(const Records& records) : records_(records), fixed_(true) {}
  constexpr Borders(const WholeFiles&) : whole_(true) {}

  // False: an input is one record.
  constexpr bool may_cut() const { return !whole_; }

  // `text` stands at `offset` of the input. Index of the first border in it, its begin included for
  // records of one size and excluded for separators; kNone if there is none.
  constexpr std::size_t first(std::string_view text, std::uint64_t offset) const {
    if (fixed_) {
      const std::uint64_t to_go = to_next(offset);
      return to_go <= text.size() ? static_cast<std::size_t>(to_go) : kNone;
    }
    if (whole_) return kNone;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (separators_.contains(text[i])) return i + 1;
    }
    return kNone;
  }
  // Index of the last border in a text that begins at one: 0 if there is no other.
  constexpr std::size_t last(std::string_view text, std::uint64_t offset) const {
    if (fixed_) {
      if (to_next(offset) > text.size()) return 0;
      return text.size() - static_cast<std::size_t>((offset + text.size() - records_.header) % records_.size);
    }
    if (whole_) return 0;
    std::size_t end = text.size();
    while (end > 0 && !separators_.contains(text[end - 1])) --end;
    return end;
  }

  // Bytes at the input's begin that belong to no record.
  constexpr std::uint64_t header() const { return records_.header; }
  // Whether the rest after the last border is a record too: a last line may lack its end.
  constexpr bool end_is_border() const { return !fixed_; }
  constexpr bool operator==(const Borders&) const = default;

 private:
  // The border at `offset` or after it, from `offset`.
  constexpr std::uint64_t to_next(std::uint64_t offset) const {
    if (offset <= records_.header) return records_.header - offset;
    const std::uint64_t over = (offset - records_.header) % records_.size;
    return over == 0 ? 0 : records_.size - over;
  }

  ByteSet separators_;
  Records records_;
  bool fixed_ = false;
  bool whole_ = false;
};

}  // namespace brume
