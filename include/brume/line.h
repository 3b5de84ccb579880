// A line of the result while it is written.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

namespace brume {

namespace detail {

// The shortest decimal form, and its end. What is no number is nan: its sign depends on the processor.
template <typename Number>
char* print_number(char* begin, char* end, Number number) {
  if constexpr (std::floating_point<Number>) {
    if (std::isnan(number)) number = std::numeric_limits<Number>::quiet_NaN();
  }
  return std::to_chars(begin, end, number).ptr;
}

}  // namespace detail

class Line {
 public:
  Line() = default;
  // A function that took a copy would write to that.
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  Line& operator<<(std::string_view text) {
    if (text.empty()) return *this;
    std::memcpy(room(text.size()), text.data(), text.size());
    size_ += text.size();
    return *this;
  }
  Line& operator<<(const char* text) { return *this << std::string_view(text); }
  Line& operator<<(char byte) {
    *room(1) = byte;
    ++size_;
    return *this;
  }
  // Shortest decimal form.
  template <typename Number>
    requires(std::integral<Number> || std::floating_point<Number>)
  Line& operator<<(Number number) {
    char* at = room(kMaxNumberSize);
    size_ += static_cast<std::size_t>(detail::print_number(at, at + kMaxNumberSize, number) - at);
    return *this;
  }

  std::string_view view() const { return {large_.empty() ? small_ : large_.data(), size_}; }
  void clear() {
    size_ = 0;
    large_.clear();
  }

 private:
  static constexpr std::size_t kMaxNumberSize = 32;

  char* room(std::size_t more) {
    if (large_.empty() && size_ + more <= sizeof small_) return small_ + size_;
    return spill(more);
  }
  char* spill(std::size_t more) {
    if (large_.empty()) large_.assign(small_, size_);
    if (large_.size() < size_ + more) large_.resize(2 * (size_ + more));
    return large_.data() + size_;
  }

  std::size_t size_ = 0;
  char small_[512];
  std::string large_;
};

}  // namespace brume
