#include "measure/id_map.h"

#include <algorithm>
#include <charconv>

namespace brume::measure {
namespace {

constexpr std::size_t kRangeCountLimit = 340;

std::unexpected<Error> bad_line() { return malformed("id map: a line is not three numbers"); }

Result<std::uint32_t> next_number(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (error != std::errc{}) return bad_line();
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (!line.empty() && line.front() != ' ') return bad_line();
  return value;
}

}  // namespace

Result<IdMap> IdMap::parse(std::string_view text) {
  IdMap map;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == text.npos || map.ranges_.size() == kRangeCountLimit) return bad_line();
    std::string_view line = text.substr(0, end);
    Range range;
    BRUME_ASSIGN(range.inside, next_number(line));
    BRUME_ASSIGN(range.outside, next_number(line));
    BRUME_ASSIGN(range.count, next_number(line));
    if (line.find_first_not_of(' ') != line.npos) return bad_line();
    if (range.count == 0 || range.count - 1 > ~range.inside || range.count - 1 > ~range.outside)
      return malformed("id map: a range goes beyond 32 bits");
    map.ranges_.push_back(range);
    text.remove_prefix(end + 1);
  }
  return map;
}

std::optional<std::uint32_t> IdMap::inside(std::uint32_t outside) const {
  for (const Range& range : ranges_)
    if (outside >= range.outside && outside - range.outside < range.count)
      return range.inside + (outside - range.outside);
  return std::nullopt;
}

std::optional<std::uint32_t> IdMap::outside(std::uint32_t inside) const {
  for (const Range& range : ranges_)
    if (inside >= range.inside && inside - range.inside < range.count) return range.outside + (inside - range.inside);
  return std::nullopt;
}

}  // namespace brume::measure
