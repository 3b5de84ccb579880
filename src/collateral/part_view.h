// Inside inventory: one part, parsed as far as it goes.
#pragma once

#include "collateral/inventory.h"

namespace brume::collateral {

struct PartView {
  Item item;
  Bytes issuer_name;                              // of a CRL, DER
  Bytes root;                                     // subject of the last certificate of its issuer chain, DER
  std::vector<crypto::Certificate> certificates;  // in it, then in its issuer chain
  std::optional<crypto::Crl> crl;
  UnixMs document_issued_ms = 0;  // of the document itself
};

PartView view_part(const evidence::Part& part);
// A CRL without an issuer chain is held against the certificates of the others.
void check_root_crls(std::vector<PartView>& parts);

// "" where the name has none. For people and for sorting: it decides no trust.
std::string common_name_of(ByteView name_der);

}  // namespace brume::collateral
