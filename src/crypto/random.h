// OpenSSL's CSPRNG as a Random. Inside an enclave its seed is the processor's (RDSEED), see src/enclave.
//
// What OpenSSL asks of libc to draw: getentropy() for seeds (a strong definition in the program takes
// libc's place), and for reseeding after a fork or an hour getpid() and time().
#pragma once

#include "base/outside.h"

namespace brume::crypto {

class SystemRandom final : public Random {
 public:
  void fill(MutableByteView out) override;
};

}  // namespace brume::crypto
