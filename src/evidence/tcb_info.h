// TCB info (Intel PCS API v3 and v4: versions 2 and 3): which security versions of a platform
// family count as current. JSON, signed over the exact bytes of the value of "tcbInfo".
#pragma once

#include <vector>

#include "base/outside.h"
#include "evidence/pck_extension.h"
#include "evidence/tcb_status.h"
#include "evidence/td_report.h"

namespace brume::evidence {

// Real ones have 17 KB; limits leave room for a factor of ten.
inline constexpr std::size_t kTcbInfoSizeLimit = 256u << 10;
inline constexpr std::size_t kTcbLevelsLimit = 256;
inline constexpr std::size_t kAdvisoriesLimit = 256;

struct TcbLevel {
  ByteArray<16> sgx_component_svns{};
  std::uint16_t pce_svn = 0;
  std::optional<ByteArray<16>> tdx_component_svns;
  UnixMs date_ms = 0;
  TcbStatus status = TcbStatus::kRevoked;
  std::vector<std::string> advisories;
};

enum class TcbInfoId { kSgx, kTdx };

// What the TDX module must be: by itself (module version 0) or by version ("TDX_01").
struct TdxModule {
  TdRegister mr_signer;
  ByteArray<8> attributes{};
  ByteArray<8> attributes_mask{};
};

struct TdxModuleLevel {
  std::uint8_t isv_svn = 0;
  UnixMs date_ms = 0;
  TcbStatus status = TcbStatus::kRevoked;
  std::vector<std::string> advisories;
};

struct TdxModuleIdentity {
  std::string id;  // "TDX_" and the version in two hex digits
  TdxModule module;
  std::vector<TdxModuleLevel> levels;  // in descending order, at least one
};

struct TcbInfo {
  TcbInfoId id = TcbInfoId::kSgx;
  std::uint32_t version = 3;
  UnixMs issue_date_ms = 0;
  UnixMs next_update_ms = 0;
  Fmspc fmspc{};
  PceId pce_id{};
  std::uint32_t tcb_type = 0;
  std::uint32_t evaluation_data_number = 0;
  std::vector<TcbLevel> levels;         // in descending order, at least one
  std::optional<TdxModule> tdx_module;  // id TDX only
  std::vector<TdxModuleIdentity> tdx_module_identities;
};

// A document whose signature is still to be checked, with the very bytes that were signed.
struct SignedTcbInfo {
  TcbInfo info_unverified;
  Bytes signed_bytes;
  ByteArray<64> signature{};
};

// {"tcbInfo": {...}, "signature": "hex"}. Refuses unknown versions, statuses and fields, duplicate
// names, missing fields, no levels, and what exceeds a limit.
Result<SignedTcbInfo> parse_tcb_info(std::string_view json);

// The first level whose every SVN is at most the platform's, in descending order; nullptr if none.
const TcbLevel* matching_sgx_level(const TcbInfo& info, const PckExtension& platform);
// The same, and every TDX component at most the TD's; those of the module (0 and 1) only where its version
// is 0, because later modules have levels of their own.
const TcbLevel* matching_tdx_level(const TcbInfo& info, const PckExtension& platform, const TeeTcbSvn& tee_tcb_svn);

// The identity of the module of that version, which is not 0; nullptr if none.
const TdxModuleIdentity* find_module_identity(const TcbInfo& info, std::uint8_t version);
// The first level whose isv_svn is at most the given; nullptr if none.
const TdxModuleLevel* matching_module_level(const TdxModuleIdentity& identity, std::uint8_t isv_svn);

}  // namespace brume::evidence
