// A peer whose evidence has been appraised and accepted. Only appraise() can make one: what takes
// an AttestedPeer cannot be called without an appraisal.
#pragma once

#include <string>
#include <vector>

#include "appraisal/platform_rules.h"
#include "appraisal/snp_rules.h"
#include "appraisal/tcb_facts.h"
#include "appraisal/tdx_rules.h"
#include "appraisal/tee.h"
#include "appraisal/tpm_rules.h"
#include "base/ids.h"
#include "base/outside.h"
#include "evidence/pck_extension.h"
#include "evidence/protections.h"
#include "evidence/tcb_status.h"

namespace brume::appraisal {

// What a DCAP quote and its PCK certificate say besides the body.
struct DcapFacts {
  std::uint16_t quote_version = 0;
  std::uint16_t qe_isv_svn = 0;
  SignerId qe_signer;
  std::optional<evidence::PckExtension> pck;  // where there is a PCK certificate
};

// What evidence says, verified (but for tee none, where it is only claimed).
struct PeerFacts {
  Tee tee = Tee::kNone;
  Measurement measurement;  // of an enclave; zero for the tees that have facts of their own below
  ImageDigest image;
  SignerId signer;
  std::uint16_t product_id = 0;
  std::uint16_t isv_svn = 0;
  bool debug = false;
  evidence::Protections protections;
  evidence::TcbStatus tcb_status = evidence::TcbStatus::kRevoked;  // of platform, QE and TDX module together
  UnixMs tcb_date_ms = 0;                                          // the earliest of them
  std::optional<UnixMs> tcb_superseded_ms;     // since when a better level than that of the oldest part stands
  std::optional<UnixMs> tcb_grace_until_ms;    // a status that counts only until then, by the policy's grace_days
  std::optional<UnixMs> collateral_issued_ms;  // of the oldest of TCB info, QE identity and PCK revocation list
  bool revocation_unchecked = false;           // the policy did without a revocation list that was missing
  TcbFacts platform_tcb;
  TcbFacts qe_tcb;
  std::uint32_t tcb_evaluation_data_number = 0;
  std::vector<std::string> advisories;  // of platform, QE and TDX module, each once
  PlatformId platform;
  SpkiHash root;                  // the trust anchor
  std::optional<DcapFacts> dcap;  // tees sgx, sgx-sim and tdx
  std::optional<TdxFacts> tdx;    // each only for its tee
  std::optional<SnpFacts> snp;
  std::optional<TpmFacts> tpm;
};

class AttestedPeer {
 public:
  const PeerFacts& facts() const { return facts_; }
  Tee tee() const { return facts_.tee; }
  const Measurement& measurement() const { return facts_.measurement; }
  const ImageDigest& image() const { return facts_.image; }
  const SignerId& signer() const { return facts_.signer; }
  std::uint16_t isv_svn() const { return facts_.isv_svn; }
  bool debug() const { return facts_.debug; }
  evidence::Protections protections() const { return facts_.protections; }
  evidence::TcbStatus tcb_status() const { return facts_.tcb_status; }
  const std::vector<std::string>& advisories() const { return facts_.advisories; }
  const PlatformId& platform() const { return facts_.platform; }
  // As given in Expected: the role the policy allowed and the claims that the report data bind.
  const std::string& role() const { return role_; }
  const Sha256Digest& claims_hash() const { return claims_hash_; }
  UnixMs appraised_at_ms() const { return appraised_at_ms_; }

 private:
  friend class Verifier;
  AttestedPeer(PeerFacts facts, std::string role, const Sha256Digest& claims_hash, UnixMs now)
      : facts_(std::move(facts)), role_(std::move(role)), claims_hash_(claims_hash), appraised_at_ms_(now) {}

  PeerFacts facts_;
  std::string role_;
  Sha256Digest claims_hash_;
  UnixMs appraised_at_ms_;
};

}  // namespace brume::appraisal
