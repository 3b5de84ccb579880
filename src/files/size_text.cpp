#include "files/size_text.h"

#include <charconv>

namespace brume::files {

Result<std::uint64_t> parse_size(const std::string& text) {
  constexpr std::uint64_t kLimit = std::uint64_t{1} << 50;
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  const std::string_view unit(at, static_cast<std::size_t>(end - at));
  const int shift = unit.empty() ? 0 : unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : -1;
  if (error != std::errc{} || shift < 0 || value == 0)
    return fail(ErrorCode::kUsage, "'" + text + "' is no size: bytes, or a number with K, M or G");
  if (value > kLimit >> shift) return fail(ErrorCode::kUsage, "'" + text + "': over 1M gigabytes");
  return value << shift;
}

}  // namespace brume::files
