// From the C library's start to the program: checks where the outside lies, opens the ring, runs.
#include "abi/config.h"
#include "abi/futex_wait.h"
#include "enclave/runtime/idle.h"
#include "enclave/runtime/runtime.h"

extern "C" {
[[gnu::visibility("hidden")]] extern const unsigned char brume_config_page[4096];
}

namespace brume::enclave {

void configure_malloc();

namespace {

// Exit codes that the platform can name.
constexpr int kBadBoot = 101;
constexpr int kBadConfig = 102;

// A host that points "outside" memory into the enclave would have it write over itself.
bool is_outside(std::uint64_t address, std::uint64_t size) {
  const std::uint64_t base = image_address();
  const std::uint64_t end = base + own_range().size;
  return address + size >= address && (address + size <= base || address >= end);
}

bool boot_is_sound() {
  if (boot_block.magic != abi::kBootMagic || boot_block.version != abi::kBootVersion) return false;
  if (boot_block.tee > static_cast<std::uint32_t>(abi::Tee::kSgxSim)) return false;
  return is_outside(boot_block.ring_address, boot_block.ring_size) &&
         is_outside(boot_block.mailbox_address, sizeof(abi::Mailbox)) &&
         is_outside(boot_block.doorbell_address, sizeof(abi::Doorbell));
}

int run() {
  if (!boot_is_sound()) return kBadBoot;
  auto ring = abi::map_ring(reinterpret_cast<void*>(boot_block.ring_address), boot_block.ring_size);
  if (!ring) return kBadBoot;
  auto config = abi::parse_config({brume_config_page, sizeof brume_config_page});
  if (!config) return kBadConfig;
  IdleWait idle;
  abi::FutexWait wait;
  abi::FrameReader from_host(ring->to_enclave, idle);
  abi::FrameWriter to_host(ring->to_host, wait);
  Enclave enclave{static_cast<abi::Tee>(boot_block.tee), *config, from_host, to_host};
  return enclave_main(enclave);
}

}  // namespace
}  // namespace brume::enclave

int main() {
  brume::enclave::configure_malloc();
  return brume::enclave::run();
}
