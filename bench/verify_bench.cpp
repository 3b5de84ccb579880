// Whole verifications a second of one piece of evidence, in processor time of one thread: cold (nothing parsed,
// nothing verified before), and with collateral and chains that were verified before, as a master keeps them.
//   usage: verify_bench EVIDENCE FOLDER UNIX-SECONDS [SECONDS-EACH]     (FOLDER: what vouches for it, as for
//   --collateral)
// Prints "cold N" and "kept N". The same work as `brume evidence verify` without --policy; reading files is not
// counted.
#include <cstdlib>
#include <ctime>
#include <iostream>

#include "appraisal/appraise.h"
#include "cli/evidence_input.h"
#include "cli/evidence_policy.h"
#include "cli/evidence_task.h"
#include "evidence/cmw.h"
#include "evidence/quote.h"
#include "evidence/snp_report.h"

namespace {

using namespace brume;

double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Work {
  evidence::Folder folder;
  Bytes bytes;
  std::string_view type;
  appraisal::Policy policy;
  appraisal::Expected expected;

  // As the tool makes it.
  appraisal::Verifier verifier() const {
    static const cli::Binding kNothingAsked;
    static const std::vector<SpkiHash> kBuiltIn;
    return cli::VerifyTask{folder, kNothingAsked, nullptr, kBuiltIn}.verifier();
  }
  appraisal::Findings run(appraisal::Verifier& verifier) const {
    return verifier.examine(evidence::encode_cmw(type, bytes), policy, expected);
  }
};

Result<Work> read_work(const std::string& file, const std::string& folder, UnixMs at) {
  Work out;
  BRUME_ASSIGN(const auto evidence, cli::read_evidence_file(file));
  BRUME_ASSIGN(const auto files, cli::read_evidence_folder(folder));
  out.folder = evidence::assemble(files, at);
  out.bytes = evidence.what.content;
  out.expected.now_ms = at;
  out.expected.role = cli::kVerifyRole;
  appraisal::Tee tee = appraisal::Tee::kSevSnp;
  out.type = evidence::kTypeSnpReport;
  if (evidence.what.kind == evidence::FileKind::kDcapQuote) {
    BRUME_ASSIGN(const auto quote, evidence::parse_quote(out.bytes));
    const bool tdx = quote.header.tee_type == evidence::TeeType::kTdx;
    tee = tdx ? appraisal::Tee::kTdx : appraisal::Tee::kSgx;
    out.type = tdx ? evidence::kTypeTdxQuote : evidence::kTypeSgxQuote;
    out.expected.report_data = quote.report_data();
  } else {
    BRUME_ASSIGN(const auto report, evidence::parse_snp_report(out.bytes));
    out.expected.report_data = report.report_data;
  }
  out.policy = cli::genuine_policy(tee);
  return out;
}

template <typename Once>
double rate(double seconds, Once once) {
  const double start = cpu_seconds();
  double used = 0;
  std::size_t count = 0;
  do {
    for (int i = 0; i < 10; ++i) once();
    count += 10;
    used = cpu_seconds() - start;
  } while (used < seconds);
  return static_cast<double>(count) / used;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: verify_bench EVIDENCE FOLDER UNIX-SECONDS [SECONDS-EACH]\n";
    return 2;
  }
  const double seconds = argc > 4 ? std::atof(argv[4]) : 2;
  const auto work = read_work(argv[1], argv[2], std::atoll(argv[3]) * 1000);
  if (!work) {
    std::cerr << work.error().what << "\n";
    return 3;
  }
  auto kept = work->verifier();
  for (const auto& refusal : work->run(kept).refusals) std::cerr << "refused: " << refusal.rule << "\n";
  std::cout << "cold "
            << rate(seconds,
                    [&] {
                      auto verifier = work->verifier();
                      (void)work->run(verifier);
                    })
            << "\nkept " << rate(seconds, [&] { (void)work->run(kept); }) << "\n";
  return 0;
}
