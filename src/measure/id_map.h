// Owners as a container sees them: /proc/PID/uid_map and gid_map (user_namespaces(7)).
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::measure {

class IdMap {
 public:
  // Lines of "first inside, first outside, count", as a reader outside the namespace sees them.
  // Refuses other text, more than 340 lines (the kernel's limit) and ranges beyond 2^32.
  static Result<IdMap> parse(std::string_view text);
  // Nothing where no range holds that owner.
  std::optional<std::uint32_t> inside(std::uint32_t outside) const;
  std::optional<std::uint32_t> outside(std::uint32_t inside) const;

 private:
  struct Range {
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;
    std::uint32_t count = 0;
  };
  std::vector<Range> ranges_;
};

}  // namespace brume::measure
