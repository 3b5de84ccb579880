// What parses as a header encodes to the same bytes; asking with less never gives another answer.
#include "base/check.h"
#include "sealed/age.h"

using namespace brume;
using namespace brume::sealed;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView input(data, size);
  static const AgeIdentity identity(crypto::Key32{});
  auto header = AgeHeader::parse(input);
  if (header && *header) {
    Bytes again = encode_age_stanzas((*header)->stanzas());
    const Bytes& bytes = (*header)->bytes();
    BRUME_CHECK(bytes.size() == again.size() + 1 + 43 + 1 + kAgeNonceSize);
    BRUME_CHECK(equal(ByteView(bytes).first(again.size()), again));
    BRUME_CHECK(equal(bytes, input.first(bytes.size())));
    auto shorter = AgeHeader::parse(input.first(bytes.size() - 1));
    BRUME_CHECK(shorter && !*shorter);
    static_cast<void>((*header)->open({&identity, 1}));
  }
  AgeReader reader(identity);
  Bytes out;
  for (std::size_t at = 0; at < size; at += 97) {
    if (!reader.push(input.subspan(at, std::min<std::size_t>(97, size - at)), out)) break;
  }
  BRUME_CHECK(!reader.finish(out) || !out.empty() || size > 0);
  return 0;
}
