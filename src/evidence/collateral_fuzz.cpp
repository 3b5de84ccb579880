// A bundle that parses encodes to an equal one; the loaders take any bytes without harm.
#include "base/check.h"
#include "evidence/collateral.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  const std::string_view input = as_chars({data, size});
  auto bundle = evidence::parse_collateral(input);
  if (bundle) BRUME_CHECK(*evidence::parse_collateral(evidence::encode_collateral(*bundle)) == *bundle);
  auto crl = evidence::load_crl(input);
  if (crl) BRUME_CHECK(evidence::load_crl(as_chars(crl->der())).has_value());
  auto chain = evidence::load_chain(input);
  if (chain) BRUME_CHECK(chain->size() <= 4);
  return 0;
}
