// "Evidence" of a node without a TEE: claims, and no more. It exists so that `--tee none` goes
// through the same join; a policy must name it.
//
//   measurement 32 | image digest 32 | signer 32 | report data 64
#pragma once

#include "base/ids.h"

namespace brume::evidence {

struct NoneEvidence {
  Measurement claimed_measurement;
  ImageDigest claimed_image;
  SignerId claimed_signer;
  ReportData report_data;  // binds the claims to the session, but nobody vouches for it
  friend bool operator==(const NoneEvidence&, const NoneEvidence&) = default;
};

Result<NoneEvidence> parse_none_evidence(ByteView bytes);
Bytes encode_none_evidence(const NoneEvidence& evidence);

}  // namespace brume::evidence
