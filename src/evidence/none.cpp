#include "evidence/none.h"

#include "base/reader.h"
#include "base/writer.h"

namespace brume::evidence {

Result<NoneEvidence> parse_none_evidence(ByteView bytes) {
  Reader reader(bytes);
  NoneEvidence out;
  out.claimed_measurement.bytes = reader.array<32>();
  out.claimed_image.bytes = reader.array<32>();
  out.claimed_signer.bytes = reader.array<32>();
  out.report_data.bytes = reader.array<64>();
  BRUME_TRY(reader.done("evidence of tee none"));
  return out;
}

Bytes encode_none_evidence(const NoneEvidence& evidence) {
  Writer out;
  out.raw(evidence.claimed_measurement.bytes).raw(evidence.claimed_image.bytes).raw(evidence.claimed_signer.bytes);
  out.raw(evidence.report_data.bytes);
  return out.take();
}

}  // namespace brume::evidence
