#include "evidence/recognise.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/writer.h"
#include "crypto/text.h"
#include "evidence/cmw.h"
#include "evidence/quote.h"

namespace brume::evidence {
namespace {

Bytes quote_bytes() {
  QuoteAuth auth;
  const auto qe_report = encode_report_body(ReportBody{});
  auth.qe_report_bytes = qe_report;
  const Bytes chain(100, 'x');
  auth.certification_data = chain;
  return encode_quote(3, encode_signed_quote_bytes(QuoteHeader{}, ReportBody{}), Bytes(64, 1), auth);
}

Bytes snp_report(std::uint32_t version) {
  Bytes out = Writer().u32le(version).take();
  out.resize(1184);
  out[0x34] = 1;
  return out;
}

Bytes tpm_signature() { return Writer().u16be(0x0018).u16be(0x000b).u16be(2).u16be(7).u16be(2).u16be(9).take(); }

Bytes tpm_public() {
  Bytes out = Writer().u16be(0x0001).u16be(0x000b).u32be(0x00050072).take();
  out.resize(300);
  return out;
}

Bytes spec_id_log() {
  Writer data;
  data.raw(as_bytes(std::string_view("Spec ID Event03\0", 16)));
  Writer out;
  out.u32le(0).u32le(3).raw(Bytes(20, 0)).u32le(static_cast<std::uint32_t>(data.bytes().size())).raw(data.bytes());
  return out.take();
}

Bytes sha1_log(int count) {
  Writer out;
  for (int i = 0; i < count; ++i) out.u32le(0).u32le(8).raw(Bytes(20, 3)).u32le(2).raw(Bytes(2, 'v'));
  return out.take();
}

Bytes ima_list() {
  Writer out;
  out.u32le(10).raw(Bytes(20, 7)).u32le(6).raw(as_bytes("ima-ng")).u32le(0);
  return out.take();
}

Bytes pcr_file() {
  Bytes out = Writer().u32le(1).u16le(0x000b).u8(3).take();
  out.resize(668);
  return out;
}

struct Sample {
  FileKind kind;
  Bytes bytes;
};

std::vector<Sample> binary_samples() {
  Bytes attest = Writer().u32be(0xff544347).u16be(0x8018).take();
  attest.resize(100);
  Bytes hcl = to_bytes(as_bytes("HCLA"));
  hcl.resize(2600);
  Bytes certificate = Writer().u32be(0x30820100).u32be(0x308200f0).u8(0xa0).take();
  certificate.resize(260);
  Bytes crl = Writer().u32be(0x30820100).u32be(0x308200f0).u8(0x02).take();
  crl.resize(260);
  Bytes key = Writer().u16be(0x3059).u16be(0x3013).u8(0x06).take();
  key.resize(91);
  return {{FileKind::kDcapQuote, quote_bytes()},
          {FileKind::kSnpReport, snp_report(2)},
          {FileKind::kSnpReport, snp_report(5)},
          {FileKind::kHclReport, hcl},
          {FileKind::kTpmAttest, attest},
          {FileKind::kTpmSignature, tpm_signature()},
          {FileKind::kTpmPublic, tpm_public()},
          {FileKind::kCertificates, certificate},
          {FileKind::kCrl, crl},
          {FileKind::kPublicKey, key},
          {FileKind::kEventLog, spec_id_log()},
          {FileKind::kEventLog, sha1_log(2)},
          {FileKind::kImaBinary, ima_list()},
          {FileKind::kPcrValues, pcr_file()},
          {FileKind::kRawSignature, Bytes(256, 0xee)}};
}

TEST(Recognise, TellsBinaryFormsByTheirContent) {
  for (const Sample& sample : binary_samples()) {
    const Recognised found = recognise(sample.bytes);
    EXPECT_EQ(found.kind, sample.kind) << file_kind_name(sample.kind) << " is told as " << file_kind_name(found.kind);
    EXPECT_EQ(found.content, sample.bytes);
    EXPECT_TRUE(found.wrappings.empty());
  }
}

TEST(Recognise, TellsTextsByTheirContent) {
  const std::string digest(40, 'a');
  const std::pair<FileKind, std::string> samples[] = {
      {FileKind::kCertificates, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
      {FileKind::kCrl, "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"},
      {FileKind::kPublicKey, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"},
      {FileKind::kTcbInfo, R"( {"tcbInfo":{"version":3},"signature":"00"})"},
      {FileKind::kTcbInfo, R"({"tcbXnfo":{"tcbLevels":[]},"signature":"00"})"},
      {FileKind::kQeIdentity, R"({"enclaveIdentity":{"id":"QE"},"signature":"00"})"},
      {FileKind::kQeIdentity, R"({"enclaveXdentity":{"isvprodid":1,"tcbLevels":[]},"signature":"00"})"},
      {FileKind::kPcrValues, R"({"sha256":{"0":"00"}})"},
      {FileKind::kPcrValues, "sha1:\n  0 : 0x" + digest + "\n"},
      {FileKind::kImaText, "10 " + digest + " ima-ng sha1:" + digest + " boot_aggregate\n"},
      {FileKind::kPolicy, "version = 1\n[[allow]]\ntee = \"sgx\"\n"},
      {FileKind::kPolicy, R"({"version":1,"allow":[]})"},
      {FileKind::kUnknown, "just a note\n"},
      {FileKind::kUnknown, "{}"},
      {FileKind::kUnknown, ""},
  };
  for (const auto& [kind, text] : samples) {
    const Recognised found = recognise(as_bytes(text));
    EXPECT_EQ(found.kind, kind) << text << " is told as " << file_kind_name(found.kind);
    EXPECT_TRUE(found.wrappings.empty());
    if (kind == FileKind::kImaText) {
      EXPECT_EQ(as_chars(found.content), text);
    }
  }
}

std::vector<std::string> wrappings(std::initializer_list<const char*> names) { return {names.begin(), names.end()}; }

TEST(Recognise, UnwrapsHexBase64PemAndCmw) {
  for (const Sample& sample : binary_samples()) {
    const Bytes& bytes = sample.bytes;
    std::string url_base64 = crypto::base64_unpadded(bytes);
    for (char& c : url_base64) c = c == '+' ? '-' : c == '/' ? '_' : c;
    const std::pair<std::vector<std::string>, std::string> forms[] = {
        {wrappings({"hex"}), to_hex(bytes) + "\n"},
        {wrappings({"hex"}), "0x" + to_hex(bytes)},
        {wrappings({"base64"}), crypto::base64(bytes) + "\r\n"},
        {wrappings({"base64"}), url_base64},
        {wrappings({"pem"}), crypto::to_pem("ATTESTATION EVIDENCE", bytes)},
        {wrappings({"base64", "hex"}), crypto::base64(as_bytes(to_hex(bytes)))},
        {wrappings({"cmw"}), std::string(as_chars(encode_cmw("application/x", bytes)))},
        {wrappings({"hex", "cmw"}), to_hex(encode_cmw("application/x", bytes))},
    };
    if (bytes.size() < 16) continue;  // shorter than what is looked into
    for (const auto& [expected, text] : forms) {
      const Recognised found = recognise(as_bytes(text));
      EXPECT_EQ(found.kind, sample.kind) << file_kind_name(sample.kind) << " as " << expected.front();
      EXPECT_EQ(found.wrappings, expected) << file_kind_name(sample.kind);
      EXPECT_EQ(found.content, bytes);
    }
  }
}

TEST(Recognise, UnwrapsPercentEncodedCertificates) {
  const Recognised found = recognise(as_bytes("-----BEGIN%20CERTIFICATE-----%0AAAAA%0A-----END%20CERTIFICATE-----%0A"));
  EXPECT_EQ(found.kind, FileKind::kCertificates);
  EXPECT_EQ(found.wrappings, wrappings({"percent"}));
  EXPECT_EQ(as_chars(found.content), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----");
}

TEST(Recognise, TakesTheTypeOfARecordWhereItsValueHasNoForm) {
  const Recognised found = recognise(encode_cmw(kTypeNone, Bytes(96, 0x80)));
  EXPECT_EQ(found.kind, FileKind::kTypedRecord);
  EXPECT_EQ(found.cmw_type, kTypeNone);
}

TEST(Recognise, StillTellsAQuoteWhoseVersionOrKeyTypeIsSpoilt) {
  for (std::size_t at : {0, 2, 3}) {
    Bytes bytes = quote_bytes();
    bytes[at] ^= 0x07;
    EXPECT_EQ(recognise(bytes).kind, FileKind::kDcapQuote);
  }
}

TEST(Recognise, TakesZeroPaddingOfAReportAndNothingElse) {
  Bytes bytes = snp_report(3);
  bytes.resize(4000);
  EXPECT_EQ(recognise(bytes).kind, FileKind::kSnpReport);
  bytes.back() = 1;
  EXPECT_NE(recognise(bytes).kind, FileKind::kSnpReport);
}

TEST(Recognise, UnwrapsToALimitedDepth) {
  Bytes bytes = quote_bytes();
  for (int i = 0; i < kWrappingLimit; ++i) bytes = to_bytes(as_bytes(to_hex(bytes)));
  EXPECT_EQ(recognise(bytes).kind, FileKind::kDcapQuote);
  EXPECT_EQ(recognise(as_bytes(to_hex(bytes))).kind, FileKind::kUnknown);
}

TEST(Recognise, DoesNotLookAtWhatIsTooLong) {
  EXPECT_EQ(recognise(Bytes(kRecognisedSizeLimit + 1, '0')).kind, FileKind::kUnknown);
}

}  // namespace
}  // namespace brume::evidence
