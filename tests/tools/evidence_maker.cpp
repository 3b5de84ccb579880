// evidence_maker FOLDER: below it a folder each for self-made evidence, sgx, tdx, snp and tpm, with everything that
// vouches for it, under roots of its own; each is accepted at the moment that its file `at` names. For tests.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "appraisal/test_snp_platform.h"
#include "appraisal/test_td_platform.h"
#include "appraisal/test_tpm.h"
#include "evidence/cmw.h"
#include "evidence/none.h"
#include "evidence/test_snp_table.h"

namespace {

using namespace brume;
namespace fs = std::filesystem;

class Folder {
 public:
  explicit Folder(fs::path path) : path_(std::move(path)) { fs::create_directories(path_ / "case"); }
  // What is verified and what vouches for it.
  Folder& part(const std::string& name, ByteView bytes) { return write("case/" + name, bytes); }
  Folder& part(const std::string& name, std::string_view text) { return part(name, as_bytes(text)); }
  // What the tests need to know.
  Folder& aside(const std::string& name, std::string_view text) { return write(name, as_bytes(text)); }

 private:
  Folder& write(const std::string& name, ByteView bytes) {
    std::ofstream(path_ / name, std::ios::binary) << as_chars(bytes);
    return *this;
  }
  fs::path path_;
};

std::string seconds(UnixMs time_ms) { return std::to_string(time_ms / 1000); }

void write_dcap(Folder folder, appraisal::TestPlatform& platform) {
  platform.issue();
  const evidence::Collateral collateral = platform.collateral();
  folder.part("evidence", platform.quote())
      .part("root-list", collateral.root_crl)
      .part("pck-list", collateral.pck_crl)
      .part("pck-list-chain", collateral.pck_crl_issuer_chain)
      .part("tcb", collateral.tcb_info)
      .part("tcb-chain", collateral.tcb_info_issuer_chain)
      .part("qe", collateral.qe_identity)
      .aside("root", platform.root_certificate.pem())
      .aside("at", seconds(platform.now))
      .aside("bound", to_hex(platform.expected().report_data.view()));
}

void write_snp(Folder folder, bool table) {
  appraisal::TestSnpPlatform platform;
  platform.issue();
  if (table) {
    folder.part("table", evidence::test_snp_table({platform.ek_certificate().der(), platform.ask_certificate().der(),
                                                   platform.ark_certificate().der()}));
  } else {
    folder.part("vcek", platform.ek_certificate().der())
        .part("ask", platform.ask_certificate().pem())
        .part("ark", platform.ark_certificate().pem());
  }
  folder.part("evidence", platform.report_bytes)
      .part("list", issue_test_crl(platform.crl, *platform.crl_signer).der())
      .aside("root", platform.ark_certificate().pem())
      .aside("at", seconds(platform.now))
      .aside("bound", platform.report.report_data.hex());
}

std::string pcr_json(const char* bank, const evidence::PcrValues& values) {
  std::string out;
  for (const evidence::PcrValue& value : values) {
    out += (out.empty() ? "\"" : ",\"") + std::to_string(value.index) + "\":\"" + to_hex(value.value) + "\"";
  }
  return "\"" + std::string(bank) + "\":{" + out + "}";
}

// Of the registers that its log extends.
evidence::PcrValues replay(const appraisal::TestTpm& tpm, evidence::TpmAlgorithm bank) {
  evidence::PcrValues out;
  const auto log = evidence::parse_event_log(tpm.evidence.event_log).value();
  const auto registers = evidence::replay_event_log(log, bank).value();
  for (const auto& [index, value] : registers) out.push_back({bank, index, value});
  return out;
}

void write_tpm(Folder folder, const Folder& log_folder) {
  appraisal::TestTpm tpm;
  tpm.attest.selections = {{evidence::TpmAlgorithm::kSha256, 3, 0xffffff}};
  tpm.quote();
  const std::string values = "{" + pcr_json("sha256", tpm.values(evidence::TpmAlgorithm::kSha256)) + "}";
  const std::string replayed = "{" + pcr_json("sha256", replay(tpm, evidence::TpmAlgorithm::kSha256)) + "," +
                               pcr_json("sha1", replay(tpm, evidence::TpmAlgorithm::kSha1)) + "}";
  const Bytes record = evidence::encode_cmw(evidence::kTypeTpmQuote, evidence::encode_tpm_evidence(tpm.evidence));
  evidence::NoneEvidence nobody;
  nobody.claimed_measurement.bytes.fill(0x80);
  const Bytes claims = evidence::encode_cmw(evidence::kTypeNone, evidence::encode_none_evidence(nobody));
  folder.part("evidence", tpm.evidence.attest)
      .part("signature", tpm.evidence.signature)
      .part("key", tpm.evidence.ak_public)
      .part("values", values)
      .part("log", tpm.evidence.event_log)
      .part("files", tpm.evidence.ima_log)
      .aside("at", seconds(tpm.now))
      .aside("bound", to_hex(tpm.attest.extra_data))
      .aside("record", as_chars(record))
      .aside("claims", as_chars(claims));
  Folder(log_folder).part("evidence", tpm.evidence.event_log).part("values", replayed).aside("at", seconds(tpm.now));
}

// Of a key that a maker's certificate vouches for; whether it was revoked says a list beside it.
void write_certified_tpm(Folder folder) {
  constexpr crypto::testing::HowSigned kHow{crypto::SignatureScheme::kEcdsa, crypto::HashAlgorithm::kSha256};
  appraisal::TestTpm tpm;
  const UnixMs begin = tpm.now - appraisal::TestTpm::kDay;
  const UnixMs end = tpm.now + appraisal::TestTpm::kDay;
  const auto maker = crypto::testing::TestKey::ec("P-256");
  const auto certificate = issue_test_certificate({"AK", "Maker", 2, begin, end, false, {appraisal::tpm_key_usage(3)}},
                                                  tpm.ak.public_key(), maker, kHow);
  const auto root = issue_test_certificate({"Maker", "Maker", 1, begin, end, true}, maker.public_key(), maker, kHow);
  tpm.evidence.certificates = {certificate.pem(), root.pem()};
  tpm.quote();
  const Bytes record = evidence::encode_cmw(evidence::kTypeTpmQuote, evidence::encode_tpm_evidence(tpm.evidence));
  folder.aside("record", as_chars(record))
      .aside("list", as_chars(issue_test_crl({"Maker", begin, end}, maker, kHow).der()))
      .aside("policy",
             "version = 1\n[[allow]]\ntee = \"tpm\"\nroot = \"" + maker.public_key().spki_hash().hex() + "\"\n")
      .aside("at", seconds(tpm.now));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const fs::path top = argv[1];
  appraisal::TestPlatform sgx;
  write_dcap(Folder(top / "sgx"), sgx);
  write_certified_tpm(Folder(top / "certified-tpm"));
  appraisal::TestTdPlatform tdx;
  write_dcap(Folder(top / "tdx"), tdx);
  appraisal::TestPlatform old;  // a level below the current one
  old.platform.pce_svn = 1;
  write_dcap(Folder(top / "old"), old);
  appraisal::TestPlatform debug;
  debug.report.attribute_flags |= evidence::kAttributeDebug;
  write_dcap(Folder(top / "debug"), debug);
  write_snp(Folder(top / "snp"), false);
  write_snp(Folder(top / "snp-table"), true);
  write_tpm(Folder(top / "tpm"), Folder(top / "log"));
  return 0;
}
