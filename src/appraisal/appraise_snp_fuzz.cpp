// Evidence that is not what the platform made is never admitted. The input edits a good report: three bytes an edit,
// place and value; what is left unchanged is admitted.
#include "appraisal/test_snp_platform.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace brume;
  using P = appraisal::TestSnpPlatform;
  static P platform;
  static const Bytes good = platform.issue().evidence();
  static const appraisal::Policy policy = P::policy();
  static appraisal::Verifier verifier = [] {
    appraisal::Verifier out;
    out.add_snp_endorsements(platform.endorsements());
    return out;
  }();
  Bytes edited = good;
  for (std::size_t i = 0; i + 3 <= size; i += 3) {
    edited[(data[i] | static_cast<std::size_t>(data[i + 1]) << 8) % good.size()] = data[i + 2];
  }
  auto verdict = verifier.appraise(edited, policy, platform.expected());
  BRUME_CHECK(verdict.has_value() == (edited == good));
  return 0;
}
