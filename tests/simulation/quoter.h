// The platform of a simulated cluster's hosts: it quotes whatever report it is given, with real signatures under a PKI
// of its own, and the master appraises these quotes in earnest.
#pragma once

#include "abi/frames.h"
#include "appraisal/test_platform.h"

namespace brume::simulation {

class Quoter {
 public:
  Quoter() { verifier_.add_collateral(platform_.issue().collateral()); }

  UnixMs now_ms() const { return platform_.now; }

  // As the processor would: the enclave's identity and what it binds. Nobody here checks the MAC, which is zeros.
  ByteArray<abi::kReportSize> report(const ReportData& report_data) const {
    evidence::ReportBody body = platform_.report;
    body.report_data = report_data;
    ByteArray<abi::kReportSize> out{};
    std::ranges::copy(evidence::encode_report_body(body), out.begin());
    return out;
  }

  Bytes quote(ByteView report) {
    const auto body = evidence::parse_report_body(report.first(evidence::kReportBodySize));
    BRUME_CHECK(body.has_value());
    platform_.report = *body;
    return platform_.quote();
  }

  appraisal::Verdict appraise(ByteView evidence, const appraisal::Expected& expected) {
    return verifier_.appraise(evidence, policy_, expected);
  }

 private:
  appraisal::TestPlatform platform_;
  appraisal::Policy policy_ = platform_.policy();
  appraisal::Verifier verifier_;
};

}  // namespace brume::simulation
