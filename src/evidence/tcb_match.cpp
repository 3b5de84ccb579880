// Which level of TCB info a platform has reached (Intel PCS API v4, "Get TCB Info"; Intel QVL, EvaluateTcb).
#include <algorithm>

#include "evidence/tcb_info.h"

namespace brume::evidence {
namespace {

bool all_at_least(const ByteArray<16>& have, const ByteArray<16>& need, std::size_t first = 0) {
  for (std::size_t i = first; i < need.size(); ++i) {
    if (have[i] < need[i]) return false;
  }
  return true;
}

bool platform_at_least(const PckExtension& platform, const TcbLevel& level) {
  return platform.pce_svn >= level.pce_svn && all_at_least(platform.component_svns, level.sgx_component_svns);
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

const TcbLevel* matching_sgx_level(const TcbInfo& info, const PckExtension& platform) {
  for (const TcbLevel& level : info.levels) {
    if (platform_at_least(platform, level)) return &level;
  }
  return nullptr;
}

const TcbLevel* matching_tdx_level(const TcbInfo& info, const PckExtension& platform, const TeeTcbSvn& tee_tcb_svn) {
  const std::size_t first = tdx_module_version(tee_tcb_svn) > 0 ? 2 : 0;
  for (const TcbLevel& level : info.levels) {
    if (platform_at_least(platform, level) && level.tdx_component_svns &&
        all_at_least(tee_tcb_svn, *level.tdx_component_svns, first)) {
      return &level;
    }
  }
  return nullptr;
}

const TdxModuleIdentity* find_module_identity(const TcbInfo& info, std::uint8_t version) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const std::string id = {'T', 'D', 'X', '_', kDigits[version >> 4], kDigits[version & 0xf]};
  for (const TdxModuleIdentity& identity : info.tdx_module_identities) {
    if (std::ranges::equal(identity.id, id, {}, upper)) return &identity;
  }
  return nullptr;
}

const TdxModuleLevel* matching_module_level(const TdxModuleIdentity& identity, std::uint8_t isv_svn) {
  for (const TdxModuleLevel& level : identity.levels) {
    if (isv_svn >= level.isv_svn) return &level;
  }
  return nullptr;
}

}  // namespace brume::evidence
