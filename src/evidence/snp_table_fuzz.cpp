// What parses as a certificate table lies within it: never more bytes come out of an entry than went in.
#include "base/check.h"
#include "evidence/snp_endorsements.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const brume::ByteView input(data, size);
  const auto blobs = brume::evidence::parse_snp_table(input);
  if (blobs) {
    BRUME_CHECK(blobs->size() <= brume::evidence::kSnpEndorsementCountLimit);
    for (const brume::Bytes& blob : *blobs) BRUME_CHECK(blob.size() + 48 <= size);
  }
  BRUME_CHECK(blobs.has_value() || !brume::evidence::looks_like_snp_table(input));
  static_cast<void>(brume::evidence::load_snp_certificates(brume::as_chars(input)).has_value());
  return 0;
}
