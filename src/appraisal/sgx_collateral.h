// Collateral, parsed once, and the checks on it: what is signed by whom (once per PCK chain), and
// what depends on time and revocation (at every appraisal).
#pragma once

#include <optional>

#include "appraisal/sgx_chain.h"
#include "evidence/collateral.h"
#include "evidence/qe_identity.h"
#include "evidence/tcb_info.h"

namespace brume::appraisal {

// A part that is missing has ErrorCode::kNotFound.
struct ParsedCollateral {
  Result<crypto::Crl> root_crl;
  Result<crypto::Crl> pck_crl;
  Result<std::vector<crypto::Certificate>> pck_crl_chain;
  Result<evidence::SignedTcbInfo> tcb_info;
  Result<std::vector<crypto::Certificate>> tcb_info_chain;
  Result<evidence::SignedQeIdentity> qe_identity;
  Result<std::vector<crypto::Certificate>> qe_identity_chain;
};

ParsedCollateral parse_collateral_parts(const evidence::Collateral& collateral);

// Whether a bundle is about this TEE on this platform: id, FMSPC, PCEID and the CA whose CRL it holds.
bool fits(const ParsedCollateral& collateral, evidence::TcbInfoId id, const PckChain& chain);

// The outcome of all checks that need neither time nor revocation.
struct CheckedCollateral {
  crypto::Certificate root;  // against which it was checked
  crypto::Certificate ca;
  std::optional<TcbSigningChain> tcb_signing;
  std::optional<TcbSigningChain> qe_signing;
  Refusals refusals;
};

CheckedCollateral check_collateral(const ParsedCollateral& collateral, const PckChain& chain);

// Validity of every part at `now_ms`, and revocation of every certificate used.
void check_collateral_now(Refusals& refusals, const ParsedCollateral& collateral, const CheckedCollateral& checked,
                          const PckChain& chain, UnixMs now_ms);

}  // namespace brume::appraisal
