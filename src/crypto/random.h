// OpenSSL's CSPRNG as a Random. Inside an enclave its seed is the processor's (RDSEED), see src/enclave.
//
// What this room asks of libc besides memory and futexes, and an enclave's libc must therefore answer
// without the kernel: getentropy() for seeds (a strong definition in the program takes libc's place),
// getpid() (to notice forks), time(), gettimeofday() and clock_gettime() (to reseed; any value will do),
// and sysinfo() (glibc's qsort asks how much memory there is). isolation_test.cpp holds it to that.
#pragma once

#include "base/outside.h"

namespace brume::crypto {

class SystemRandom final : public Random {
 public:
  void fill(MutableByteView out) override;
};

}  // namespace brume::crypto
