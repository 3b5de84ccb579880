// A limit on how often: `burst` at once, then one every `interval`.
#pragma once

#include <algorithm>
#include <chrono>

namespace brume::tee {

class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;
  TokenBucket(int burst, std::chrono::milliseconds interval) : burst_(burst), interval_(interval) {}

  bool take(Time now) {
    // `full_at_`: when the bucket will be full again. Each token taken moves it by an interval.
    const Time from = std::max(full_at_, now);
    if (from - now > interval_ * (burst_ - 1)) return false;
    full_at_ = from + interval_;
    return true;
  }

 private:
  int burst_;
  std::chrono::milliseconds interval_;
  Time full_at_{};
};

}  // namespace brume::tee
