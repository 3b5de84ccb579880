// The certificate chains of SGX (Intel SGX PCK Certificate and CRL Profile Specification): PCK leaf,
// CA, root in a quote, and TCB signing, root beside collateral.
#pragma once

#include "appraisal/refusal.h"
#include "base/outside.h"
#include "crypto/x509.h"
#include "evidence/pck_extension.h"

namespace brume::appraisal {

// A chain whose shape is right; `refusals` says which of the checks that need neither time nor
// revocation lists failed.
struct PckChain {
  crypto::Certificate leaf;
  crypto::Certificate ca;
  crypto::Certificate root;
  crypto::EcPublicKey leaf_key;
  crypto::EcPublicKey ca_key;
  crypto::EcPublicKey root_key;
  SpkiHash root_spki;
  evidence::PckExtension platform;
  Refusals refusals;
};

// `pem`: certification data of type 5; leaf first, the other two in either order (quotes of 2019 and
// 2020 have the root in the middle). `known`: a chain in which nothing is wrong; where it has the same CA and
// root, these are not looked at again.
Result<PckChain> read_pck_chain(ByteView pem, const PckChain* known = nullptr);

struct TcbSigningChain {
  crypto::Certificate signer;
  crypto::EcPublicKey signer_key;
  Refusals refusals;
};

// `chain`: TCB signing, root. Checked against the root of the PCK chain, by name and key.
Result<TcbSigningChain> read_tcb_signing_chain(const std::vector<crypto::Certificate>& chain, const PckChain& pck);

// Validity of all three at `now_ms`.
void check_pck_chain_validity(Refusals& refusals, const PckChain& chain, UnixMs now_ms);

}  // namespace brume::appraisal
