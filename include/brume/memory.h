// Where a job's big blocks come from. In an enclave fresh pages are expensive (docs: simulated
// platform), so its runtime may install a source that hands out and takes back whole pages.
#pragma once

#include <cstddef>

namespace brume {

struct BlockSource {
  // At least `size` bytes, aligned to 4096, contents arbitrary and perhaps not yet backed by
  // memory; null where there is no more.
  void* (*take)(std::size_t size) noexcept;
  void (*give)(void* block, std::size_t size) noexcept;
};

// Before the first task only. The default is operator new.
void set_block_source(const BlockSource& source);
const BlockSource& block_source();

}  // namespace brume
