#include "evidence/tcb_info.h"

#include <algorithm>

#include "evidence/json_cursor.h"

namespace brume::evidence {
namespace {

constexpr std::uint32_t kSvnLimit = 0xff;
constexpr std::uint32_t kPceSvnLimit = 0xffff;
constexpr std::size_t kModulesLimit = 64;

// SVNs as version 3 has them: [{"svn": 1, "category": "...", "type": "..."}, ...].
ByteArray<16> read_components(JsonCursor& json) {
  static constexpr std::string_view kNames[] = {"svn", "category", "type"};
  ByteArray<16> out{};
  std::size_t count = 0;
  json.array(out.size(), [&](std::size_t index) {
    count = index + 1;
    json.object(kNames, 0b001, [&](std::size_t name) {
      if (name == 0) {
        out[index] = static_cast<std::uint8_t>(json.number(kSvnLimit));
      } else {
        json.string();
      }
    });
  });
  if (count != out.size()) json.fault("a level has other than 16 components");
  return out;
}

// Version 2 names each component; version 3 has arrays. Each level has one form only.
void read_level_tcb(JsonCursor& json, std::uint32_t& version_form, TcbLevel& level) {
  static constexpr std::string_view kNames[] = {
      "sgxtcbcomp01svn", "sgxtcbcomp02svn",  "sgxtcbcomp03svn",  "sgxtcbcomp04svn", "sgxtcbcomp05svn",
      "sgxtcbcomp06svn", "sgxtcbcomp07svn",  "sgxtcbcomp08svn",  "sgxtcbcomp09svn", "sgxtcbcomp10svn",
      "sgxtcbcomp11svn", "sgxtcbcomp12svn",  "sgxtcbcomp13svn",  "sgxtcbcomp14svn", "sgxtcbcomp15svn",
      "sgxtcbcomp16svn", "sgxtcbcomponents", "tdxtcbcomponents", "pcesvn"};
  std::uint32_t seen = 0;
  json.object(kNames, 1u << 18, [&](std::size_t name) {
    seen |= 1u << name;
    if (name < 16) {
      level.sgx_component_svns[name] = static_cast<std::uint8_t>(json.number(kSvnLimit));
    } else if (name == 16) {
      level.sgx_component_svns = read_components(json);
    } else if (name == 17) {
      level.tdx_component_svns = read_components(json);
    } else {
      level.pce_svn = static_cast<std::uint16_t>(json.number(kPceSvnLimit));
    }
  });
  std::uint32_t components = seen & 0x3ffff;
  bool version_2 = components == 0xffff;
  bool version_3 = components == 0x10000 || components == 0x30000;
  if (!version_2 && !version_3) return json.fault("a level's components are not all there");
  std::uint32_t form = version_2 ? 2 : 3;
  if (version_form != 0 && version_form != form) return json.fault("levels of different versions");
  version_form = form;
}

TcbStatus read_status(JsonCursor& json) {
  auto status = tcb_status_from(json.string());
  if (!status) json.fault("an unknown TCB status");
  return status.value_or(TcbStatus::kRevoked);
}

TcbLevel read_level(JsonCursor& json, std::uint32_t& version_form) {
  static constexpr std::string_view kNames[] = {"tcb", "tcbDate", "tcbStatus", "advisoryIDs"};
  TcbLevel level;
  json.object(kNames, 0b0111, [&](std::size_t name) {
    if (name == 0) read_level_tcb(json, version_form, level);
    if (name == 1) level.date_ms = json.time();
    if (name == 2) level.status = read_status(json);
    if (name == 3) level.advisories = json.strings(kAdvisoriesLimit);
  });
  return level;
}

// A module has no configuration and needs no software: the three that are left.
TcbStatus read_module_status(JsonCursor& json) {
  TcbStatus status = read_status(json);
  const bool known = status == TcbStatus::kUpToDate || status == TcbStatus::kOutOfDate || status == TcbStatus::kRevoked;
  if (!known) json.fault("a TCB status that a TDX module cannot have");
  return status;
}

TdxModule read_module(JsonCursor& json) {
  static constexpr std::string_view kNames[] = {"mrsigner", "attributes", "attributesMask"};
  TdxModule module;
  json.object(kNames, 0b111, [&](std::size_t name) {
    if (name == 0) module.mr_signer.bytes = json.hex<48>();
    if (name == 1) module.attributes = json.hex<8>();
    if (name == 2) module.attributes_mask = json.hex<8>();
  });
  return module;
}

TdxModuleLevel read_module_level(JsonCursor& json) {
  static constexpr std::string_view kNames[] = {"tcb", "tcbDate", "tcbStatus", "advisoryIDs"};
  static constexpr std::string_view kTcbNames[] = {"isvsvn"};
  TdxModuleLevel level;
  json.object(kNames, 0b0111, [&](std::size_t name) {
    if (name == 0) {
      json.object(kTcbNames, 1,
                  [&](std::size_t) { level.isv_svn = static_cast<std::uint8_t>(json.number(kSvnLimit)); });
    }
    if (name == 1) level.date_ms = json.time();
    if (name == 2) level.status = read_module_status(json);
    if (name == 3) level.advisories = json.strings(kAdvisoriesLimit);
  });
  return level;
}

TdxModuleIdentity read_module_identity(JsonCursor& json) {
  static constexpr std::string_view kNames[] = {"id", "mrsigner", "attributes", "attributesMask", "tcbLevels"};
  TdxModuleIdentity identity;
  json.object(kNames, 0b11111, [&](std::size_t name) {
    if (name == 0) identity.id = std::string(json.string());
    if (name == 1) identity.module.mr_signer.bytes = json.hex<48>();
    if (name == 2) identity.module.attributes = json.hex<8>();
    if (name == 3) identity.module.attributes_mask = json.hex<8>();
    if (name == 4) {
      json.array(kTcbLevelsLimit, [&](std::size_t) { identity.levels.push_back(read_module_level(json)); });
    }
  });
  if (json.ok() && identity.levels.empty()) json.fault("a TDX module without TCB levels");
  // Of two levels with the same SVN the worse status comes first.
  std::ranges::sort(identity.levels, std::ranges::greater{},
                    [](const TdxModuleLevel& level) { return std::make_pair(level.isv_svn, level.status); });
  return identity;
}

void check_form(JsonCursor& json, const TcbInfo& info, std::uint32_t version_form, bool has_id) {
  if (!json.ok()) return;
  if (info.levels.empty()) return json.fault("no TCB levels");
  if (info.version != version_form) return json.fault("levels are of another version than the document");
  if ((info.version == 3) != has_id) return json.fault("an id belongs to version 3 and only there");
  bool tdx = info.id == TcbInfoId::kTdx;
  for (const TcbLevel& level : info.levels) {
    if (level.tdx_component_svns.has_value() != tdx) return json.fault("TDX components do not fit the id");
  }
  if (tdx != info.tdx_module.has_value()) return json.fault("tdxModule does not fit the id");
  if (!tdx && !info.tdx_module_identities.empty()) return json.fault("tdxModuleIdentities do not fit the id");
}

TcbInfo read_tcb_info(JsonCursor& json) {
  static constexpr std::string_view kNames[] = {"id",
                                                "version",
                                                "issueDate",
                                                "nextUpdate",
                                                "fmspc",
                                                "pceId",
                                                "tcbType",
                                                "tcbEvaluationDataNumber",
                                                "tcbLevels",
                                                "tdxModule",
                                                "tdxModuleIdentities"};
  TcbInfo info;
  std::uint32_t version_form = 0;
  bool has_id = false;
  auto read_id = [&] {
    std::string_view id = json.string();
    has_id = true;
    info.id = id == "TDX" ? TcbInfoId::kTdx : TcbInfoId::kSgx;
    if (id != "SGX" && id != "TDX") json.fault("an unknown id");
  };
  json.object(kNames, 0b00111111110, [&](std::size_t name) {
    switch (name) {
      case 0:
        return read_id();
      case 1:
        info.version = static_cast<std::uint32_t>(json.number(3));
        return;
      case 2:
        info.issue_date_ms = json.time();
        return;
      case 3:
        info.next_update_ms = json.time();
        return;
      case 4:
        info.fmspc = json.hex<6>();
        return;
      case 5:
        info.pce_id = json.hex<2>();
        return;
      case 6:
        info.tcb_type = static_cast<std::uint32_t>(json.number(0));
        return;
      case 7:
        info.evaluation_data_number = static_cast<std::uint32_t>(json.number(0xffffffff));
        return;
      case 8:
        json.array(kTcbLevelsLimit, [&](std::size_t) { info.levels.push_back(read_level(json, version_form)); });
        return;
      case 9:
        info.tdx_module = read_module(json);
        return;
      default:
        json.array(kModulesLimit,
                   [&](std::size_t) { info.tdx_module_identities.push_back(read_module_identity(json)); });
    }
  });
  check_form(json, info, version_form, has_id);
  return info;
}

// Of two levels with the same SVNs the worse status comes first.
auto rank(const TcbLevel& level) {
  return std::make_tuple(level.sgx_component_svns, level.pce_svn, level.tdx_component_svns.value_or(ByteArray<16>{}),
                         level.status);
}

}  // namespace

Result<SignedTcbInfo> parse_tcb_info(std::string_view text) {
  static constexpr std::string_view kNames[] = {"tcbInfo", "signature"};
  if (text.size() > kTcbInfoSizeLimit) return fail(ErrorCode::kLimit, "TCB info: longer than 256 KiB");
  SignedTcbInfo out;
  JsonCursor json(text);
  json.object(kNames, 0b11, [&](std::size_t name) {
    if (name == 1) {
      out.signature = json.hex<64>();
      return;
    }
    std::size_t begin = json.value_offset();
    out.info_unverified = read_tcb_info(json);
    out.signed_bytes = to_bytes(as_bytes(text.substr(begin, json.offset() - begin)));
  });
  BRUME_TRY(json.done("TCB info"));
  // Intel publishes descending order; its own library sorts anyway, and so do we.
  std::ranges::sort(out.info_unverified.levels, [](const TcbLevel& a, const TcbLevel& b) { return rank(a) > rank(b); });
  return out;
}

}  // namespace brume::evidence
