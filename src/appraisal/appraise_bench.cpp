// Verifications a second of one SGX quote on one core, everything included: chain, collateral, quote,
// policy. Cold: nothing is kept. Warm: collateral and chain are kept, as in a master.
#include <benchmark/benchmark.h>

#include "appraisal/test_platform.h"
#include "evidence/tcb_info.h"

namespace brume::appraisal {
namespace {

struct Input {
  TestPlatform platform;
  Bytes evidence = platform.issue().evidence();
  evidence::Collateral collateral = grown();
  Policy policy = platform.policy();
  Expected expected = platform.expected();

  // As long as Intel's TCB info of today: 17 KB.
  evidence::Collateral grown() {
    while (platform.tcb_info_body().size() < 17'000) platform.tcb_levels.push_back({1, "OutOfDate", "TEST-SA-1"});
    return platform.collateral();
  }
};

void appraise_cold(benchmark::State& state) {
  Input input;
  for (auto _ : state) {
    auto verdict = appraise(input.evidence, input.collateral, input.policy, input.expected);
    if (!verdict.has_value()) state.SkipWithError("refused");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(appraise_cold)->Unit(benchmark::kMicrosecond);

void appraise_with_kept_collateral(benchmark::State& state) {
  Input input;
  Verifier verifier;
  verifier.add_collateral(input.collateral);
  for (auto _ : state) {
    auto verdict = verifier.appraise(input.evidence, input.policy, input.expected);
    if (!verdict.has_value()) state.SkipWithError("refused");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(appraise_with_kept_collateral)->Unit(benchmark::kMicrosecond);

void parse_tcb_info_only(benchmark::State& state) {
  Input input;
  for (auto _ : state) benchmark::DoNotOptimize(evidence::parse_tcb_info(input.collateral.tcb_info));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(input.collateral.tcb_info.size()));
}
BENCHMARK(parse_tcb_info_only)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace brume::appraisal
