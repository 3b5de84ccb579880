// Intel's Provisioning Certification Service (API v4) and the caching service PCCS, which answers the same
// paths: which addresses to ask for a platform family's collateral, and what an answer must be.
// Intel SGX and TDX Provisioning Certification Service API documentation, v4.
#pragma once

#include "collateral/fetcher.h"
#include "evidence/bundle.h"
#include "evidence/pck_extension.h"

namespace brume::collateral {

inline constexpr const char* kIntelPcs = "https://api.trustedservices.intel.com";
// Where Intel's root certificate says that its CRL is; a PCCS has it as "rootcacrl" as well.
inline constexpr const char* kIntelRootCrl = "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der";

enum class PckCa { kProcessor, kPlatform };
enum class Technology { kSgx, kTdx };

// Which of the TCB evaluations that live side by side.
struct TcbUpdate {
  bool early = false;
  std::optional<std::uint32_t> evaluation_number{};  // goes before `early`
};

struct PcsOptions {
  std::string base_url = kIntelPcs;
  std::string root_crl_url{};  // empty: Intel's for Intel's own service, else "rootcacrl" of the base
  std::string api_key{};       // for pckcert of the PCS: Ocp-Apim-Subscription-Key
  TcbUpdate update{};
};

// The PCK certificate of a platform whose quotes do not carry it (certification types 1 to 3).
struct PckCertificateRequest {
  Bytes encrypted_ppid;  // 384 bytes
  ByteArray<16> cpu_svn{};
  std::uint16_t pce_svn = 0;
  evidence::PceId pce_id{};
  ByteArray<16> qe_id{};  // asked for by a PCCS
};

Resource root_crl_resource(const PcsOptions& options);
Resource pck_crl_resource(const PcsOptions& options, PckCa ca);
// Checked: the technology and FMSPC are those that were asked for; with an evaluation number, that number.
Resource tcb_info_resource(const PcsOptions& options, Technology technology, const evidence::Fmspc& fmspc);
Resource qe_identity_resource(const PcsOptions& options, Technology technology);
Resource pck_certificate_resource(const PcsOptions& options, const PckCertificateRequest& request);

}  // namespace brume::collateral
