#include "evidence/assemble.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/hex.h"
#include "crypto/random.h"
#include "crypto/text.h"
#include "evidence/time.h"

namespace brume::evidence {
namespace {

constexpr UnixMs kDay = 86'400'000;
const UnixMs kNow = parse_time("2026-06-15T12:00:00Z").value();

// A root and what it issued, with names as Intel gives them.
struct Pki {
  crypto::SystemRandom random;
  crypto::EcKey root_key = crypto::EcKey::generate();
  crypto::EcKey ca_key = crypto::EcKey::generate();
  crypto::EcKey signer_key = crypto::EcKey::generate();
  crypto::Certificate root = make("Test SGX Root CA", root_key, nullptr, true);
  crypto::Certificate ca = make("Test SGX PCK Platform CA", ca_key, &root, true);
  crypto::Certificate signer = make("Test SGX TCB Signing", signer_key, &root, false);
  crypto::Certificate pck = make("Test SGX PCK Certificate", crypto::EcKey::generate(), &ca, false, &ca_key);

  crypto::Certificate make(const std::string& name, const crypto::EcKey& key, const crypto::Certificate* issuer,
                           bool ca, const crypto::EcKey* issuer_key = nullptr) {
    crypto::CertificateRequest request{name, kNow - kDay, kNow + kDay, ca};
    const crypto::EcKey& by = issuer_key != nullptr ? *issuer_key : issuer != nullptr ? root_key : key;
    return crypto::issue_certificate(request, key.public_key(), issuer, by, random);
  }
  std::string root_list(UnixMs from = kNow) const {
    return std::string(as_chars(crypto::issue_crl(root, root_key, from, from + kDay, {}).der()));
  }
  std::string pck_list(UnixMs from = kNow) const {
    return std::string(as_chars(crypto::issue_crl(ca, ca_key, from, from + kDay, {}).der()));
  }

  std::string document(const std::string& name, const std::string& body) const {
    return "{\"" + name + "\":" + body + ",\"signature\":\"" + to_hex(signer_key.sign_raw(as_bytes(body))) + "\"}";
  }
  std::string tcb_info(const std::string& issued = "2026-06-01T00:00:00Z") const {
    std::string components;
    for (int i = 0; i < 16; ++i) components += (i == 0 ? "" : ",") + std::string("{\"svn\":1}");
    return document("tcbInfo",
                    "{\"id\":\"SGX\",\"version\":3,\"issueDate\":\"" + issued +
                        "\",\"nextUpdate\":\"2026-07-01T00:00:00Z\",\"fmspc\":\"00606A000000\",\"pceId\":\"0000\","
                        "\"tcbType\":0,\"tcbEvaluationDataNumber\":17,\"tcbLevels\":[{\"tcb\":{\"sgxtcbcomponents\":[" +
                        components +
                        "],\"pcesvn\":1},\"tcbDate\":\"2026-01-01T00:00:00Z\",\"tcbStatus\":\"UpToDate\"}]}");
  }
};

Folder assemble(const std::vector<NamedFile>& files) { return evidence::assemble(files, kNow); }

NamedFile file(const std::string& name, std::string_view content) { return {name, recognise(as_bytes(content))}; }

std::string use_of(const Folder& folder, const std::string& name) {
  const auto found = std::ranges::find(folder.uses, name, &FileUse::name);
  return found == folder.uses.end() ? "not there" : found->use;
}

std::string problems_of(const Folder& folder) {
  std::string out;
  for (const FileProblem& problem : folder.problems)
    out += (out.empty() ? "" : " ") + problem.rule + ":" + problem.file;
  return out;
}

TEST(Assemble, SortsIntelsFilesWhateverTheirNamesAndOrder) {
  Pki pki;
  std::vector<NamedFile> files = {file("a", pki.root.pem()),
                                  file("b", pki.pck.pem() + pki.ca.pem() + pki.root.pem()),
                                  file("c", pki.pck_list()),
                                  file("d", pki.signer.pem() + pki.root.pem()),
                                  file("e", pki.tcb_info()),
                                  file("f", to_hex(as_bytes(pki.root_list()))),
                                  file("g", pki.ca.pem() + pki.root.pem())};
  std::ranges::sort(files, {}, &NamedFile::name);
  do {
    const Folder folder = assemble(files);
    ASSERT_EQ(problems_of(folder), "");
    ASSERT_EQ(folder.dcap.size(), 1u);
    const Collateral& found = folder.dcap.front();
    ASSERT_TRUE(found.tcb_info.starts_with("{\"tcbInfo\":"));
    ASSERT_TRUE(load_chain(found.tcb_info_issuer_chain)->front() == pki.signer);
    ASSERT_TRUE(load_chain(found.pck_crl_issuer_chain)->front() == pki.ca);
    ASSERT_TRUE(load_chain(found.pck_chain)->front() == pki.pck);
    ASSERT_EQ(load_crl(found.root_crl)->issuer_der(), pki.root.subject_der());
    ASSERT_EQ(load_crl(found.pck_crl)->issuer_der(), pki.ca.subject_der());
    ASSERT_NE(use_of(folder, "a").find("root"), std::string::npos);
  } while (std::next_permutation(files.begin(), files.begin() + 4,
                                 [](const NamedFile& a, const NamedFile& b) { return a.name < b.name; }));
}

TEST(Assemble, GivesADocumentTheChainThatSignedIt) {
  Pki pki, other;
  const Folder folder = assemble({file("1", other.signer.pem() + other.root.pem()),
                                  file("2", pki.signer.pem() + pki.root.pem()), file("3", pki.tcb_info())});
  ASSERT_EQ(folder.dcap.size(), 1u);
  EXPECT_TRUE(load_chain(folder.dcap[0].tcb_info_issuer_chain)->front() == pki.signer);
  EXPECT_EQ(use_of(folder, "1"), "");
}

TEST(Assemble, PutsTheNewestLast) {
  Pki pki;
  const Folder folder = assemble({file("1", pki.tcb_info("2026-06-02T00:00:00Z")), file("2", pki.tcb_info()),
                                  file("3", pki.signer.pem() + pki.root.pem())});
  ASSERT_EQ(folder.dcap.size(), 2u);
  EXPECT_NE(folder.dcap[1].tcb_info.find("2026-06-02"), std::string::npos);
}

TEST(Assemble, WhatWasNotIssuedYetComesBeforeWhatWas) {
  Pki pki;
  const std::vector<NamedFile> files = {file("1", pki.tcb_info("2026-06-10T00:00:00Z")),
                                        file("2", pki.tcb_info("2026-06-20T00:00:00Z")),
                                        file("3", pki.tcb_info("2026-06-01T00:00:00Z")),
                                        file("4", pki.signer.pem() + pki.root.pem()),
                                        file("5", pki.root_list(kNow - 7 * kDay)),
                                        file("6", pki.root_list(kNow)),
                                        file("7", pki.root_list(kNow + 7 * kDay)),
                                        file("8", pki.pck_list(kNow + 7 * kDay)),
                                        file("9", pki.pck_list(kNow - kDay))};
  const auto preferred = [&](UnixMs at_ms) { return evidence::assemble(files, at_ms).dcap.back(); };
  const Collateral now = preferred(kNow);
  EXPECT_NE(now.tcb_info.find("2026-06-10"), std::string::npos);
  EXPECT_EQ(load_crl(now.root_crl)->this_update(), kNow);
  EXPECT_EQ(load_crl(now.pck_crl)->this_update(), kNow - kDay);
  const Collateral later = preferred(kNow + 8 * kDay);
  EXPECT_NE(later.tcb_info.find("2026-06-20"), std::string::npos);
  EXPECT_EQ(load_crl(later.root_crl)->this_update(), kNow + 7 * kDay);
  EXPECT_EQ(load_crl(later.pck_crl)->this_update(), kNow + 7 * kDay);
  EXPECT_NE(preferred(0).tcb_info.find("2026-06-20"), std::string::npos) << "none was there: the newest, which is told";
}

TEST(Assemble, KeepsApartWhatTwoRootsIssued) {
  Pki pki, other;
  const Folder folder =
      assemble({file("1", pki.tcb_info("2026-06-02T00:00:00Z")), file("2", other.tcb_info()),
                file("3", pki.signer.pem() + pki.root.pem()), file("4", other.signer.pem() + other.root.pem()),
                file("5", pki.root_list()), file("6", other.root_list(kNow - 1000))});
  ASSERT_EQ(folder.dcap.size(), 2u);
  for (const Collateral& each : folder.dcap) {
    const Pki& whose = each.tcb_info.contains("2026-06-02") ? pki : other;
    EXPECT_TRUE(load_chain(each.tcb_info_issuer_chain)->back() == whose.root);
    EXPECT_TRUE(load_crl(each.root_crl)->signed_by(whose.root_key.public_key()));
  }
}

TEST(Assemble, GivesAListTheChainOfItsIssuer) {
  Pki pki;
  const crypto::EcKey key = crypto::EcKey::generate();
  const crypto::Certificate processor = pki.make("Test SGX PCK Processor CA", key, &pki.root, true);
  const std::string list = std::string(as_chars(crypto::issue_crl(processor, key, kNow, kNow + kDay, {}).der()));
  for (const bool first : {true, false}) {
    const Folder folder =
        assemble({file(first ? "1" : "9", processor.pem() + pki.root.pem()), file("5", pki.ca.pem() + pki.root.pem()),
                  file("6", list), file("7", pki.pck_list())});
    ASSERT_EQ(folder.dcap.size(), 2u);
    for (const Collateral& each : folder.dcap)
      EXPECT_EQ(load_chain(each.pck_crl_issuer_chain)->front().subject_der(), load_crl(each.pck_crl)->issuer_der());
  }
}

TEST(Assemble, KeepsTheChainOfEveryPlatform) {
  Pki pki;
  const crypto::Certificate other =
      pki.make("Test SGX PCK Certificate", crypto::EcKey::generate(), &pki.ca, false, &pki.ca_key);
  const Folder folder = assemble({file("1", pki.pck.pem() + pki.ca.pem() + pki.root.pem()),
                                  file("2", other.pem() + pki.ca.pem() + pki.root.pem()), file("3", pki.tcb_info())});
  ASSERT_EQ(folder.dcap.size(), 2u);
  EXPECT_TRUE(load_chain(folder.dcap[0].pck_chain)->front() == pki.pck);
  EXPECT_TRUE(load_chain(folder.dcap[1].pck_chain)->front() == other);
  EXPECT_TRUE(folder.dcap[0].tcb_info.empty());
  EXPECT_FALSE(folder.dcap[1].tcb_info.empty());
}

TEST(Assemble, TellsChainsThatAreNone) {
  Pki pki, other;
  EXPECT_EQ(problems_of(assemble({file("x", pki.signer.pem() + other.root.pem())})), "collateral.chain:x");
  EXPECT_EQ(problems_of(assemble({file("x", pki.pck.pem() + pki.root.pem())})), "collateral.chain:x")
      << "its CA is not there";
  EXPECT_EQ(problems_of(assemble({file("x", pki.signer.pem() + pki.root.pem())})), "");
  EXPECT_EQ(problems_of(assemble({file("x", pki.signer.pem())})), "") << "its issuer may be elsewhere";
  EXPECT_EQ(problems_of(assemble({file("x", pki.signer.pem()), file("y", other.root.pem())})), "collateral.chain:x");
}

TEST(Assemble, TellsEveryByteOfACertificateThatWasChanged) {
  Pki pki;
  const Bytes good = pki.signer.der();
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bytes = good;
    bytes[i] ^= 1;
    const Folder folder = assemble({file("root", pki.root.pem()), {"x", recognise(bytes)}});
    // Its issuer's name may be what was changed: then nobody here issued it, and nobody takes it for his.
    const bool told = problems_of(folder).ends_with(":x");
    EXPECT_TRUE(told || use_of(folder, "x").empty() || use_of(folder, "x") == "certificates of TPM keys") << i;
  }
}

TEST(Assemble, TellsWhatDoesNotParse) {
  EXPECT_EQ(problems_of(assemble({file("x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")})),
            "collateral.format:x");
  EXPECT_EQ(problems_of(assemble({file("x", "{\"sha256\":{\"0\":\"00\"}}")})), "collateral.format:x");
  EXPECT_EQ(problems_of(assemble({file("x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")})),
            "collateral.format:x");
}

TEST(Assemble, TellsContradictions) {
  const std::string zeros(64, '0');
  const auto values = [](const std::string& value) { return "{\"sha256\":{\"0\":\"" + value + "\"}}"; };
  EXPECT_EQ(problems_of(assemble({file("x", values(zeros)), file("y", values(zeros))})), "");
  EXPECT_EQ(problems_of(assemble({file("x", values(zeros)), file("y", values(std::string(64, '1')))})),
            "collateral.conflict:y");
  const auto key = [] { return crypto::to_pem("PUBLIC KEY", crypto::EcKey::generate().public_key().spki_der()); };
  const std::string one = key();
  EXPECT_EQ(problems_of(assemble({file("x", one), file("y", one)})), "");
  EXPECT_EQ(problems_of(assemble({file("x", one), file("y", key())})), "collateral.conflict:y");
}

TEST(Assemble, TellsEveryFile) {
  const Folder folder = assemble({file("x", "a note"), file("y", "")});
  ASSERT_EQ(folder.uses.size(), 2u);
  EXPECT_EQ(use_of(folder, "x"), "");
  EXPECT_TRUE(folder.dcap.empty());
}

}  // namespace
}  // namespace brume::evidence
