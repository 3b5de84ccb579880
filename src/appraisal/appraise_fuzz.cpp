// Evidence that is not what the platform made is never admitted. The input edits good evidence: three
// bytes an edit, place and value; what is left unchanged is admitted. PEM text has forms that mean
// the same, so edits stay before it.
#include "appraisal/test_platform.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  static appraisal::TestPlatform platform;
  static const Bytes good = platform.issue().evidence();
  static const appraisal::Policy policy = platform.policy();
  static appraisal::Verifier verifier = [] {
    appraisal::Verifier out;
    out.add_collateral(platform.collateral());
    return out;
  }();
  const std::size_t editable = good.size() - platform.pck_chain().size();
  Bytes edited = good;
  for (std::size_t i = 0; i + 3 <= size; i += 3) {
    edited[(data[i] | static_cast<std::size_t>(data[i + 1]) << 8) % editable] = data[i + 2];
  }
  auto verdict = verifier.appraise(edited, policy, platform.expected());
  BRUME_CHECK(verdict.has_value() == (edited == good));
  return 0;
}
