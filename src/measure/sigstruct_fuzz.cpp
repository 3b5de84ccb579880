// A SIGSTRUCT cannot be forged from noise: input near a good one is refused unless it is that one.
#include "base/check.h"
#include "measure/sigstruct.h"

using namespace brume;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes good = [] {
    measure::SigstructBody body;
    body.measurement.bytes.fill(7);
    return measure::sign_sigstruct(body, crypto::Rsa3072Key::generate());
  }();
  BRUME_CHECK(!measure::verify_sigstruct({data, size}));
  Bytes changed = good;
  for (std::size_t i = 0; i + 2 < size; i += 3) {
    const std::size_t at = (data[i] | static_cast<std::size_t>(data[i + 1]) << 8) % changed.size();
    changed[at] = data[i + 2];
  }
  BRUME_CHECK(measure::verify_sigstruct(changed).has_value() == (changed == good));
  return 0;
}
