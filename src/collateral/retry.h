// When to ask again, and how often at most. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/outside.h"

namespace brume::collateral {

struct RetryOptions {
  int attempts_limit = 5;           // the first one counts
  UnixMs first_delay_ms = 500;      // doubled each time
  UnixMs delay_limit_ms = 30'000;   // also of a server's Retry-After: who asks for more is left alone
  UnixMs total_limit_ms = 120'000;  // all waiting for one address together
};

// One address' attempts. Exponential back-off with "full jitter": anything up to the doubled delay, so that
// many clients that failed together do not come back together.
class Retry {
 public:
  // Both outlive it.
  Retry(const RetryOptions& options, Random& random) : options_(options), random_(random) {}
  // After a failed attempt: how long to wait before the next, at least what the server asked for; nothing: give up.
  std::optional<UnixMs> next_delay(std::optional<UnixMs> retry_after_ms);

 private:
  const RetryOptions& options_;
  Random& random_;
  int failed_count_ = 0;
  UnixMs waited_ms_ = 0;
};

// The least time between two questions to one host.
class RateLimit {
 public:
  explicit RateLimit(UnixMs interval_ms) : interval_ms_(interval_ms) {}
  // How long to wait now before asking `host`; counts the question as asked after that.
  UnixMs take(const std::string& host, UnixMs now_ms);

 private:
  UnixMs interval_ms_;
  std::map<std::string, UnixMs> next_ms_;
};

}  // namespace brume::collateral
