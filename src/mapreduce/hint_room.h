// How many hints may be sent: a thousand reducers times thousands of map tasks a second must not keep the master from
// its work. What goes beyond is not sent; it is only a hint.
#pragma once

#include <algorithm>
#include <optional>

#include "base/outside.h"

namespace brume::mapreduce {

class HintRoom {
 public:
  static constexpr std::uint64_t kMost = 4'096;
  static constexpr std::uint64_t kPerMs = 10;  // 5 us of the master's time each

  void tick(UnixMs now) {
    if (last_ms_ && now > *last_ms_)
      left_ = std::min(kMost, left_ + kPerMs * static_cast<std::uint64_t>(now - *last_ms_));
    last_ms_ = std::max(now, last_ms_.value_or(now));
  }
  // All of them or none.
  bool take(std::uint64_t count) {
    if (count > left_) return false;
    left_ -= count;
    return true;
  }

 private:
  std::uint64_t left_ = kMost;
  std::optional<UnixMs> last_ms_;
};

}  // namespace brume::mapreduce
