// Verifications a second of one SEV-SNP report on one core, everything included: certificates, CRL, report, policy.
// Cold: nothing is kept. Warm: endorsements and their chains are kept, as in a master.
#include <benchmark/benchmark.h>

#include "appraisal/test_snp_platform.h"

namespace brume::appraisal {
namespace {

// RSA of 4096 bits, as AMD's.
struct Input {
  TestSnpPlatform platform;
  TestSnpPlatform::TestKey ark = TestSnpPlatform::TestKey::rsa(4096);
  TestSnpPlatform::TestKey ask = TestSnpPlatform::TestKey::rsa(4096);
  Bytes evidence = platform.issue().evidence();
  evidence::SnpEndorsements endorsements = made();
  Policy policy = TestSnpPlatform::policy();
  Expected expected = platform.expected();

  evidence::SnpEndorsements made() {
    platform.ark_key = platform.ark_signer = platform.ask_signer = platform.crl_signer = &ark;
    platform.ask_key = platform.ek_signer = &ask;
    return platform.endorsements();
  }
  Input() { policy.allow.front().roots = {ark.public_key().spki_hash()}; }
};

void appraise_snp_cold(benchmark::State& state) {
  Input input;
  for (auto _ : state) {
    Verifier verifier;
    verifier.add_snp_endorsements(input.endorsements);
    auto verdict = verifier.appraise(input.evidence, input.policy, input.expected);
    if (!verdict.has_value()) state.SkipWithError("refused");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(appraise_snp_cold)->Unit(benchmark::kMicrosecond);

void appraise_snp_with_kept_endorsements(benchmark::State& state) {
  Input input;
  Verifier verifier;
  verifier.add_snp_endorsements(input.endorsements);
  for (auto _ : state) {
    auto verdict = verifier.appraise(input.evidence, input.policy, input.expected);
    if (!verdict.has_value()) state.SkipWithError("refused");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(appraise_snp_with_kept_endorsements)->Unit(benchmark::kMicrosecond);

// The one signature that no cache can save: what is left is everything else.
void verify_report_signature_only(benchmark::State& state) {
  Input input;
  const crypto::PublicKey key = TestSnpPlatform::keys().ek.public_key();
  const ByteView bytes = evidence::snp_signed_part(input.platform.report_bytes);
  const evidence::SnpReport& report = input.platform.report;
  for (auto _ : state) {
    const bool good = key.verify_ecdsa(crypto::HashAlgorithm::kSha384, bytes, report.signature_r, report.signature_s);
    if (!good) state.SkipWithError("refused");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(verify_report_signature_only)->Unit(benchmark::kMicrosecond);

void read_snp_endorsements_only(benchmark::State& state) {
  Input input;
  for (auto _ : state) {
    Verifier verifier;
    verifier.add_snp_endorsements(input.endorsements);
    benchmark::DoNotOptimize(verifier);
  }
}
BENCHMARK(read_snp_endorsements_only)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace brume::appraisal
