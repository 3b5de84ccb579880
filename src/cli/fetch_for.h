// What a given piece of evidence needs: `brume collateral fetch --for`.
#pragma once

#include "base/result.h"
#include "collateral/collect.h"

namespace brume::cli {

// Adds to the plan what vouches for the SGX or TDX quote or SEV-SNP report in this file (in any wrapping). Nothing of
// it is believed: it only says what to ask for. Errors: kIo, kNotFound, kMalformed; kUsage where it does not say
// enough.
Status plan_for_evidence(const std::string& path, collateral::Plan& plan);

}  // namespace brume::cli
