#include "evidence/ima_replay.h"

#include "base/check.h"
#include "evidence/event_replay.h"
#include "evidence/ima_fields.h"

namespace brume::evidence {
namespace {

crypto::HashAlgorithm computable(TpmAlgorithm bank) {
  const auto hash = tpm_crypto_hash(bank);
  BRUME_CHECK(hash.has_value());
  return *hash;
}

std::optional<std::size_t> longest_prefix(const ImaLog& log, ImaReplay replay, ByteView value, std::size_t least) {
  std::optional<std::size_t> out;
  if (least == 0 && equal(replay.value(), value)) out = 0;
  for (std::size_t i = 0; i < log.entries.size(); ++i) {
    replay.extend(log.entries[i]);
    if (i + 1 >= least && equal(replay.value(), value)) out = i + 1;
  }
  return out;
}

}  // namespace

std::optional<std::size_t> first_ima_misfit(const ImaLog& log) {
  for (std::size_t i = 0; i < log.entries.size(); ++i) {
    if (!ima_template_digest_fits(log.entries[i])) return i;
  }
  return std::nullopt;
}

ImaReplay::ImaReplay(TpmAlgorithm bank, ImaStyle style, std::uint32_t pcr)
    : hash_(computable(bank)), style_(style), pcr_(pcr), value_(crypto::hash_size(hash_)) {}

Bytes ImaReplay::extended_bytes(const ImaEntry& entry) const {
  if (entry.violation()) return Bytes(value_.size(), 0xff);  // ima_queue.c, ima_add_template_entry
  if (entry.template_digest.size() == value_.size()) return entry.template_digest;
  if (style_ == ImaStyle::kOwnHash) return crypto::hash(hash_, ima_hashed_bytes(entry));
  Bytes out = entry.template_digest;
  out.resize(value_.size());
  return out;
}

void ImaReplay::extend(const ImaEntry& entry) {
  if (entry.pcr == pcr_) value_ = extend_pcr(hash_, value_, extended_bytes(entry));
}

std::optional<ImaMatch> match_ima_prefix(const ImaLog& log, TpmAlgorithm bank, ByteView value, std::size_t least) {
  for (const ImaStyle style : {ImaStyle::kOwnHash, ImaStyle::kPaddedSha1}) {
    if (const auto count = longest_prefix(log, ImaReplay(bank, style), value, least)) return ImaMatch{*count, style};
    if (bank == TpmAlgorithm::kSha1) break;  // there it is one and the same
  }
  return std::nullopt;
}

Bytes replay_ima(const ImaLog& log, TpmAlgorithm bank, ImaStyle style) {
  ImaReplay replay(bank, style);
  for (const ImaEntry& entry : log.entries) replay.extend(entry);
  return replay.value();
}

}  // namespace brume::evidence
