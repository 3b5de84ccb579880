#include "mapreduce/block.h"

#include <new>

namespace brume {
namespace {

constexpr std::align_val_t kPage{4096};

BlockSource g_source = {
    [](std::size_t size) noexcept { return ::operator new(size, kPage, std::nothrow); },
    [](void* block, std::size_t) noexcept { ::operator delete(block, kPage); },
};

}  // namespace

void set_block_source(const BlockSource& source) { g_source = source; }
const BlockSource& block_source() { return g_source; }

}  // namespace brume
