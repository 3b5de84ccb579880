// verify_quote QUOTE BUNDLE POLICY REPORT_DATA: is this SGX quote from a peer that the policy admits, and made for me?
#include <appraisal/appraise.h>
#include <evidence/bundle.h>
#include <evidence/cmw.h>

#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>

static std::string file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int main(int argc, char** argv) {
  using namespace brume;
  if (argc != 5) return 2;
  const auto policy = appraisal::parse_policy_toml(file(argv[3]));
  const auto bundle = evidence::parse_bundle(file(argv[2]));
  const auto report_data = ReportData::parse_hex(argv[4]);
  for (const auto& error : {policy ? "" : policy.error().what, bundle ? "" : bundle.error().what}) std::cerr << error;
  if (!policy || !bundle || !report_data) return 3;

  appraisal::Verifier verifier;
  for (auto& collateral : evidence::collateral_of(*bundle)) verifier.add_collateral(std::move(collateral));
  const appraisal::Expected expected{
      .report_data = *report_data, .now_ms = std::time(nullptr) * 1000, .role = "worker"};
  const Bytes evidence = evidence::encode_cmw(evidence::kTypeSgxQuote, as_bytes(file(argv[1])));
  const appraisal::Verdict verdict = verifier.appraise(evidence, *policy, expected);
  if (verdict) std::cout << "accepted, measurement " << verdict->facts().measurement.hex() << "\n";
  if (!verdict) {
    for (const auto& r : verdict.error())
      std::cout << r.rule << ": expected " << r.expected << ", got " << r.got << "\n";
  }
  return verdict ? 0 : 1;
}
