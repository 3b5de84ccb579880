// OpenSSL's CSPRNG as a Random. Inside an enclave its seed is the processor's (RDSEED), see src/enclave.
#pragma once

#include "base/outside.h"

namespace brume::crypto {

class SystemRandom final : public Random {
 public:
  void fill(MutableByteView out) override;
};

}  // namespace brume::crypto
