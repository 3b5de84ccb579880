// What stands between an enclave program and the outside: its boot block, heap, randomness,
// the ring to its node and the mailbox to its processor. One thread.
//
// A program gives `enclave_main`; the runtime calls it once. In a job's program it is
// src/enclave/runtime/main_job.cpp (the task loop); tests have their own.
#pragma once

#include "abi/boot.h"
#include "abi/config.h"
#include "abi/ring.h"
#include "base/ids.h"
#include "base/outside.h"
#include "base/result.h"

namespace brume::enclave {

// A copy, made before anything else ran; checked by the runtime before it is used.
extern abi::BootBlock boot_block;

// Where this program lies, from its own headers.
std::uint64_t image_address();
const abi::EnclaveRange& own_range();

// Bytes of the heap that were ever in use, and that there are.
struct HeapUse {
  std::uint64_t peak = 0;
  std::uint64_t size = 0;
};
HeapUse heap_use();

// Whole pages of the heap, for brume::BlockSource.
void* take_block(std::size_t size) noexcept;
void give_block(void* block, std::size_t size) noexcept;

struct Enclave {
  abi::Tee tee;
  const abi::EnclaveConfig& config;  // measured
  abi::FrameReader& from_host;
  abi::FrameWriter& to_host;
};

// EREPORT: a report over `report_data` that only the enclave named by the target info can check.
// Fails where the tee is none, and where the platform is gone.
Result<ByteArray<abi::kReportSize>> ereport(ByteView target_info, const ReportData& report_data);
// EGETKEY: 512 bytes of KEYREQUEST in, the key out. The SDM's error code stands in the error's text.
Result<ByteArray<abi::kKeySize>> egetkey(ByteView key_request);

// RDSEED, or RDRAND where the processor lacks it; ends the program if neither gives.
class ProcessorRandom final : public Random {
 public:
  void fill(MutableByteView out) override;
};

// Milliseconds since 1970 by the host's word: a claim, never a basis for trust.
class ClaimedClock final : public Clock {
 public:
  UnixMs now_ms() const override;
};

// Returns the exit code.
int enclave_main(Enclave& enclave);

}  // namespace brume::enclave
