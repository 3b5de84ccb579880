// How current platform, QE and TDX module are (Intel PCS API v4, "Get TCB Info"; Intel QVL's EvaluateTcb and
// TdxModuleCheck): the level that each has reached, and all of them together.
#pragma once

#include "appraisal/attested_peer.h"
#include "appraisal/refusal.h"
#include "evidence/qe_identity.h"
#include "evidence/tcb_info.h"

namespace brume::appraisal {

// The security versions that evidence proves; `td` only of a TD.
struct TcbVersions {
  const evidence::PckExtension& platform;
  std::uint16_t qe_isv_svn = 0;
  const evidence::TdReport* td = nullptr;
};

// The TD's module is the one that TCB info describes, by itself or by its version.
void check_tdx_module(Refusals& refusals, const evidence::TdReport& td, const evidence::TcbInfo& info);

// Status, date (the earliest) and advisories of all components together, into facts. False, with a refusal,
// where one of them matches no level. `info` is of the TEE in question.
bool evaluate_tcb(Refusals& refusals, const evidence::TcbInfo& info, const evidence::QeIdentity& identity,
                  const TcbVersions& versions, PeerFacts& facts);

}  // namespace brume::appraisal
