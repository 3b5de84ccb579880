#include "abi/config.h"

#include <bit>

#include "abi/boot.h"
#include "base/reader.h"
#include "base/writer.h"

namespace brume::abi {
namespace {

constexpr std::string_view kMagic = "BRMCONF1";
constexpr std::uint32_t kVersion = 1;

bool whole_pages_within(std::uint64_t size, std::uint64_t least, std::uint64_t limit) {
  return size % kPageSize == 0 && size >= least && size <= limit;
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }

}  // namespace

Result<EnclaveConfig> parse_config(ByteView page) {
  if (page.size() != kConfigSize) return malformed("enclave config: must be one page");
  Reader in(page);
  if (as_chars(in.take(kMagic.size())) != kMagic) return malformed("enclave config: magic");
  if (in.u32le() != kVersion) return fail(ErrorCode::kUnsupported, "enclave config: version");
  EnclaveConfig config;
  config.thread_count = in.u32le();
  config.heap_size = in.u64le();
  config.stack_size = in.u64le();
  config.master.bytes = in.array<32>();
  for (std::uint8_t byte : in.rest()) {
    if (byte != 0) return malformed("enclave config: padding must be zero");
  }
  if (config.thread_count != 1) return fail(ErrorCode::kUnsupported, "enclave config: thread count must be 1");
  if (!whole_pages_within(config.heap_size, kHeapSizeLeast, kHeapSizeLimit))
    return fail(ErrorCode::kLimit, "enclave config: heap size");
  if (!whole_pages_within(config.stack_size, kStackSizeLeast, kStackSizeLimit))
    return fail(ErrorCode::kLimit, "enclave config: stack size");
  return config;
}

Bytes encode_config(const EnclaveConfig& config) {
  Writer out;
  out.raw(as_bytes(kMagic)).u32le(kVersion).u32le(config.thread_count);
  out.u64le(config.heap_size).u64le(config.stack_size).raw(config.master.view());
  out.zeros(kConfigSize - out.size());
  return out.take();
}

EnclaveRange enclave_range(std::uint64_t image_size, const EnclaveConfig& config) {
  EnclaveRange range;
  range.image_size = image_size;
  range.stack = image_size + kPageSize;
  range.stack_size = config.stack_size;
  range.tcs = range.stack + range.stack_size;
  range.ssa = range.tcs + kPageSize;
  range.heap = round_up(range.ssa + (kSsaCount + 1) * kPageSize, kHeapAlign);
  range.heap_size = config.heap_size;
  range.size = std::bit_ceil(range.heap + range.heap_size);
  return range;
}

}  // namespace brume::abi
