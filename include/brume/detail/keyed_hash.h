// The keyed hash of a run: chooses partitions and table slots. Every node of a run must compute
// the same function, so the processor decides only how fast it goes (docs/formats/records.md).
#pragma once

#include <brume/program.h>

namespace brume::detail {

struct HashSchedule {
  alignas(16) std::array<std::array<std::uint8_t, 16>, 4> keys{};
};
HashSchedule make_hash_schedule(const HashKey& key);

std::uint64_t keyed_hash(const HashSchedule& schedule, std::string_view bytes);

// Partitions divide the hash's range evenly and in order.
inline std::uint32_t partition_of(std::uint64_t hash, std::uint32_t partitions) {
  return static_cast<std::uint32_t>((static_cast<unsigned __int128>(hash) * partitions) >> 64);
}

}  // namespace brume::detail
