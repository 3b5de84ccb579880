// TPM2B_*: u16 size, big-endian, then that many bytes (TPM 2.0 Library, Part 2, 10.4).
#pragma once

#include "base/reader.h"
#include "base/writer.h"

namespace brume::evidence {

// A size over `limit` is a fault.
inline ByteView take_tpm2b(Reader& reader, std::size_t limit) {
  const std::uint16_t size = reader.u16be();
  if (size > limit) {
    reader.fault();
    return {};
  }
  return reader.take(size);
}

inline void put_tpm2b(Writer& writer, ByteView bytes) {
  writer.u16be(static_cast<std::uint16_t>(bytes.size())).raw(bytes);
}

}  // namespace brume::evidence
