// The SGX extension of a PCK certificate, OID 1.2.840.113741.1.13.1 (Intel SGX PCK Certificate and
// CRL Profile Specification, 1.3.5): which platform, of which family, at which security versions.
//
//   SEQUENCE { SEQUENCE { OID .1, PPID OCTET STRING (16) },
//              SEQUENCE { OID .2, SEQUENCE { .2.1 ... .2.16 INTEGER, .2.17 INTEGER, .2.18 OCTET STRING (16) } },
//              SEQUENCE { OID .3, PCEID (2) }, SEQUENCE { OID .4, FMSPC (6) }, SEQUENCE { OID .5, ENUMERATED },
//              platform CA only: SEQUENCE { OID .6, instance id (16) },
//              SEQUENCE { OID .7, SEQUENCE { .7.1 dynamicPlatform, .7.2 cachedKeys, .7.3 SMTEnabled BOOLEAN } } }
#pragma once

#include <optional>
#include <string_view>

#include "base/ids.h"
#include "crypto/x509.h"
#include "evidence/sgx_report.h"

namespace brume::evidence {

inline constexpr std::string_view kPckExtensionOid = "1.2.840.113741.1.13.1";

using Fmspc = ByteArray<6>;
using PceId = ByteArray<2>;

enum class SgxType : std::uint8_t { kStandard = 0, kScalable = 1, kScalableWithIntegrity = 2 };

struct PckConfiguration {
  bool dynamic_platform = false;
  bool cached_keys = false;
  bool smt_enabled = false;
  friend bool operator==(const PckConfiguration&, const PckConfiguration&) = default;
};

struct PckExtension {
  ByteArray<16> ppid{};
  ByteArray<16> component_svns{};  // .2.1 to .2.16: these count in TCB matching, not CPUSVN
  std::uint16_t pce_svn = 0;
  CpuSvn cpu_svn{};
  PceId pce_id{};
  Fmspc fmspc{};
  SgxType sgx_type = SgxType::kStandard;
  std::optional<ByteArray<16>> platform_instance_id;
  std::optional<PckConfiguration> configuration;
  friend bool operator==(const PckExtension&, const PckExtension&) = default;
};

// `der`: the content of extnValue. Elements in the order above; what parses encodes to the same bytes.
Result<PckExtension> parse_pck_extension(ByteView der);
// Of a PCK certificate. Errors: kMalformed, also where it has no such extension.
Result<PckExtension> pck_extension_of(const crypto::Certificate& certificate);
Bytes encode_pck_extension(const PckExtension& extension);

}  // namespace brume::evidence
