// Strict JSON (RFC 8259), read once from front to back without building a tree, for documents whose
// schema is known: no escapes (the documents have none), ASCII only, whole numbers only, every name
// known, none twice. Because it only moves forward, the exact bytes of a value are at hand, which
// is what signatures cover; nesting is bounded by the schema, so hostile depth costs nothing.
#pragma once

#include <optional>
#include <set>
#include <span>

#include "base/bytes.h"
#include "base/outside.h"
#include "base/result.h"

namespace brume::evidence {

class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : text_(text) {}

  // An object with exactly these names, in any order, each at most once; `read(index)` must take
  // the value. Those of `required` (bit i for names[i]) must be there.
  template <typename Read>
  void object(std::span<const std::string_view> names, std::uint32_t required, Read read) {
    take('{');
    std::uint32_t seen = 0;
    std::size_t guess = 0;
    for (bool first = true; ok() && !take_if('}'); first = false) {
      if (!first) take(',');
      const std::size_t index = name_index(string(), names, guess);
      guess = index + 1;
      take(':');
      if (!ok()) return;
      if ((seen >> index & 1u) != 0) return fault("a name occurs twice");
      seen |= 1u << index;
      read(index);
    }
    if (ok() && (required & ~seen) != 0) fault("a required field is missing");
  }

  // An object whose names are not known beforehand, at most `limit`, each at most once; `read(name)` must
  // take the value.
  template <typename Read>
  void members(std::size_t limit, Read read) {
    std::set<std::string_view> seen;
    take('{');
    for (bool first = true; ok() && !take_if('}'); first = false) {
      if (!first) take(',');
      std::string_view name = string();
      take(':');
      if (!ok()) return;
      if (!seen.insert(name).second) return fault("a name occurs twice");
      if (seen.size() > limit) return fault("an object has more names than its limit");
      read(name);
    }
  }

  // An array of at most `limit` elements; `read(index)` must take each.
  template <typename Read>
  void array(std::size_t limit, Read read) {
    take('[');
    for (std::size_t index = 0; ok() && !take_if(']'); ++index) {
      if (index > 0) take(',');
      if (index == limit) return fault("an array is longer than its limit");
      read(index);
    }
  }

  // What the next value begins with; NUL at the end.
  char peek();
  bool boolean();
  std::string_view string();
  std::uint64_t number(std::uint64_t limit);
  // A string of exactly 2 * N hex digits.
  template <std::size_t N>
  ByteArray<N> hex() {
    ByteArray<N> out{};
    hex_into(out);
    return out;
  }
  UnixMs time();
  std::vector<std::string> strings(std::size_t limit);

  // White space is skipped first, so that offset() is where the next value begins.
  std::size_t value_offset();
  std::size_t offset() const { return position_; }

  void fault(const char* why) {
    if (reason_ == nullptr) reason_ = why;
    position_ = text_.size();
  }
  bool ok() const { return reason_ == nullptr; }
  // Success only if no fault happened and nothing but white space is left.
  Status done(std::string_view what);

 private:
  // Documents come without white space: none is the short way.
  void skip_space() {
    if (position_ < text_.size() && static_cast<unsigned char>(text_[position_]) <= ' ') skip_all_space();
  }
  bool take_if(char expected) {
    skip_space();
    if (!ok() || position_ == text_.size() || text_[position_] != expected) return false;
    ++position_;
    return true;
  }
  void take(char expected) {
    if (!take_if(expected)) fault("not the JSON that is expected");
  }
  void skip_all_space();
  void hex_into(MutableByteView out);
  // Names mostly stand in the order of the schema: `guess` is looked at first.
  std::size_t name_index(std::string_view name, std::span<const std::string_view> names, std::size_t guess);

  std::string_view text_;
  std::size_t position_ = 0;
  const char* reason_ = nullptr;
};

}  // namespace brume::evidence
