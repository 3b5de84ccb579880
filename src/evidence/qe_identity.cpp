#include "evidence/qe_identity.h"

#include <algorithm>

#include "evidence/json_cursor.h"

namespace brume::evidence {
namespace {

constexpr std::size_t kLevelsLimit = 256;
constexpr std::size_t kAdvisoriesLimit = 256;

// Hex text of the bytes as they stand in the report: a little-endian value.
std::uint32_t read_u32le(JsonCursor& json) {
  auto bytes = json.hex<4>();
  std::uint32_t out = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) out = out << 8 | bytes[i];
  return out;
}

std::uint16_t read_u16(JsonCursor& json) { return static_cast<std::uint16_t>(json.number(0xffff)); }

QeTcbLevel read_level(JsonCursor& json) {
  static constexpr std::string_view kNames[] = {"tcb", "tcbDate", "tcbStatus", "advisoryIDs"};
  static constexpr std::string_view kTcbNames[] = {"isvsvn"};
  QeTcbLevel level;
  json.object(kNames, 0b0111, [&](std::size_t name) {
    if (name == 0) json.object(kTcbNames, 1, [&](std::size_t) { level.isv_svn = read_u16(json); });
    if (name == 1) level.date_ms = json.time();
    if (name == 2) {
      auto status = tcb_status_from(json.string());
      if (!status) json.fault("an unknown TCB status");
      level.status = status.value_or(TcbStatus::kRevoked);
    }
    if (name == 3) level.advisories = json.strings(kAdvisoriesLimit);
  });
  return level;
}

QeIdentityId read_id(JsonCursor& json) {
  std::string_view id = json.string();
  if (id == "QE") return QeIdentityId::kQe;
  if (id == "TD_QE") return QeIdentityId::kTdQe;
  if (id != "QVE") json.fault("an unknown id");
  return QeIdentityId::kQve;
}

QeIdentity read_identity(JsonCursor& json) {
  static constexpr std::string_view kNames[] = {
      "id",         "version",        "issueDate",  "nextUpdate",     "tcbEvaluationDataNumber",
      "miscselect", "miscselectMask", "attributes", "attributesMask", "mrsigner",
      "isvprodid",  "tcbLevels"};
  QeIdentity out;
  json.object(kNames, 0xfff, [&](std::size_t name) {
    switch (name) {
      case 0:
        out.id = read_id(json);
        return;
      case 1:
        if (json.number(2) != 2) json.fault("a version that is not 2");
        return;
      case 2:
        out.issue_date_ms = json.time();
        return;
      case 3:
        out.next_update_ms = json.time();
        return;
      case 4:
        out.evaluation_data_number = static_cast<std::uint32_t>(json.number(0xffffffff));
        return;
      case 5:
        out.misc_select = read_u32le(json);
        return;
      case 6:
        out.misc_select_mask = read_u32le(json);
        return;
      case 7:
        out.attributes = json.hex<16>();
        return;
      case 8:
        out.attributes_mask = json.hex<16>();
        return;
      case 9:
        out.mr_signer.bytes = json.hex<32>();
        return;
      case 10:
        out.isv_prod_id = read_u16(json);
        return;
      default:
        json.array(kLevelsLimit, [&](std::size_t) { out.levels.push_back(read_level(json)); });
    }
  });
  if (json.ok() && out.levels.empty()) json.fault("no TCB levels");
  return out;
}

}  // namespace

Result<SignedQeIdentity> parse_qe_identity(std::string_view text) {
  static constexpr std::string_view kNames[] = {"enclaveIdentity", "signature"};
  if (text.size() > kQeIdentitySizeLimit) return fail(ErrorCode::kLimit, "QE identity: longer than 64 KiB");
  SignedQeIdentity out;
  JsonCursor json(text);
  json.object(kNames, 0b11, [&](std::size_t name) {
    if (name == 1) {
      out.signature = json.hex<64>();
      return;
    }
    std::size_t begin = json.value_offset();
    out.identity_unverified = read_identity(json);
    out.signed_bytes = to_bytes(as_bytes(text.substr(begin, json.offset() - begin)));
  });
  BRUME_TRY(json.done("QE identity"));
  // Of two levels with the same SVN the worse status comes first.
  std::ranges::sort(out.identity_unverified.levels, std::ranges::greater{},
                    [](const QeTcbLevel& level) { return std::make_pair(level.isv_svn, level.status); });
  return out;
}

const QeTcbLevel* matching_qe_level(const QeIdentity& identity, std::uint16_t isv_svn) {
  for (const QeTcbLevel& level : identity.levels) {
    if (isv_svn >= level.isv_svn) return &level;
  }
  return nullptr;
}

}  // namespace brume::evidence
