// The simulated processor behind a platform: loader, EREPORT and EGETKEY, quoting enclave.
#pragma once

#include "tee/platform.h"
#include "tee/sim_pki.h"

namespace brume::tee {

std::unique_ptr<EnclaveMaker> make_sim_maker(PlatformKeys keys, Random& random);

}  // namespace brume::tee
