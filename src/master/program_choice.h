// Which program does a job, where the policy lets several in: the owner's choice, or else the nodes'.
#pragma once

#include <map>
#include <optional>

#include "base/ids.h"

namespace brume::master {

// How many admitted nodes have it.
using ProgramCounts = std::map<Measurement, std::uint64_t>;

// The one that was asked for, never another; where none was, the one that most nodes have. kUnavailable where no
// admitted node has it.
Result<Measurement> choose_program(const ProgramCounts& admitted, const std::optional<Measurement>& asked);

}  // namespace brume::master
