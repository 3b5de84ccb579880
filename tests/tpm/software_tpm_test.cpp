// A whole enrolment with a real TPM's software twin: endorsement and attestation keys made by it, a credential made
// here and opened there, its quotes appraised here, in every scheme. Needs swtpm and tpm2-tools; skips without them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "appraisal/appraise.h"
#include "crypto/random.h"
#include "evidence/tpm_credential.h"

namespace brume {
namespace {

namespace fs = std::filesystem;
using evidence::TpmAlgorithm;

bool installed(const char* program) {
  return std::system((std::string("command -v ") + program + " >/dev/null 2>&1").c_str()) == 0;
}

class SoftwareTpm : public testing::Test {
 protected:
  void SetUp() override {
    if (!installed("swtpm") || !installed("tpm2_makecredential")) GTEST_SKIP() << "needs swtpm and tpm2-tools";
    std::string pattern = (fs::temp_directory_path() / "brume-tpm-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    fs::create_directory(folder_ / "state");
    ASSERT_EQ(run("swtpm socket --tpm2 --tpmstate dir=$PWD/state --server type=unixio,path=tpm.sock"
                  " --ctrl type=unixio,path=tpm.sock.ctrl --flags not-need-init,startup-clear --daemon --pid file=pid"),
              0)
        << read("log");
  }
  void TearDown() override {
    if (folder_.empty()) return;
    run("kill $(cat pid)");
    fs::remove_all(folder_);
  }

  // In the test's folder, talking to its TPM. 0 if all went well; else the file "log" says why.
  int run(const std::string& command) {
    const std::string tcti = "export TPM2TOOLS_TCTI=swtpm:path=" + (folder_ / "tpm.sock").string() + "; ";
    return std::system(("cd " + folder_.string() + " && " + tcti + "{ " + command + "; } >log 2>&1").c_str());
  }
  void must(const std::string& command) { ASSERT_EQ(run("set -e; " + command), 0) << command << "\n" << read("log"); }

  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    std::ostringstream out;
    out << file.rdbuf();
    return out.str();
  }
  Bytes bytes(const std::string& name) const { return to_bytes(as_bytes(read(name))); }
  void write(const std::string& name, ByteView content) {
    std::ofstream(folder_ / name, std::ios::binary) << as_chars(content);
  }

  // An endorsement key and an attestation key under it.
  void make_keys(const std::string& ek, const std::string& ak, const std::string& scheme, const std::string& hash) {
    must("tpm2_createek -c ek.ctx -G " + ek + " -u ek.pub; tpm2_flushcontext -t");
    must("tpm2_createak -C ek.ctx -c ak.ctx -G " + ak + " -g " + hash + " -s " + scheme +
         " -u ak.pub -n ak.name -f tss; tpm2_flushcontext -t");
  }

  void activate() {
    const auto area = evidence::read_tpm_public(bytes("ek.pub"));
    ASSERT_TRUE(area.has_value());
    const auto ek = evidence::endorsement_key(*area);
    ASSERT_TRUE(ek.has_value()) << ek.error().what;
    crypto::SystemRandom random;
    const Bytes secret(32, 0x5e);
    const auto credential = evidence::make_credential(*ek, bytes("ak.name"), secret, random);
    ASSERT_TRUE(credential.has_value());
    write("credential", evidence::credential_file(*credential));
    must("tpm2_startauthsession --policy-session -S s.ctx; tpm2_policysecret -S s.ctx -c e");
    must("tpm2_activatecredential -c ak.ctx -C ek.ctx -i credential -o got -P session:s.ctx");
    must("tpm2_flushcontext s.ctx; tpm2_flushcontext -t");
    EXPECT_EQ(bytes("got"), secret);

    const auto other = evidence::make_credential(*ek, Bytes(34, 0x0b), secret, random);
    write("credential", evidence::credential_file(*other));
    must("tpm2_startauthsession --policy-session -S s.ctx; tpm2_policysecret -S s.ctx -c e");
    EXPECT_NE(run("tpm2_activatecredential -c ak.ctx -C ek.ctx -i credential -o got -P session:s.ctx"), 0)
        << "a credential of another attestation key";
    must("tpm2_flushcontext s.ctx; tpm2_flushcontext -t");
    ek_hash_ = ek->key.spki_hash();
  }

  void expect_quote(const std::string& selection, const std::string& hash, const std::string& scheme = "") {
    must("tpm2_quote -c ak.ctx -l " + selection + " -q a1b2c3d4 -m quote -s signature -o pcrs -g " + hash +
         (scheme.empty() ? "" : " --scheme " + scheme) + "; tpm2_flushcontext -t");
    evidence::TpmEvidence evidence;
    evidence.attest = bytes("quote");
    evidence.signature = bytes("signature");
    evidence.ak_public = bytes("ak.pub");
    const auto pcrs = evidence::read_pcr_values(bytes("pcrs"));
    ASSERT_TRUE(pcrs.has_value()) << pcrs.error().what;
    evidence.pcrs = *pcrs;
    appraisal::AllowEntry entry;
    entry.tee = appraisal::Tee::kTpm;
    entry.tpm.eks = {ek_hash_};
    entry.tpm.sha1_allowed = true;
    entry.roles = {"worker"};
    appraisal::Policy policy;
    policy.allow.push_back(entry);
    appraisal::Expected expected;
    expected.role = "worker";
    expected.nonce = Bytes{0xa1, 0xb2, 0xc3, 0xd4};
    appraisal::Verifier verifier;
    EXPECT_EQ(rules(verifier.examine_tpm(evidence, policy, expected)), "policy.ek");
    verifier.add_tpm_activation(ek_hash_, bytes("ak.name"));
    EXPECT_EQ(rules(verifier.examine_tpm(evidence, policy, expected)), "") << selection << " " << hash;
    evidence.attest[60] ^= 1;
    EXPECT_NE(rules(verifier.examine_tpm(evidence, policy, expected)), "");
  }

  static std::string rules(const appraisal::Findings& findings) {
    std::string out;
    for (const auto& refusal : findings.refusals) out += (out.empty() ? "" : " ") + refusal.rule;
    return out;
  }

  fs::path folder_;
  SpkiHash ek_hash_;
};

TEST_F(SoftwareTpm, RsaKeysWithRsassa) {
  make_keys("rsa", "rsa", "rsassa", "sha256");
  activate();
  must("tpm2_pcrextend 14:sha256=0101010101010101010101010101010101010101010101010101010101010101");
  expect_quote("sha256:0,1,2,3,4,5,6,7,10,14", "sha256");
  expect_quote("sha1:0,1+sha256:0,23", "sha256");
}

TEST_F(SoftwareTpm, RsaKeysWithPss) {
  make_keys("rsa", "rsa", "rsapss", "sha256");
  activate();
  expect_quote("sha256:0,1,2", "sha256", "rsapss");
  expect_quote("sha384:7+sha256:7", "sha256", "rsapss");
}

TEST_F(SoftwareTpm, EllipticKeysWithEcdsa) {
  make_keys("ecc", "ecc", "ecdsa", "sha256");
  activate();
  expect_quote("sha256:10,9,8,0", "sha256");
}

TEST_F(SoftwareTpm, LargerEllipticKeys) {
  make_keys("ecc", "ecc384", "ecdsa", "sha384");
  activate();
  expect_quote("sha384:7,14", "sha384");
}

TEST_F(SoftwareTpm, RegistersAsTextAreThoseOfTheQuote) {
  make_keys("ecc", "ecc", "ecdsa", "sha256");
  must("tpm2_pcrextend 14:sha256=0101010101010101010101010101010101010101010101010101010101010101");
  must(
      "tpm2_pcrread sha256:0,14+sha1:0 >text; tpm2_quote -c ak.ctx -l sha256:0,14+sha1:0 -m quote -s signature -o pcrs"
      " -g sha256");
  const auto text = evidence::read_pcr_values(bytes("text"));
  const auto file = evidence::read_pcr_values(bytes("pcrs"));
  ASSERT_TRUE(text && file);
  const auto quote = evidence::parse_tpm_attest(bytes("quote"));
  ASSERT_TRUE(quote.has_value());
  EXPECT_EQ(evidence::concatenate_pcrs(quote->selections, *text).value(),
            evidence::concatenate_pcrs(quote->selections, *file).value());
  EXPECT_EQ(crypto::hash(crypto::HashAlgorithm::kSha256, *evidence::concatenate_pcrs(quote->selections, *text)),
            quote->pcr_digest);
}

}  // namespace
}  // namespace brume
