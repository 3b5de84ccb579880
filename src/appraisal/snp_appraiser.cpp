#include "appraisal/snp_appraiser.h"

#include <algorithm>
#include <tuple>

#include "appraisal/snp_names.h"
#include "crypto/hash.h"

namespace brume::appraisal {
namespace {

using evidence::SnpReport;
using evidence::SnpTcbBytes;

constexpr std::string_view kNewReport = "the peer must send a report that its own processor signed";
constexpr std::string_view kFetchKey = "fetch the certificate of this chip and TCB from AMD's KDS or from the cloud";
constexpr std::string_view kBadFirmware = "update the platform's SEV firmware";

// One chip, without its id; zeros where the report does not name a chip.
PlatformId platform_id(const SnpReport& report) {
  if (report.chip_id_masked()) return {};
  return {crypto::Sha256().update(as_bytes("brume-platform/1/sev-snp")).update(report.chip_id.view()).finish().bytes};
}

void read_report(const SnpReport& report, PeerFacts& facts, KnownFacts& known) {
  facts.tee = Tee::kSevSnp;
  facts.debug = report.policy.debug();
  facts.image = ImageDigest{report.host_data.bytes};
  facts.platform = platform_id(report);
  facts.snp.emplace();
  facts.snp->report = report;
  facts.snp->vlek = report.key_info.signing_key == evidence::SnpSigningKey::kVlek;
  if (report.cpuid) facts.snp->product = evidence::snp_product_of_cpuid(report.cpuid->family, report.cpuid->model);
  known.image = true;
}

void check_report_data(Refusals& refusals, const SnpReport& report, const Expected& expected) {
  if (equal_constant_time(report.report_data.view(), expected.report_data.view())) return;
  refuse(refusals, "join.report-data", "report data bound to this session", "other report data",
         "the evidence was made for another session, nonce, role or epoch: join anew");
}

std::string tcb_text(const SnpTcbBytes& bytes, std::optional<evidence::SnpProduct> product) {
  return product ? snp_tcb_text(evidence::snp_tcb(bytes, *product)) : to_hex(bytes);
}

// 56860, section "TCB Version": what is reported is never above what is committed, and that never above what runs.
void check_order(Refusals& refusals, const SnpFacts& facts) {
  const SnpReport& report = facts.report;
  const auto check = [&](const SnpTcbBytes& low, const SnpTcbBytes& high, std::string_view low_name,
                         std::string_view high_name) {
    if (evidence::at_most(low, high)) return;
    refuse(refusals, "snp.tcb.order", std::string(low_name) + " TCB at most " + tcb_text(high, facts.product),
           tcb_text(low, facts.product) + " with a lower " + std::string(high_name), kBadFirmware);
  };
  check(report.reported_tcb, report.committed_tcb, "reported", "committed");
  check(report.committed_tcb, report.current_tcb, "committed", "current");
  const auto in_order = [](const evidence::SnpFirmware& is) { return std::tuple(is.major, is.minor, is.build); };
  if (in_order(report.committed_firmware) > in_order(report.current_firmware)) {
    refuse(refusals, "snp.firmware.order", "committed at most " + snp_firmware_text(report.current_firmware),
           snp_firmware_text(report.committed_firmware), kBadFirmware);
  }
}

// 57230, section "VCEK": the key is derived from the chip and from every component of REPORTED_TCB.
void check_certified(Refusals& refusals, const SnpKeyCertificate& key, const SnpReport& report) {
  if (!key.product) return;
  const auto tcb = key.extensions.tcb(*key.product);
  if (!tcb) {
    refuse(refusals, "snp.tcb.format", "the product's security patch levels", tcb.error().what, kFetchKey);
    return;
  }
  if (*tcb == report.reported_tcb) return;
  std::string differing;
  for (std::size_t i = 0; i < tcb->size(); ++i) {
    if ((*tcb)[i] == report.reported_tcb[i]) continue;
    differing += (differing.empty() ? "" : ", ") + std::string(evidence::snp_tcb_names(*key.product)[i]);
  }
  refuse(refusals, "snp.tcb.reported", tcb_text(*tcb, key.product) + " as in the key's certificate",
         tcb_text(report.reported_tcb, key.product) + ": another " + differing, kFetchKey);
}

bool check_tcb(Refusals& refusals, const SnpKeyCertificate& key, const SnpFacts& facts) {
  const std::size_t before = refusals.size();
  check_order(refusals, facts);
  check_certified(refusals, key, facts.report);
  return refusals.size() == before;
}

// 56860, CHIP_ID; 57230, hwID: 64 bytes, or the first 8 and zeros. A masked chip and a VLEK name none.
void check_chip(Refusals& refusals, const SnpKeyCertificate& key, const SnpReport& report) {
  if (key.vlek || report.chip_id_masked() || !key.extensions.hw_id) return;
  evidence::SnpChipId expected;
  std::ranges::copy(*key.extensions.hw_id, expected.bytes.begin());
  if (expected == report.chip_id) return;
  refuse(refusals, "snp.chip", expected.hex() + " as in the key's certificate", report.chip_id.hex(), kFetchKey);
}

// The report's own word on the processor (from version 3 on) against the certificate's.
void check_product(Refusals& refusals, const SnpKeyCertificate& key, SnpFacts& facts) {
  const auto by_cpuid = facts.product;
  if (key.product) facts.product = key.product;
  facts.product_name = key.extensions.product_name;
  facts.csp_id = key.extensions.csp_id.value_or("");
  if (!facts.report.cpuid || (by_cpuid && by_cpuid == key.product)) return;
  refuse(refusals, "snp.product", "the CPUID of " + key.extensions.product_name,
         by_cpuid ? std::string(evidence::snp_product_name(*by_cpuid)) : "a product that is not known", kFetchKey);
}

// 56860, chapter "ECDSA": P-384 with SHA-384 over all that stands before the signature.
void check_signature(Refusals& refusals, const SnpKeyCertificate& key, ByteView bytes, const SnpReport& report) {
  if (key.key.verify_ecdsa(crypto::HashAlgorithm::kSha384, evidence::snp_signed_part(bytes), report.signature_r,
                           report.signature_s)) {
    return;
  }
  refuse(refusals, "snp.signature", "signed by the key of its certificate", "signature does not verify", kNewReport);
}

void check_windows(Refusals& refusals, const SnpStore::Key& key, UnixMs now_ms) {
  check_window(refusals, "snp.ek", key.certificate.window, now_ms, kFetchKey);
  if (key.authority == nullptr) return;
  constexpr std::string_view kFix = "fetch the product's certificate chain from AMD's KDS";
  check_window(refusals, "snp.ask", key.authority->signer.window, now_ms, kFix);
  check_window(refusals, "snp.ark", key.authority->root.window, now_ms, kFix);
}

bool check_root(Refusals& refusals, const Policy& policy, const SpkiHash& root) {
  if (policy.names_root(Tee::kSevSnp, root)) return true;
  refuse(refusals, "snp.root.unknown", "a root that the policy names", root.hex(),
         "name the root in the policy, if you trust who holds its key");
  return false;
}

void refuse_missing_key(Refusals& refusals, const SnpReport& report, const SnpStore& store) {
  const bool vlek = report.key_info.signing_key == evidence::SnpSigningKey::kVlek;
  std::string got = store.has_keys() ? "only certificates of the other kind" : "none";
  if (const auto& why = store.unreadable().certificate) got += "; one could not be read: " + *why;
  refuse(refusals, store.has_keys() ? "snp.ek.type" : "snp.ek.missing",
         vlek ? "the certificate of a VLEK" : "the certificate of this chip's VCEK", std::move(got), kFetchKey);
}

// 56860, KEY_INFO: a platform may mask its key, and then signs nothing.
bool is_signed(Refusals& refusals, const SnpReport& report) {
  if (report.key_info.signing_key != evidence::SnpSigningKey::kNone) return true;
  refuse(refusals, "snp.signing-key", "a report signed by VCEK or VLEK", "one that is not signed",
         "let the platform sign reports: MASK_CHIP_KEY off, or a VLEK loaded");
  return false;
}

// Zeros after the report, as buffers of drivers leave them; anything else is the parser's to refuse.
ByteView without_padding(ByteView bytes) {
  if (bytes.size() <= evidence::kSnpReportSize) return bytes;
  const ByteView rest = bytes.subspan(evidence::kSnpReportSize);
  const bool zeros = std::ranges::all_of(rest, [](std::uint8_t byte) { return byte == 0; });
  return zeros ? bytes.first(evidence::kSnpReportSize) : bytes;
}

}  // namespace

void SnpAppraiser::examine(ByteView evidence_bytes, const Policy& policy, const Expected& expected, Findings& findings,
                           KnownFacts& known) {
  Refusals& refusals = findings.refusals;
  const ByteView report_bytes = without_padding(evidence_bytes);
  findings.padding_size = evidence_bytes.size() - report_bytes.size();
  const auto report = evidence::parse_snp_report(report_bytes);
  if (!report) {
    refuse(refusals, "snp.report.format", "an SEV-SNP report of version 2 to 5", report.error().what, kNewReport);
    return;
  }
  PeerFacts& facts = findings.facts_unverified;
  read_report(*report, facts, known);
  check_report_data(refusals, *report, expected);
  if (!is_signed(refusals, *report)) return;
  SnpStore::Key* key = store_.key_for(*report, expected.now_ms);
  if (key == nullptr) return refuse_missing_key(refusals, *report, store_);
  store_.link(*key);
  refusals.insert(refusals.end(), key->refusals.begin(), key->refusals.end());
  check_product(refusals, key->certificate, *facts.snp);
  findings.tcb_known = facts.snp->product.has_value();
  facts.tcb_status = check_tcb(refusals, key->certificate, *facts.snp) && snp_tcb_up_to_date(policy, *facts.snp)
                         ? evidence::TcbStatus::kUpToDate
                         : evidence::TcbStatus::kOutOfDate;
  check_chip(refusals, key->certificate, *report);
  check_signature(refusals, key->certificate, report_bytes, *report);
  check_windows(refusals, *key, expected.now_ms);
  if (key->authority == nullptr) return;
  facts.root = key->authority->root_spki;
  known.tee = check_root(refusals, policy, facts.root);
  facts.snp->revocation = store_.check_revocation(refusals, *key, expected.now_ms);
}

}  // namespace brume::appraisal
