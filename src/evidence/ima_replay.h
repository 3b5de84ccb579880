// What an IMA list makes of its PCR.
#pragma once

#include "evidence/ima_log.h"

namespace brume::evidence {

// What kernels extend into banks other than SHA-1: since 5.8 the bank's own hash of the template data, before the
// SHA-1 padded with zeros (security/integrity/ima/ima_queue.c, ima_pcr_extend).
enum class ImaStyle { kOwnHash, kPaddedSha1 };

// Index of the first entry that is not what its template digest says; nothing if all are.
std::optional<std::size_t> first_ima_misfit(const ImaLog& log);

// Feeds one entry after the other. Entries of other PCRs do not count.
class ImaReplay {
 public:
  // The bank's hash must be one that can be computed.
  ImaReplay(TpmAlgorithm bank, ImaStyle style, std::uint32_t pcr = kImaPcr);
  void extend(const ImaEntry& entry);
  const Bytes& value() const { return value_; }

 private:
  Bytes extended_bytes(const ImaEntry& entry) const;

  crypto::HashAlgorithm hash_;
  ImaStyle style_;
  std::uint32_t pcr_;
  Bytes value_;
};

struct ImaMatch {
  std::size_t count = 0;  // so many entries give the value; what comes after is not covered by it
  ImaStyle style = ImaStyle::kOwnHash;
};
// The longest prefix of at least `least` entries that gives `value`; nothing if none does. A list may be ahead of a
// quote that was made earlier. Refuses nothing: an entry whose template digest does not fit simply does not replay
// in banks of another hash.
std::optional<ImaMatch> match_ima_prefix(const ImaLog& log, TpmAlgorithm bank, ByteView value, std::size_t least = 0);

// The whole list's value.
Bytes replay_ima(const ImaLog& log, TpmAlgorithm bank, ImaStyle style);

}  // namespace brume::evidence
