#include "cli/fetch_for.h"

#include <algorithm>

#include "cli/evidence_input.h"
#include "evidence/pck_extension.h"
#include "evidence/quote.h"
#include "evidence/snp_report.h"

namespace brume::cli {
namespace {

using collateral::PckCa;

constexpr std::size_t kPckChainLimit = 3;

// Intel SGX PCK Certificate and CRL Profile, 1.3.4: the issuer's name says which CA, and so which list.
Status plan_for_quote(ByteView bytes, collateral::Plan& plan) {
  BRUME_ASSIGN(const auto quote, evidence::parse_quote(bytes));
  if (quote.auth.certification_type != evidence::CertificationType::kPckChain) {
    return fail(ErrorCode::kUsage, "the quote holds no PCK certificate: name its platform's --fmspc");
  }
  const auto chain = as_chars(quote.auth.certification_data);
  BRUME_ASSIGN(const auto certificates, crypto::Certificate::chain_from_pem(chain, kPckChainLimit));
  if (certificates.empty()) return malformed("PCK chain: empty");
  BRUME_ASSIGN(const auto platform, evidence::pck_extension_of(certificates.front()));
  const bool tdx = quote.header.tee_type == evidence::TeeType::kTdx;
  plan.families.push_back({platform.fmspc, !tdx, tdx});
  const Bytes issuer = certificates.front().issuer_der();
  const bool by_processor_ca = as_chars(issuer).find("Processor CA") != std::string_view::npos;
  const PckCa ca = by_processor_ca ? PckCa::kProcessor : PckCa::kPlatform;
  if (std::ranges::find(plan.cas, ca) == plan.cas.end()) plan.cas.push_back(ca);
  return {};
}

Status plan_for_report(ByteView bytes, collateral::Plan& plan) {
  BRUME_ASSIGN(const auto report, evidence::parse_snp_report(bytes));
  const auto product =
      report.cpuid ? evidence::snp_product_of_cpuid(report.cpuid->family, report.cpuid->model) : std::nullopt;
  if (!product) {
    return fail(ErrorCode::kUsage, "the report does not tell its processor: name --product, --chip-id and --tcb");
  }
  collateral::SnpChip chip{.product = *product};
  if (report.key_info.signing_key == evidence::SnpSigningKey::kVlek) {
    chip.key = collateral::EndorsementKey::kVlek;  // KDS gives no VLEK itself; the cloud does
  } else if (report.chip_id == evidence::SnpChipId{}) {
    return fail(ErrorCode::kUsage, "the report's chip id is masked: ask the host for its VCEK certificate");
  } else {
    chip.chip = {report.chip_id, evidence::snp_tcb(report.reported_tcb, *product)};
  }
  plan.chips.push_back(chip);
  return {};
}

}  // namespace

Status plan_for_evidence(const std::string& path, collateral::Plan& plan) {
  BRUME_ASSIGN(const auto file, read_evidence_file(path));
  const ByteView bytes = file.what.content;
  Status done;
  if (file.what.kind == evidence::FileKind::kDcapQuote) {
    done = plan_for_quote(bytes, plan);
  } else if (file.what.kind == evidence::FileKind::kSnpReport) {
    done = plan_for_report(bytes.first(evidence::kSnpReportSize), plan);
  } else {
    done = malformed("neither an SGX or TDX quote nor an SEV-SNP report, but: " +
                     std::string(evidence::file_kind_name(file.what.kind)));
  }
  return done ? done : within("--for " + path, done.error());
}

}  // namespace brume::cli
