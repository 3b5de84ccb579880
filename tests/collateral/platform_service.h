// What PCS (v4), PCCS and KDS would answer for a platform of our own making, on the same paths. Test data: own
// roots and keys.
#pragma once

#include "appraisal/test_platform.h"
#include "evidence/snp_report.h"
#include "loopback_server.h"

namespace brume::testing {

class PlatformService {
 public:
  // `now_ms`: everything is valid from a day before to a day after, certificates a hundred days.
  explicit PlatformService(UnixMs now_ms);
  // 404 for what it does not have. PCS and PCCS below "/sgx/" and "/tdx/", KDS below "/vcek/" and "/vlek/".
  Answer answer(const Question& question);
  // Everything issued anew: `revoked`: the CRL of the PCK CA lists the PCK certificate.
  void renew(UnixMs now_ms, bool revoked);

  appraisal::TestPlatform platform;
  evidence::SnpChipId chip_id;
  int evaluation_number = 17;

 private:
  std::string tcb_info(bool tdx) const;
  std::string qe_identity(bool tdx) const;
  Answer pcs(const std::string& path, const std::string& query, bool tdx);
  Answer kds(const std::string& path, bool vlek);
  crypto::Certificate amd(const std::string& name, const crypto::EcKey& key, const crypto::Certificate* issuer);

  crypto::EcKey ark_key_ = crypto::EcKey::generate();
  crypto::EcKey ask_key_ = crypto::EcKey::generate();
  crypto::EcKey vcek_key_ = crypto::EcKey::generate();
};

}  // namespace brume::testing
