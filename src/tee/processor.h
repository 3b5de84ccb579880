// The simulated processor's instructions for attestation and sealing: EREPORT and EGETKEY with the
// structures and key dependencies of the Intel SDM (vol. 3D, chapters 38 and 40). Pure: everything
// follows from the fuse secret, the enclave's SECS and the request.
//
// The simulator's own definitions: keys come by HKDF-SHA-256 instead of AES-CMAC over fuses, and
// byte i of an enclave's CPUSVN is 1 where protection i of this host holds for it.
#pragma once

#include "base/outside.h"
#include "crypto/secret.h"
#include "evidence/protections.h"
#include "evidence/sgx_report.h"
#include "measure/sigstruct.h"

namespace brume::tee {

using Key16 = crypto::Secret<16>;

// What the processor knows of an enclave after EINIT (SECS). As in real SGX, the report repeats it.
struct Secs {
  evidence::CpuSvn cpu_svn{};
  std::uint32_t misc_select = 0;
  measure::Attributes attributes;
  Measurement measurement;
  SignerId signer;
  ByteArray<64> config_id{};
  std::uint16_t config_svn = 0;
  std::uint16_t isv_prod_id = 0;
  std::uint16_t isv_svn = 0;
  ByteArray<16> isv_ext_prod_id{};
  ByteArray<16> isv_family_id{};
};

// TARGETINFO, 512 bytes: measurement 32 | attributes 16 | CET 1 | 0 | config svn 2 | misc select 4 |
// zeros 8 | config id 64 | zeros 384.
struct TargetInfo {
  Measurement measurement;
  measure::Attributes attributes;
  std::uint16_t config_svn = 0;
  std::uint32_t misc_select = 0;
  ByteArray<64> config_id{};
  friend bool operator==(const TargetInfo&, const TargetInfo&) = default;
};
Result<TargetInfo> parse_target_info(ByteView bytes);
Bytes encode_target_info(const TargetInfo& target);
// How others address reports to the enclave of that SECS.
TargetInfo target_info_of(const Secs& secs);

enum class KeyName : std::uint16_t { kReport = 3, kSeal = 4 };
inline constexpr std::uint16_t kPolicyMrEnclave = 1;
inline constexpr std::uint16_t kPolicyMrSigner = 2;
inline constexpr std::uint16_t kPolicyNoProductId = 4;
inline constexpr std::uint16_t kPolicyConfigId = 8;
inline constexpr std::uint16_t kPolicyFamilyId = 16;
inline constexpr std::uint16_t kPolicyExtProductId = 32;

// KEYREQUEST, 512 bytes: name 2 | policy 2 | isv svn 2 | zeros 2 | cpu svn 16 | attribute mask 16 |
// key id 32 | misc mask 4 | config svn 2 | zeros 434.
struct KeyRequest {
  std::uint16_t name = 0;  // KeyName; others are refused with kInvalidKeyName
  std::uint16_t policy = 0;
  std::uint16_t isv_svn = 0;
  evidence::CpuSvn cpu_svn{};
  measure::Attributes attribute_mask;
  ByteArray<32> key_id{};
  std::uint32_t misc_mask = 0;
  std::uint16_t config_svn = 0;
  friend bool operator==(const KeyRequest&, const KeyRequest&) = default;
};
Result<KeyRequest> parse_key_request(ByteView bytes);
Bytes encode_key_request(const KeyRequest& request);

// EGETKEY's error codes (SDM vol. 3D, table 40-59), and 0.
enum class KeyError : std::uint32_t {
  kNone = 0,
  kInvalidAttribute = 2,
  kInvalidCpuSvn = 32,
  kInvalidIsvSvn = 64,
  kInvalidKeyName = 256,
};

class Processor {
 public:
  // fuse_secret: this platform's and nobody else's. The random source gives the key id of this
  // boot, which makes reports of earlier boots unverifiable.
  Processor(const crypto::Key32& fuse_secret, Random& random);

  evidence::Report ereport(const Secs& secs, const TargetInfo& target, const ReportData& report_data) const;
  // The target's side: whether this processor made the report, for the enclave of that target info.
  [[nodiscard]] bool verify_report(const TargetInfo& own, const evidence::Report& report) const;
  std::expected<Key16, KeyError> egetkey(const Secs& secs, const KeyRequest& request) const;

 private:
  Key16 report_key(const TargetInfo& target, const ByteArray<32>& key_id) const;
  Key16 seal_key(const Secs& secs, const KeyRequest& request) const;

  crypto::Key32 fuse_secret_;
  ByteArray<32> boot_key_id_;
};

}  // namespace brume::tee
