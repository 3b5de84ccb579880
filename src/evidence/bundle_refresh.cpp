// Which of two bundles has the later word.
#include <algorithm>

#include "base/writer.h"
#include "evidence/bundle.h"
#include "evidence/qe_identity.h"
#include "evidence/tcb_info.h"

namespace brume::evidence {
namespace {

Bytes root_subject(const Part& part) {
  auto chain = load_chain(part.issuer_chain);
  return chain && !chain->empty() ? chain->back().subject_der() : Bytes();
}

PartStamp stamp(const Part& part, ByteView subject, std::uint32_t evaluation_number, UnixMs issued_ms) {
  Writer writer;
  writer.u8(static_cast<std::uint8_t>(part.kind)).sized(root_subject(part)).sized(subject);
  return {writer.take(), evaluation_number, issued_ms};
}

std::optional<PartStamp> crl_stamp(const Part& part) {
  auto crl = load_crl(part.data);
  if (!crl) return std::nullopt;
  return stamp(part, crl->issuer_der(), 0, crl->this_update());
}

std::optional<PartStamp> tcb_info_stamp(const Part& part) {
  auto parsed = parse_tcb_info(part.data);
  if (!parsed) return std::nullopt;
  const TcbInfo& info = parsed->info_unverified;
  Writer writer;
  writer.u8(info.id == TcbInfoId::kTdx ? 1 : 0).raw(info.fmspc).raw(info.pce_id);
  return stamp(part, writer.bytes(), info.evaluation_data_number, info.issue_date_ms);
}

std::optional<PartStamp> qe_identity_stamp(const Part& part) {
  auto parsed = parse_qe_identity(part.data);
  if (!parsed) return std::nullopt;
  const QeIdentity& identity = parsed->identity_unverified;
  const Bytes id = {static_cast<std::uint8_t>(identity.id)};
  return stamp(part, id, identity.evaluation_data_number, identity.issue_date_ms);
}

auto age(const PartStamp& stamp) { return std::pair(stamp.evaluation_number, stamp.issued_ms); }

}  // namespace

std::optional<PartStamp> part_stamp(const Part& part) {
  switch (part.kind) {
    case PartKind::kSgxRootCrl:
    case PartKind::kPckCrl:
    case PartKind::kSnpCrl:
    case PartKind::kTpmCrl:
      return crl_stamp(part);
    case PartKind::kTcbInfo:
      return tcb_info_stamp(part);
    case PartKind::kQeIdentity:
      return qe_identity_stamp(part);
    default:
      return std::nullopt;
  }
}

Bundle refreshed(const Bundle& known, Bundle next) {
  std::vector<std::optional<PartStamp>> stamps;
  stamps.reserve(known.parts.size());
  for (const Part& part : known.parts) stamps.push_back(part_stamp(part));
  for (Part& part : next.parts) {
    auto best = part_stamp(part);
    if (!best) continue;
    for (std::size_t i = 0; i < stamps.size(); ++i) {
      if (!stamps[i] || stamps[i]->subject != best->subject || age(*stamps[i]) <= age(*best)) continue;
      best = stamps[i];
      part = known.parts[i];
    }
  }
  return next;
}

}  // namespace brume::evidence
