// Whatever form PCR values come in, each fits its bank and none comes twice; in order, they come back.
#include "base/check.h"
#include "evidence/pcr_values.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  using namespace brume::evidence;
  auto values = read_pcr_values(ByteView(data, size));
  if (!values) return 0;
  BRUME_CHECK(values->size() <= kPcrValuesLimit);
  std::vector<PcrSelection> selections;
  for (const PcrValue& value : *values) {
    BRUME_CHECK(value.index < kPcrCount && value.value.size() == tpm_digest_size(value.bank));
    BRUME_CHECK(find_pcr(*values, value.bank, value.index) == &value);
    selections.push_back({value.bank, 3, 1u << value.index});
  }
  auto joined = concatenate_pcrs(selections, *values);
  BRUME_CHECK(joined.has_value());
  auto again = pcr_values_in_order(selections, *joined);
  BRUME_CHECK(again.has_value() && *again == *values);
  return 0;
}
