#include "appraisal/rule_reference.h"

namespace brume::appraisal {
namespace {

constexpr std::string_view kPckProfile =
    "Intel SGX PCK Certificate and CRL Profile Specification, sections 1 and 2; RFC 5280, section 6.1";
constexpr std::string_view kCrlProfile =
    "Intel SGX PCK Certificate and CRL Profile Specification, section 3; RFC 5280, section 6.3";
constexpr std::string_view kTcbInfo = "Intel PCS API v4, Get TCB Info; Intel SGX DCAP QVL, TCB info verification";
constexpr std::string_view kQeIdentity =
    "Intel PCS API v4, Get QE Identity; Intel SGX DCAP QVL, enclave report verification";
constexpr std::string_view kQuote =
    "Intel SGX ECDSA QuoteLibReference, appendix A; Intel TDX DCAP Quoting Library API, appendix A.3 and A.4";
constexpr std::string_view kTdxModule = "Intel PCS API v4, Get TCB Info (TDX), tdxModule and tdxModuleIdentities";
constexpr std::string_view kSnpReport = "AMD 56860, SEV-SNP Firmware ABI Specification, table ATTESTATION_REPORT";
constexpr std::string_view kSnpKeys = "AMD 57230, VCEK Certificate and KDS Interface Specification, sections 2 to 4";
constexpr std::string_view kTpmQuote = "TCG TPM 2.0 Library, part 2, section 10.12; part 3, section 18.4";
constexpr std::string_view kTpmKeys = "TCG EK Credential Profile 2.5; RFC 5280, section 6.1";
constexpr std::string_view kEventLog = "TCG PC Client Platform Firmware Profile 1.06, section 10";
constexpr std::string_view kIma = "Linux, Documentation/security/IMA-templates.rst";
constexpr std::string_view kHcl = "Microsoft, Guest attestation for confidential VMs, attestation report format";
constexpr std::string_view kPolicy = "docs/formats/policy.md";
constexpr std::string_view kVerify = "docs/formats/evidence-verify.md";

constexpr RuleReference kReferences[] = {
    {"evidence.", kVerify},
    {"collateral.", kVerify},
    {"none.", "docs/formats/cmw.md"},
    {"join.", "docs/formats/join.md"},
    {"policy.", kPolicy},
    {"sgx.quote.", kQuote},
    {"sgx.pck.missing", "Intel SGX ECDSA QuoteLibReference, appendix A.4, certification data types"},
    {"sgx.pck.", kPckProfile},
    {"sgx.pck-ca.", kPckProfile},
    {"sgx.root.", kPckProfile},
    {"sgx.tcb-signing.", kPckProfile},
    {"sgx.collateral.", kTcbInfo},
    {"sgx.root-crl.", kCrlProfile},
    {"sgx.pck-crl.", kCrlProfile},
    {"sgx.pck-crl-chain.", kCrlProfile},
    {"sgx.tcb-info.", kTcbInfo},
    {"sgx.tcb-info-chain.", kTcbInfo},
    {"sgx.tcb.", kTcbInfo},
    {"sgx.qe-identity.", kQeIdentity},
    {"sgx.qe-identity-chain.", kQeIdentity},
    {"sgx.qe.", kQeIdentity},
    {"tdx.module.", kTdxModule},
    {"tdx.tcb.", "Intel SGX DCAP QVL, TD relaunch check"},
    {"snp.", kSnpReport},
    {"snp.ek.", kSnpKeys},
    {"snp.ask.", kSnpKeys},
    {"snp.ark.", kSnpKeys},
    {"snp.root.", kSnpKeys},
    {"snp.crl.", "AMD 57230, section 5; RFC 5280, section 6.3"},
    {"snp.chip", "AMD 57230, section 3.2 (hwID); AMD 56860, CHIP_ID"},
    {"snp.tcb.", "AMD 56860, table TCB_VERSION; AMD 57230, section 3.1"},
    {"tpm.", kTpmQuote},
    {"tpm.chain.", kTpmKeys},
    {"tpm.certificate.", kTpmKeys},
    {"tpm.crl.", "RFC 5280, section 6.3"},
    {"tpm.ak.", "TCG TPM 2.0 Library, part 1, sections 23 and 25; part 2, section 12.2"},
    {"tpm.signature", "TCG TPM 2.0 Library, part 2, section 11.3"},
    {"tpm.pcr.", "TCG TPM 2.0 Library, part 1, section 31.5; part 3, section 18.4"},
    {"tpm.hcl.", kHcl},
    {"log.", kEventLog},
    {"ima.", kIma},
};

}  // namespace

const RuleReference* find_reference(std::string_view rule) {
  const RuleReference* best = nullptr;
  for (const RuleReference& reference : kReferences) {
    if (!rule.starts_with(reference.rule)) continue;
    if (best == nullptr || reference.rule.size() > best->rule.size()) best = &reference;
  }
  return best;
}

}  // namespace brume::appraisal
