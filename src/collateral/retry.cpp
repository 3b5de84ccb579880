#include "collateral/retry.h"

#include <algorithm>

namespace brume::collateral {

std::optional<UnixMs> Retry::next_delay(std::optional<UnixMs> retry_after_ms) {
  ++failed_count_;
  if (failed_count_ >= options_.attempts_limit) return std::nullopt;
  UnixMs ceiling_ms = options_.first_delay_ms;
  for (int i = 1; i < failed_count_ && ceiling_ms < options_.delay_limit_ms; ++i) ceiling_ms *= 2;
  ceiling_ms = std::clamp<UnixMs>(ceiling_ms, 1, options_.delay_limit_ms);
  ByteArray<8> bytes{};
  random_.fill(bytes);
  std::uint64_t number = 0;
  for (std::uint8_t byte : bytes) number = number << 8 | byte;
  // The bias of the remainder is below 2^-40: no secret hangs on it.
  UnixMs delay_ms = static_cast<UnixMs>(number % static_cast<std::uint64_t>(ceiling_ms)) + 1;
  if (retry_after_ms) {
    if (*retry_after_ms > options_.delay_limit_ms) return std::nullopt;
    delay_ms = std::max(delay_ms, *retry_after_ms);
  }
  if (delay_ms > options_.total_limit_ms - waited_ms_) return std::nullopt;
  waited_ms_ += delay_ms;
  return delay_ms;
}

UnixMs RateLimit::take(const std::string& host, UnixMs now_ms) {
  UnixMs& next_ms = next_ms_[host];
  // A clock that was set back must not hold everything up.
  const UnixMs wait_ms = std::clamp<UnixMs>(next_ms - now_ms, 0, interval_ms_);
  next_ms = now_ms + wait_ms + interval_ms_;
  return wait_ms;
}

}  // namespace brume::collateral
