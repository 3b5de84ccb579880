// For tests, benchmarks and fuzzers only: a platform as TestPlatform that runs a TD of version 1.5, on a TDX module of
// version 1. As it stands, its evidence is accepted by its own policy.
#pragma once

#include "appraisal/test_platform.h"

namespace brume::appraisal {

struct TestTdPlatform : TestPlatform {
  TestTdPlatform() {
    header.version = 5;
    header.tee_type = evidence::TeeType::kTdx;
    td = default_td();
    tcb_id = "TDX";
    // Components 0 and 1 are the module's, which counts by its own levels: higher ones here change nothing.
    tcb_levels = {{2, "UpToDate", "", {9, 9, 6}}, {1, "OutOfDate", "TEST-SA-1", {9, 9, 5}}};
    tdx_modules = {{"TDX_03", {{1, "UpToDate", ""}}}, {"TDX_01", {{4, "UpToDate", ""}, {2, "OutOfDate", "TEST-SA-3"}}}};
    qe_id = "TD_QE";
    qe_product = 2;
    qe_report.isv_prod_id = 2;
  }

  static evidence::TdReport default_td() {
    evidence::TdReport out;
    out.tee_tcb_svn = {4, 1, 6};
    out.mr_seam.bytes.fill(0x5e);
    out.td_attributes = evidence::kTdAttributeSeptVeDisable;
    out.xfam = 0xe7;
    out.mr_td.bytes.fill(0xe1);
    std::fill_n(out.mr_config_id.bytes.begin(), 32, 0x1d);
    out.mr_owner.bytes.fill(0x0b);
    out.mr_owner_config.bytes.fill(0x0c);
    for (std::size_t i = 0; i < 3; ++i) out.rtmr[i].bytes.fill(static_cast<std::uint8_t>(0xa0 + i));
    out.report_data.bytes.fill(0xda);
    out.v15 = evidence::TdReport15{out.tee_tcb_svn, {}};
    return out;
  }

  // Both SVNs of the TD: what it was launched on, what it runs on.
  void set_svns(const evidence::TeeTcbSvn& launch, const evidence::TeeTcbSvn& current) {
    td->tee_tcb_svn = launch;
    td->v15->tee_tcb_svn2 = current;
  }
  void set_svns(const evidence::TeeTcbSvn& both) { set_svns(both, both); }

  // As quotes of version 4 have it: without what TDX 1.5 added.
  TestTdPlatform& version_4() {
    header.version = 4;
    td->v15.reset();
    return *this;
  }
};

}  // namespace brume::appraisal
