// An enclave as its node sees it: a ring, a process that may end, and somebody who makes quotes.
#pragma once

#include <memory>

#include "abi/boot.h"
#include "abi/ring.h"
#include "base/result.h"

namespace brume::node {

class EnclaveHost {
 public:
  virtual ~EnclaveHost() = default;
  virtual abi::RingMap ring() const = 0;
  // Readable once the enclave has ended.
  virtual int pidfd() const = 0;
  // Empty where there is no quoting enclave.
  virtual const Bytes& qe_target_info() const = 0;
  // Any thread; may take milliseconds.
  virtual Result<Bytes> quote(ByteView report) = 0;
  // Ends the enclave. Any thread; again is fine.
  virtual void end() = 0;
};

// Waits for the platform's socket at most `connect_limit_s`, then launches. Errors: kUnavailable, or the
// platform's reason.
Result<std::unique_ptr<EnclaveHost>> launch_on_platform(const std::string& platform_path, abi::Tee tee,
                                                        std::uint32_t connect_limit_s);

}  // namespace brume::node
