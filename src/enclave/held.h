// What came before its turn, kept until then.
#pragma once

#include <deque>

#include "base/bytes.h"
#include "sealed/stream.h"

namespace brume::enclave {

// Adds whole blocks. Small pieces are joined: however a host cuts what it sends, keeping it costs about its size.
inline void keep(std::deque<Bytes>& held, ByteView blocks) {
  if (!held.empty() && held.back().size() + blocks.size() <= sealed::kSealedBlockLimit) {
    append(held.back(), blocks);
  } else {
    held.push_back(to_bytes(blocks));
  }
}

}  // namespace brume::enclave
