// The lines of a text, one after another: for (std::string_view line : brume::Lines(text)).
#pragma once

#include <cstddef>
#include <cstring>
#include <iterator>
#include <string_view>

namespace brume {

// Lines come without their newlines; the last one may lack its. A return before the newline stays.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {}

  class Iterator {
   public:
    using value_type = std::string_view;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(std::string_view rest) : rest_(rest) { ++*this; }
    std::string_view operator*() const { return line_; }
    Iterator& operator++() {
      ended_ = rest_.empty();
      if (ended_) return *this;
      const void* const end = std::memchr(rest_.data(), '\n', rest_.size());
      const std::size_t size =
          end == nullptr ? rest_.size() : static_cast<std::size_t>(static_cast<const char*>(end) - rest_.data());
      line_ = rest_.substr(0, size);
      rest_.remove_prefix(end == nullptr ? size : size + 1);
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return ended_; }

   private:
    std::string_view rest_;
    std::string_view line_;
    bool ended_ = false;
  };
  Iterator begin() const { return Iterator(text_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::string_view text_;
};

// The line as it is meant where lines end with a return and a newline.
inline std::string_view without_return(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace brume
