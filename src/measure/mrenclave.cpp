#include "measure/mrenclave.h"

#include "crypto/hash.h"

namespace brume::measure {
namespace {

constexpr std::size_t kRecordSize = 64;
constexpr std::size_t kExtendSize = 256;
constexpr std::size_t kBatchSize = 64u << 10;  // records are small: hash many at once

// SHA-256 behind a buffer.
class Records {
 public:
  Records() { buffer_.reserve(kBatchSize + kPageSize); }

  void record(std::string_view name, std::uint64_t first, std::uint64_t second) {
    ByteArray<kRecordSize> bytes{};
    std::memcpy(bytes.data(), name.data(), name.size());
    put_le(bytes.data() + 8, first);
    put_le(bytes.data() + 16, second);
    add(bytes);
  }
  void add(ByteView bytes) {
    append(buffer_, bytes);
    if (buffer_.size() >= kBatchSize) flush();
  }
  Measurement finish() {
    flush();
    return {hash_.finish().bytes};
  }

 private:
  static void put_le(std::uint8_t* out, std::uint64_t value) {
    for (int i = 0; i < 8; ++i) out[i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
  void flush() {
    hash_.update(buffer_);
    buffer_.clear();
  }

  crypto::Sha256 hash_;
  Bytes buffer_;
};

void add_page(Records& out, const PageRun& run, std::uint64_t page) {
  static constexpr ByteArray<kPageSize> kZeros{};
  const std::uint64_t offset = run.offset + page * kPageSize;
  out.record("EADD", offset, run.secinfo_flags);
  if (!run.extended) return;
  const ByteView content =
      run.content.empty() ? ByteView(kZeros) : ByteView(run.content).subspan(page * kPageSize, kPageSize);
  for (std::size_t at = 0; at < kPageSize; at += kExtendSize) {
    out.record("EEXTEND", offset + at, 0);
    out.add(content.subspan(at, kExtendSize));
  }
}

}  // namespace

Measurement measure_enclave(const EnclaveLayout& layout) {
  Records out;
  // SSAFRAMESIZE is 32 bits, SIZE follows it directly: u64 at 8 holds both their low words.
  out.record("ECREATE", kSsaFramePages | layout.range.size << 32, layout.range.size >> 32);
  for (const PageRun& run : layout.runs) {
    for (std::uint64_t page = 0; page < run.page_count; ++page) add_page(out, run, page);
  }
  return out.finish();
}

}  // namespace brume::measure
