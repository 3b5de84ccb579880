// EREPORT and EGETKEY as the simulated processor offers them: a request in the mailbox page, a
// knock on the doorbell, the answer in the page. Under real SGX this file is the ENCLU instruction.
#include <atomic>

#include "abi/futex_wait.h"
#include "enclave/runtime/runtime.h"

namespace brume::enclave {
namespace {

abi::Mailbox& mailbox() { return *reinterpret_cast<abi::Mailbox*>(boot_block.mailbox_address); }
abi::Doorbell& doorbell() { return *reinterpret_cast<abi::Doorbell*>(boot_block.doorbell_address); }

// The answer is copied out by the caller; the page is the platform's to change until then.
Status ask(abi::Leaf leaf) {
  if (boot_block.mailbox_address == 0) return fail(ErrorCode::kUnavailable, "processor: this tee has none");
  abi::FutexWait futex;
  mailbox().leaf = static_cast<std::uint32_t>(leaf);
  std::atomic_ref<std::uint32_t> asked(doorbell().asked);
  std::atomic_ref<std::uint32_t> answered(doorbell().answered);
  const std::uint32_t ticket = asked.load(std::memory_order_relaxed) + 1;
  asked.store(ticket, std::memory_order_release);
  futex.wake(&doorbell().asked);
  for (std::uint32_t seen; (seen = answered.load(std::memory_order_acquire)) != ticket;)
    futex.wait(&doorbell().answered, seen);
  const std::uint32_t error = mailbox().error;
  if (error != 0) return fail(ErrorCode::kUnavailable, "processor: error " + std::to_string(error));
  return {};
}

}  // namespace

Result<ByteArray<abi::kReportSize>> ereport(ByteView target_info, const ReportData& report_data) {
  if (target_info.size() != abi::kTargetInfoSize) return malformed("target info: must be 512 bytes");
  if (boot_block.mailbox_address != 0) {
    std::memcpy(mailbox().input, target_info.data(), abi::kTargetInfoSize);
    std::memcpy(mailbox().input + abi::kTargetInfoSize, report_data.bytes.data(), abi::kReportDataSize);
  }
  BRUME_TRY(ask(abi::Leaf::kReport));
  ByteArray<abi::kReportSize> report;
  std::memcpy(report.data(), mailbox().output, report.size());
  return report;
}

Result<ByteArray<abi::kKeySize>> egetkey(ByteView key_request) {
  if (key_request.size() != abi::kKeyRequestSize) return malformed("key request: must be 512 bytes");
  if (boot_block.mailbox_address != 0) std::memcpy(mailbox().input, key_request.data(), abi::kKeyRequestSize);
  BRUME_TRY(ask(abi::Leaf::kGetKey));
  ByteArray<abi::kKeySize> key;
  std::memcpy(key.data(), mailbox().output, key.size());
  std::memset(mailbox().output, 0, sizeof mailbox().output);
  return key;
}

}  // namespace brume::enclave
