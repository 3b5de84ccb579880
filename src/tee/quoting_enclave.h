// The simulated quoting enclave: turns REPORTs of this platform's enclaves into DCAP quotes
// (version 3, ECDSA P-256), as Intel's does. Its attestation key is fresh with every start of the
// platform, and the PCK key vouches for it by signing the QE's own report.
#pragma once

#include "tee/processor.h"
#include "tee/sim_pki.h"

namespace brume::tee {

class QuotingEnclave {
 public:
  // `processor` must outlive this object.
  QuotingEnclave(PlatformKeys keys, const Processor& processor, Random& random);

  // Whom enclaves address their reports to: TARGETINFO, 512 bytes.
  Bytes target_info() const { return encode_target_info(self_); }
  // report: 432 bytes. Refuses those that this processor did not make for this quoting enclave since
  // it started. Safe from several threads.
  Result<Bytes> quote(ByteView report) const;

 private:
  PlatformKeys keys_;
  const Processor& processor_;
  TargetInfo self_;
  crypto::EcKey attestation_key_;
  ByteArray<32> auth_data_{};
  ByteArray<20> user_data_{};  // first 16: which platform, so that a PCK can be found
  Bytes qe_report_;
  crypto::RawSignature qe_report_signature_{};
};

}  // namespace brume::tee
