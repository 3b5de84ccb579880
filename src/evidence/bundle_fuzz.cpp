// A bundle of version 2 that parses is written back as it was; what it holds goes together without harm.
#include "base/check.h"
#include "evidence/bundle.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  const std::string_view input = as_chars({data, size});
  auto bundle = evidence::parse_bundle(input);
  if (!bundle) return 0;
  const std::string text = evidence::encode_bundle(*bundle);
  if (input.starts_with(evidence::kBundleStart)) BRUME_CHECK(text == input);
  BRUME_CHECK(evidence::encode_bundle(*evidence::parse_bundle(text)) == text);
  (void)evidence::collateral_of(*bundle);
  return 0;
}
