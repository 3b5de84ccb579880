// The JSON documents of the simulator's PKI, in the shapes of Intel's PCS API v4.
#pragma once

#include "tee/sim_pki.h"

namespace brume::tee {

// Components 1 and 2 at `svn`, the others 0.
ByteArray<16> sim_components(std::uint8_t svn);

// The values of "tcbInfo" and "enclaveIdentity": compact JSON, levels current and out of date.
std::string sim_tcb_info(const CollateralRequest& request, UnixMs issued_ms, UnixMs next_update_ms);
std::string sim_qe_identity(const CollateralRequest& request, UnixMs issued_ms, UnixMs next_update_ms);

// {"NAME":BODY,"signature":"hex"}, the signature over the bytes of BODY.
std::string signed_document(std::string_view name, const std::string& body, const crypto::EcKey& key);

}  // namespace brume::tee
