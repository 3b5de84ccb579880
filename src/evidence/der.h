// The DER reader and writer of the crypto room, by which extensions of certificates are read.
#pragma once

#include "crypto/der.h"

namespace brume::evidence {

using crypto::der_boolean;
using crypto::der_element;
using crypto::der_unsigned;
using crypto::DerReader;
using crypto::DerTag;

}  // namespace brume::evidence
