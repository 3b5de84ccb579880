// Where a map function puts its pairs.
#pragma once

#include <brume/counters.h>
#include <brume/key.h>
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

// Key: what the job calls so, or strings of any bytes.
template <typename Value, typename KeyType = std::string_view>
class Emitter {
  static_assert(TextKey<KeyType> || Key<KeyType>,
                "Key is an integer, float, std::string, a tuple, pair or array of these, or a type with "
                "fields() const or a brume::KeyCodec");

 public:
  Emitter(detail::PairSink<Value>& sink, JobCounters& counters) : sink_(sink), counters_(counters) {}

  // What is emitted is copied. A key that is a string may have any bytes and any size, zero included.
  void emit(const KeyType& key, const Value& value) {
    if constexpr (TextKey<KeyType>) {
      sink_.add(key, value);
    } else if constexpr (Key<KeyType>) {
      encoded_.clear();
      KeyCodec<KeyType>::encode(key, encoded_);
      sink_.add(encoded_, value);
    }
  }
  // One pair for each word of the text: the same as emit() for each, and much faster.
  void emit_each(const Words& words, std::string_view text, const Value& value)
    requires TextKey<KeyType>
  {
    sink_.add_words(words, text, value);
  }
  // Adds to a counter of the run (counters.h); told beside the result and in the receipt.
  void count(std::string_view name, std::uint64_t amount = 1) { counters_.add(name, amount); }
  // A record that cannot be used, by where it begins: piece.offset and on. It is counted as
  // "records.malformed", the first places are told, and the task fails unless on-malformed=skip.
  void malformed(std::uint64_t offset) { counters_.malformed(offset); }

 private:
  detail::PairSink<Value>& sink_;
  JobCounters& counters_;
  std::string encoded_;
};

}  // namespace brume
