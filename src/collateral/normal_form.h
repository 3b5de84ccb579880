// How parts are written into bundles, whoever delivered them and in whatever form: a list or a certificate has one
// digest then. Documents that are signed as text stay as they came.
#pragma once

#include "evidence/bundle.h"

namespace brume::collateral {

// CRLs in DER, certificates each for itself in DER, PCK chains in PEM without anything between; what cannot be read,
// and documents, unchanged.
std::vector<evidence::Part> normal_form(evidence::Part part);

}  // namespace brume::collateral
