// Where a map function puts its pairs.
#pragma once

#include <brume/words.h>

#include <string_view>

namespace brume {

namespace detail {

template <typename Value>
class PairSink {
 public:
  virtual void add(std::string_view key, const Value& value) = 0;
  virtual void add_words(const Words& words, std::string_view text, const Value& value) = 0;

 protected:
  ~PairSink() = default;
};

}  // namespace detail

template <typename Value>
class Emitter {
 public:
  explicit Emitter(detail::PairSink<Value>& sink) : sink_(sink) {}

  // Keys are bytes of any values and count, zero included; they are copied.
  void emit(std::string_view key, const Value& value) { sink_.add(key, value); }
  // One pair for each word of the text: the same as emit() for each, and much faster.
  void emit_each(const Words& words, std::string_view text, const Value& value) { sink_.add_words(words, text, value); }

 private:
  detail::PairSink<Value>& sink_;
};

}  // namespace brume
