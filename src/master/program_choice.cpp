#include "master/program_choice.h"

#include <algorithm>

namespace brume::master {

Result<Measurement> choose_program(const ProgramCounts& admitted, const std::optional<Measurement>& asked) {
  if (admitted.empty()) return fail(ErrorCode::kUnavailable, "no node is admitted; see 'brume nodes'");
  if (!asked) return std::ranges::max_element(admitted, {}, [](const auto& entry) { return entry.second; })->first;
  if (admitted.contains(*asked)) return *asked;
  std::string others;
  for (const auto& [program, count] : admitted)
    others += (others.empty() ? "" : ", ") + std::to_string(count) + " of " + program.hex();
  return fail(ErrorCode::kUnavailable, "--measurement " + asked->hex() +
                                           ": no admitted node has this program; admitted are " + others +
                                           ". Start nodes of its image (brume workers add --image), or see in 'brume "
                                           "nodes' why they were refused");
}

}  // namespace brume::master
