// The heap: zero pages behind the image. Malloc gets them from the begin upwards, as if by brk, blocks from the end
// downwards. Pages are touched when they are first used, since a first touch is what secret memory makes dear (10 to 20
// us a page); malloc keeps what it has and blocks go where blocks have been, so touched pages are used again.
#include <elf.h>
#include <errno.h>
#include <malloc.h>

#include <algorithm>
#include <cstring>

#include "enclave/page_blocks.h"
#include "enclave/runtime/idle.h"
#include "enclave/runtime/runtime.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const Elf64_Ehdr __ehdr_start;
[[gnu::visibility("hidden")]] extern const unsigned char brume_config_page[4096];
}

namespace brume::enclave {
namespace {

// The loader refuses a program whose page does not parse; here only the sizes are needed, before
// there is a heap to parse with.
std::uint64_t config_word(std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;)
    value = value << 8 | const_cast<const volatile unsigned char&>(brume_config_page[at + i]);
  return value;
}

abi::EnclaveRange compute_range() {
  const auto* headers = reinterpret_cast<const Elf64_Phdr*>(image_address() + __ehdr_start.e_phoff);
  std::uint64_t end = 0;
  for (int i = 0; i < __ehdr_start.e_phnum; ++i) {
    if (headers[i].p_type == PT_LOAD) end = headers[i].p_vaddr + headers[i].p_memsz;
  }
  abi::EnclaveConfig config;
  config.heap_size = config_word(16);
  config.stack_size = config_word(24);
  return abi::enclave_range((end + abi::kPageSize - 1) / abi::kPageSize * abi::kPageSize, config);
}

constinit abi::EnclaveRange range;
constinit std::uint64_t heap_used = 0;
constinit std::uint64_t heap_most = 0;     // that was ever in use
constinit std::uint64_t heap_touched = 0;  // by touch_ahead, beyond what was in use then
constinit PageBlocks blocks;
constinit std::uint64_t blocks_touched = 0;  // as heap_touched, downwards

std::uint8_t* heap_at(std::uint64_t offset) {
  return reinterpret_cast<std::uint8_t*>(image_address() + own_range().heap + offset);
}

// What blocks leave to malloc, so that it is not what fails first, and malloc to blocks: tasks can do with less of
// these.
std::uint64_t floor_of_blocks() { return std::max(heap_used + own_range().heap_size / 32, own_range().heap_size / 8); }
std::uint64_t most_of_malloc() { return std::min(blocks.low(), own_range().heap_size / 8 * 7); }

void touch(std::uint64_t offset) { *static_cast<volatile std::uint8_t*>(heap_at(offset)) = 0; }

}  // namespace

std::uint64_t image_address() { return reinterpret_cast<std::uint64_t>(&__ehdr_start); }

const abi::EnclaveRange& own_range() {
  if (range.size == 0) {
    range = compute_range();
    blocks = PageBlocks(range.heap_size);
    blocks_touched = range.heap_size;
  }
  return range;
}

bool touch_ahead(std::uint64_t ahead_size, std::uint64_t page_count) {
  const std::uint64_t used = (heap_used + abi::kPageSize - 1) / abi::kPageSize * abi::kPageSize;
  heap_touched = std::max(heap_touched, used);
  blocks_touched = std::min(blocks_touched, blocks.lowest());
  const std::uint64_t down_to = std::max(blocks.lowest() - std::min(ahead_size, blocks.lowest()), heap_touched);
  for (; page_count > 0 && blocks_touched > down_to; --page_count) touch(blocks_touched -= abi::kPageSize);
  const std::uint64_t up_to = std::min(used + ahead_size, blocks_touched);
  for (; page_count > 0 && heap_touched < up_to; --page_count, heap_touched += abi::kPageSize) touch(heap_touched);
  return blocks_touched > down_to || heap_touched < up_to;
}

HeapUse heap_use() {
  const std::uint64_t size = own_range().heap_size;
  // What malloc and blocks used one after the other is in both.
  return {std::min(size, std::max(heap_most, heap_touched) + size - std::min(blocks.lowest(), blocks_touched)), size};
}

void* take_block(std::size_t size) noexcept {
  auto at = blocks.take(size, floor_of_blocks());
  // What malloc no longer needs, of a task that is over perhaps.
  if (!at && malloc_trim(0) == 1) at = blocks.take(size, floor_of_blocks());
  return at ? heap_at(*at) : nullptr;
}
void give_block(void* block, std::size_t size) noexcept {
  blocks.give(static_cast<std::uint64_t>(static_cast<std::uint8_t*>(block) - heap_at(0)), size);
}

// One arena, and no mappings: there is nothing else to take memory from. It shrinks only where blocks need room.
void configure_malloc() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 0);
}

}  // namespace brume::enclave

extern "C" {

void* __sbrk(std::intptr_t increment) {
  using namespace brume::enclave;
  const auto& own = own_range();
  const std::uint64_t old = heap_used;
  const auto next = static_cast<std::int64_t>(old) + increment;
  if (next < 0 || (increment > 0 && static_cast<std::uint64_t>(next) > most_of_malloc())) {
    errno = ENOMEM;
    return reinterpret_cast<void*>(-1);
  }
  heap_used = static_cast<std::uint64_t>(next);
  // Zeros, as calloc expects: pages that malloc or blocks had before are none.
  if (const std::uint64_t end = std::min(heap_used, heap_most); end > old) std::memset(heap_at(old), 0, end - old);
  if (const std::uint64_t begin = std::max(old, blocks.lowest()); begin < heap_used)
    std::memset(heap_at(begin), 0, heap_used - begin);
  heap_most = std::max(heap_most, heap_used);
  return reinterpret_cast<void*>(image_address() + own.heap + old);
}
void* sbrk(std::intptr_t increment) { return __sbrk(increment); }

// What the C library's start takes for its thread block, before it has a heap: it would ask the
// kernel by itself.
void* _dl_early_allocate(std::size_t size) {
  return __sbrk(static_cast<std::intptr_t>((size + 15) & ~std::size_t{15}));
}

void* __mmap64(void*, std::size_t, int, int, int, long) {
  errno = ENOMEM;
  return reinterpret_cast<void*>(-1);
}
void* mmap(void*, std::size_t, int, int, int, long) __attribute__((alias("__mmap64")));
void* __mmap(void*, std::size_t, int, int, int, long) __attribute__((alias("__mmap64")));
void* mmap64(void*, std::size_t, int, int, int, long) __attribute__((alias("__mmap64")));

}  // extern "C"
