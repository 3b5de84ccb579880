// The simulator's own PKI: what Intel's provisioning service is to real platforms. The owner keeps
// the root; hosts get platform keys under it. Same shapes as the real thing, so that the verifier
// has one path; nobody trusts this root unless a policy names it. No I/O: strings in, strings out.
// docs/formats/sgx-sim-pki.md.
#pragma once

#include "base/outside.h"
#include "crypto/ec.h"
#include "crypto/secret.h"
#include "crypto/x509.h"
#include "evidence/collateral.h"
#include "evidence/pck_extension.h"
#include "evidence/sgx_report.h"
#include "evidence/tcb_status.h"

namespace brume::tee {

// The platform family of the simulator, and what its TCB info calls current.
inline constexpr evidence::Fmspc kSimFmspc = {0x62, 0x72, 0x75, 0x6d, 0x65, 0x01};  // "brume", 1
inline constexpr evidence::PceId kSimPceId = {0x00, 0x00};
inline constexpr std::uint8_t kSimCurrentSvn = 2;  // components 1 and 2, and PCESVN; 1 is out of date
inline constexpr std::uint16_t kSimQeProductId = 1;
inline constexpr std::uint16_t kSimQeIsvSvn = 2;  // 1 is out of date
// "MRSIGNER" and "MRENCLAVE" of the simulated quoting enclave: SHA-256 of its name.
SignerId sim_qe_signer();
Measurement sim_qe_measurement();
// The quoting enclave's REPORTBODY over this report data.
evidence::ReportBody sim_qe_report_body(const ReportData& report_data);

// What a host's platform is given; its `fuse_secret` and key never leave it.
struct PlatformKeys {
  crypto::EcKey pck_key;
  std::string pck_chain_pem;        // leaf, CA, root: the certification data of its quotes
  evidence::PckExtension platform;  // as in the certificate
  crypto::Key32 fuse_secret;        // root of EREPORT and EGETKEY keys (processor.h)

  crypto::Certificate pck_certificate() const;
  std::string save() const;  // JSON with secrets in it
  static Result<PlatformKeys> load(std::string_view json);
};

// Knobs: the defaults are a good platform.
struct PlatformRequest {
  UnixMs now_ms = 0;
  UnixMs not_before_ms = 0;  // 0: an hour before now
  UnixMs not_after_ms = 0;   // 0: seven years after now
  std::uint8_t svn = kSimCurrentSvn;
  evidence::Fmspc fmspc = kSimFmspc;
  evidence::PceId pce_id = kSimPceId;
};

struct CollateralRequest {
  UnixMs now_ms = 0;
  UnixMs issued_ms = 0;       // 0: an hour before now
  UnixMs next_update_ms = 0;  // 0: thirty days after now
  evidence::TcbStatus current_status = evidence::TcbStatus::kUpToDate;
  std::vector<std::string> current_advisories{};
  evidence::TcbStatus current_qe_status = evidence::TcbStatus::kUpToDate;
  bool revoke_pck_ca = false;
  bool revoke_tcb_signing = false;
};

class SimRoot {
 public:
  // A new root, its PCK platform CA and its TCB signing key, valid from an hour before now for
  // twenty years.
  static SimRoot create(Random& random, UnixMs now_ms);
  static Result<SimRoot> load(std::string_view json);
  std::string save() const;  // JSON with the private keys in it: for the owner's eyes only

  // What a policy names: SHA-256 of the root's SubjectPublicKeyInfo.
  SpkiHash root_spki() const { return root_key_.public_key().spki_hash(); }
  const crypto::Certificate& root_certificate() const { return root_; }

  Result<PlatformKeys> issue_platform(Random& random, const PlatformRequest& request) const;
  // From now on every CRL lists it.
  void revoke(const crypto::Certificate& pck) { revoked_.push_back(pck); }
  // Everything that a verifier needs, freshly signed.
  evidence::Collateral collateral(const CollateralRequest& request) const;

 private:
  SimRoot(crypto::EcKey root_key, crypto::EcKey ca_key, crypto::EcKey tcb_key, crypto::Certificate root,
          crypto::Certificate ca, crypto::Certificate tcb)
      : root_key_(std::move(root_key)),
        ca_key_(std::move(ca_key)),
        tcb_key_(std::move(tcb_key)),
        root_(std::move(root)),
        ca_(std::move(ca)),
        tcb_(std::move(tcb)) {}

  crypto::EcKey root_key_;
  crypto::EcKey ca_key_;
  crypto::EcKey tcb_key_;
  crypto::Certificate root_;
  crypto::Certificate ca_;
  crypto::Certificate tcb_;
  std::vector<crypto::Certificate> revoked_;
};

}  // namespace brume::tee
