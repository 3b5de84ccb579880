// For tests: the certificate table that a host hands its guest (snp_endorsements.h).
#pragma once

#include "base/writer.h"

namespace brume::evidence {

// GUIDs are bytes of one value each.
inline Bytes test_snp_table(const std::vector<Bytes>& blobs) {
  Writer out;
  std::size_t offset = 24 * (blobs.size() + 1);
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    out.raw(Bytes(16, static_cast<std::uint8_t>(0xa0 + i))).u32le(static_cast<std::uint32_t>(offset));
    out.u32le(static_cast<std::uint32_t>(blobs[i].size()));
    offset += blobs[i].size();
  }
  out.zeros(24);
  for (const Bytes& blob : blobs) out.raw(blob);
  return out.take();
}

}  // namespace brume::evidence
