// All values of one key, as a reduce function reads them.
#pragma once

#include <brume/codec.h>
#include <brume/program.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

namespace brume {

namespace detail {

// The values of a key that did not fit into memory with the first ones.
class MoreValues {
 public:
  // Somebody begins to read all values of the key. Throws TaskEnds where next() was called before.
  virtual void begin() = 0;
  // False at the end. The view stays until the next call. May wait; throws TaskEnds.
  virtual bool next(std::string_view& encoded) = 0;

 protected:
  ~MoreValues() = default;
};

}  // namespace detail

// In the order of their encoded bytes, so in the same order however often and wherever the job runs. They are decoded
// while they are read. They may be read again, unless they are more than a task's memory holds: then the second time
// ends the task with an error.
template <typename Value>
class Values {
 public:
  // The first `count` values are in `encoded`; then those of `more`, if there is one.
  Values(std::string_view encoded, std::size_t count, detail::MoreValues* more = nullptr)
      : encoded_(encoded), count_(count), more_(more) {}

  class Iterator {
   public:
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(const Values& values) : rest_(values.encoded_), left_(values.count_), more_(values.more_) {
      if (more_ != nullptr) more_->begin();
      ++*this;
    }
    const Value& operator*() const { return value_; }
    Iterator& operator++() {
      if (left_ > 0) {
        --left_;
        take(rest_);
      } else if (std::string_view encoded; more_ != nullptr && more_->next(encoded)) {
        take(encoded);
      } else {
        ended_ = true;
      }
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return ended_; }

   private:
    void take(std::string_view& encoded) {
      if (!Codec<Value>::decode(encoded, value_)) throw detail::TaskEnds("map stream: a value is malformed");
    }

    std::string_view rest_;
    std::size_t left_;
    detail::MoreValues* more_;
    Value value_{};
    bool ended_ = false;
  };
  Iterator begin() const { return Iterator(*this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::string_view encoded_;
  std::size_t count_;
  detail::MoreValues* more_;
};

}  // namespace brume
