// Verifications a second of one quote on one core, everything included: chain, collateral, quote, policy.
// Cold: nothing is kept. Warm: collateral and chain are kept, as in a master.
#include <benchmark/benchmark.h>

#include "appraisal/test_td_platform.h"
#include "evidence/tcb_info.h"

namespace brume::appraisal {
namespace {

struct Input {
  Bytes evidence;
  evidence::Collateral collateral;
  Policy policy;
  Expected expected;
};

// With TCB info as long as Intel's of today, 17 KB, and a PCK CRL as long: 57 entries.
Input input_of(TestPlatform& platform) {
  platform.issue();
  while (platform.tcb_info_body().size() < 17'000) {
    platform.tcb_levels.push_back({1, "OutOfDate", "TEST-SA-1", {9, 9, 5}});
  }
  platform.pck_revoked_others = 57;
  return {platform.evidence(), platform.collateral(), platform.policy(), platform.expected()};
}

Input sgx_3() {
  TestPlatform platform;
  return input_of(platform);
}

Input tdx_4() {
  TestTdPlatform platform;
  return input_of(platform.version_4());
}

Input tdx_5() {
  TestTdPlatform platform;
  return input_of(platform);
}

void cold(benchmark::State& state, Input (*make)()) {
  const Input input = make();
  for (auto _ : state) {
    auto verdict = appraise(input.evidence, input.collateral, input.policy, input.expected);
    if (!verdict.has_value()) state.SkipWithError("refused");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(cold, sgx_3, sgx_3)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(cold, tdx_4, tdx_4)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(cold, tdx_5, tdx_5)->Unit(benchmark::kMicrosecond);

// Collateral is kept, but every platform is a new one: more of them than a verifier keeps take turns.
template <typename Platform>
void kept_collateral(benchmark::State& state) {
  Platform platform;
  const Input input = input_of(platform);
  std::vector<Bytes> evidence;
  for (int i = 0; i < 300; ++i) {
    platform.reissue_pck();
    evidence.push_back(platform.evidence());
  }
  Verifier verifier;
  verifier.add_collateral(input.collateral);
  std::size_t next = 0;
  for (auto _ : state) {
    auto verdict = verifier.appraise(evidence[next++ % evidence.size()], input.policy, input.expected);
    if (!verdict.has_value()) state.SkipWithError("refused");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(kept_collateral<TestPlatform>)->Unit(benchmark::kMicrosecond);
BENCHMARK(kept_collateral<TestTdPlatform>)->Unit(benchmark::kMicrosecond);

void kept_platform(benchmark::State& state, Input (*make)()) {
  const Input input = make();
  Verifier verifier;
  verifier.add_collateral(input.collateral);
  for (auto _ : state) {
    auto verdict = verifier.appraise(input.evidence, input.policy, input.expected);
    if (!verdict.has_value()) state.SkipWithError("refused");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(kept_platform, sgx_3, sgx_3)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(kept_platform, tdx_5, tdx_5)->Unit(benchmark::kMicrosecond);

void parse_tcb_info_only(benchmark::State& state) {
  const Input input = sgx_3();
  for (auto _ : state) benchmark::DoNotOptimize(evidence::parse_tcb_info(input.collateral.tcb_info));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(input.collateral.tcb_info.size()));
}
BENCHMARK(parse_tcb_info_only)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace brume::appraisal
