#include "evidence/ima_log.h"

#include <gtest/gtest.h>

#include "evidence/event_replay.h"
#include "evidence/ima_replay.h"
#include "evidence/test_event_log.h"

namespace brume::evidence {
namespace {

using enum TpmAlgorithm;
using crypto::HashAlgorithm;

Bytes sample_list() {
  Bytes out = ima_ng("boot_aggregate", 0xb0);
  append(out, ima_ng("/init", 0x11));
  append(out, ima_ng("/usr/bin/a file with spaces", 0x22));
  return out;
}

Bytes signed_record() {
  Bytes data = ima_ng_data("sha256", Bytes(32, 0x33), "/usr/bin/signed");
  Writer more;
  more.raw(data).sized(Bytes{0x03, 0x02, 0x04, 0x01});
  return ima_record("ima-sig", more.bytes());
}

Bytes violation() { return ima_record("ima-ng", ima_ng_data("sha256", Bytes(32), "/tmp/changing"), Bytes(20)); }

// The template "ima": digest and path without a size before them; hashed with the path padded to 256 bytes.
Bytes legacy_record(std::string_view path) {
  Writer hashed, out;
  hashed.raw(Bytes(20, 0x44)).raw(as_bytes(path)).zeros(256 - path.size());
  out.u32le(10).raw(crypto::hash(HashAlgorithm::kSha1, hashed.bytes())).text("ima").raw(Bytes(20, 0x44)).text(path);
  return out.take();
}

std::string text_of(const ImaLog& log) {
  std::string out;
  for (const ImaEntry& entry : log.entries) {
    out += "10 " + to_hex(entry.template_digest) + " " + entry.template_name + " ";
    if (entry.template_name != "ima") out += entry.hash_name + ":";
    out += to_hex(entry.file_digest) + " " + entry.path;
    if (entry.template_name == "ima-sig") out += " " + to_hex(entry.signature);
    out += "\n";
  }
  return out;
}

Bytes extended(HashAlgorithm hash, const std::vector<Bytes>& digests) {
  Bytes value(crypto::hash_size(hash));
  for (const Bytes& digest : digests) value = extend_pcr(hash, value, digest);
  return value;
}

TEST(ImaLog, RoundTripsEveryTemplateAndRefusesEveryCutWithinAnEntry) {
  Bytes bytes = sample_list();
  append(bytes, signed_record());
  append(bytes, legacy_record("/sbin/init"));
  append(bytes, violation());
  auto log = read_ima_log(bytes);
  ASSERT_TRUE(log.has_value());
  ASSERT_EQ(log->entries.size(), 6u);
  EXPECT_EQ(encode_ima_binary(*log), bytes);
  EXPECT_EQ(log->entries[2].path, "/usr/bin/a file with spaces");
  EXPECT_EQ(log->entries[2].hash_name, "sha256");
  EXPECT_EQ(log->entries[2].file_digest, Bytes(32, 0x22));
  EXPECT_EQ(log->entries[3].signature, (Bytes{0x03, 0x02, 0x04, 0x01}));
  EXPECT_EQ(log->entries[4].path, "/sbin/init");
  EXPECT_TRUE(log->entries[5].violation());
  EXPECT_FALSE(first_ima_misfit(*log).has_value());
  std::size_t whole = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    whole += parse_ima_binary(ByteView(bytes).first(size)) ? 1 : 0;
  EXPECT_EQ(whole, 6u) << "only between entries";
}

TEST(ImaLog, TextGivesTheSameEntries) {
  Bytes bytes = sample_list();
  append(bytes, signed_record());
  append(bytes, legacy_record("/sbin/init"));
  append(bytes, violation());
  const auto binary = parse_ima_binary(bytes).value();
  auto text = read_ima_log(as_bytes(text_of(binary)));
  ASSERT_TRUE(text.has_value()) << text.error().what;
  EXPECT_EQ(text->entries, binary.entries);
}

TEST(ImaLog, APathThatEndsLikeASignatureIsTold) {
  Bytes data = ima_ng_data("sha256", Bytes(32, 0x33), "/opt/file 0a0b");
  Writer more;
  more.raw(data).sized({});
  const auto binary = parse_ima_binary(ima_record("ima-sig", more.bytes())).value();
  EXPECT_EQ(parse_ima_text(text_of(binary))->entries, binary.entries);
}

TEST(ImaLog, RefusesTextThatIsNone) {
  const std::string good = text_of(parse_ima_binary(sample_list()).value());
  ASSERT_TRUE(parse_ima_text(good).has_value());
  EXPECT_FALSE(parse_ima_text(good.substr(0, good.size() - 1))) << "cut within a line";
  for (const std::string bad : {"x", "10\n", "24 00 ima-ng sha1:00 a\n", "10 0011 ima-ng sha1:00 /a\n",
                                "10 0000000000000000000000000000000000000000 evm-sig sha1:00 /a\n",
                                "10 0000000000000000000000000000000000000000 ima-ng 00 /a\n",
                                "10 0000000000000000000000000000000000000000 ima sha1:00 /a\n", "\n"}) {
    EXPECT_FALSE(parse_ima_text(bad)) << bad;
  }
}

TEST(ImaLog, RefusesTemplateDataThatDoNotAddUp) {
  const Bytes good = ima_ng_data("sha256", Bytes(32, 1), "/a");
  for (const std::size_t at : {0, 3, static_cast<int>(good.size()) - 7}) {
    Bytes bad = good;
    bad[at] = 0xff;
    EXPECT_FALSE(parse_ima_binary(ima_record("ima-ng", bad))) << at;
  }
  Bytes bad = good;
  bad.back() = 'x';
  EXPECT_FALSE(parse_ima_binary(ima_record("ima-ng", bad))) << "a path without its end";
  EXPECT_FALSE(parse_ima_binary(ima_record("ima-ng", {})));
  EXPECT_FALSE(parse_ima_binary(ima_record("ima-ng", good, {}, 24)));
  EXPECT_FALSE(parse_ima_binary(ima_record("something-else", good)));
  EXPECT_FALSE(parse_ima_binary(ima_record("ima-sig", good))) << "a field is missing";
  EXPECT_TRUE(parse_ima_binary(ima_record("d-ng|n-ng", good)).has_value());
  EXPECT_FALSE(parse_ima_binary(ima_record("d-ng|n-ng|", good)));
  EXPECT_FALSE(parse_ima_binary(ima_record("d-ng|n-xx", good)));
}

// The digest covers the data, not the template's name: under another order of fields, a signature that anybody may
// write beside a file would pass for the file's digest.
TEST(ImaLog, NoNameOfATemplateMovesDigestOrPath) {
  Writer claimed, data;
  claimed.u8(0x03).raw(text_bytes(":sha256:")).raw(Bytes(32, 0x22));
  data.raw(ima_ng_data("sha256", Bytes(32, 0x66), "/tmp/evil")).sized(claimed.bytes());
  const auto honest = parse_ima_binary(ima_record("ima-sig", data.bytes()));
  ASSERT_TRUE(honest.has_value());
  EXPECT_EQ(honest->entries[0].file_digest, Bytes(32, 0x66));
  for (const std::string_view name : {"buf|n-ng|d-ng", "d-ng|n-ng|d-ng", "d-ng|n-ng|d-ngv2", "sig|n-ng|d-ng"}) {
    EXPECT_FALSE(parse_ima_binary(ima_record(name, data.bytes()))) << name;
  }
  Writer path;
  path.raw(ima_ng_data("sha256", Bytes(32, 0x66), "/tmp/evil")).sized(text_bytes("/excluded"));
  EXPECT_FALSE(parse_ima_binary(ima_record("d-ng|n-ng|n-ng", path.bytes())));
  EXPECT_FALSE(parse_ima_binary(ima_record("d-ng", Writer().sized(claimed.bytes()).take())));
}

TEST(ImaLog, TellsTheEntryThatIsNotItsTemplateDigest) {
  Bytes bytes = sample_list();
  append(bytes, ima_record("ima-ng", ima_ng_data("sha256", Bytes(32, 9), "/bad"), Bytes(20, 7)));
  EXPECT_EQ(first_ima_misfit(parse_ima_binary(bytes).value()), 3u);
}

TEST(ImaLog, ReadsListsWithDigestsOfTheirBank) {
  const Bytes data = ima_ng_data("sha256", Bytes(32, 1), "/a");
  Bytes bytes = ima_record("ima-ng", data, crypto::hash(HashAlgorithm::kSha256, data));
  append(bytes, bytes);
  auto log = parse_ima_binary(bytes);
  ASSERT_TRUE(log.has_value());
  EXPECT_FALSE(first_ima_misfit(*log).has_value());
  EXPECT_EQ(log->entries[0].template_digest.size(), 32u);
}

TEST(ImaReplay, ExtendsEachBankInBothStyles) {
  const auto log = parse_ima_binary(sample_list()).value();
  std::vector<Bytes> sha1, padded, own;
  for (const ImaEntry& entry : log.entries) {
    sha1.push_back(entry.template_digest);
    padded.push_back(entry.template_digest);
    padded.back().resize(32);
    own.push_back(crypto::hash(HashAlgorithm::kSha256, entry.template_data));
  }
  EXPECT_EQ(replay_ima(log, kSha1, ImaStyle::kOwnHash), extended(HashAlgorithm::kSha1, sha1));
  EXPECT_EQ(replay_ima(log, kSha256, ImaStyle::kOwnHash), extended(HashAlgorithm::kSha256, own));
  EXPECT_EQ(replay_ima(log, kSha256, ImaStyle::kPaddedSha1), extended(HashAlgorithm::kSha256, padded));
  EXPECT_EQ(match_ima_prefix(log, kSha256, extended(HashAlgorithm::kSha256, padded))->style, ImaStyle::kPaddedSha1);
}

TEST(ImaReplay, AViolationExtendsOnes) {
  const auto log = parse_ima_binary(violation()).value();
  EXPECT_EQ(replay_ima(log, kSha1, ImaStyle::kOwnHash), extended(HashAlgorithm::kSha1, {Bytes(20, 0xff)}));
  EXPECT_EQ(replay_ima(log, kSha256, ImaStyle::kOwnHash), extended(HashAlgorithm::kSha256, {Bytes(32, 0xff)}));
  EXPECT_EQ(replay_ima(log, kSha256, ImaStyle::kPaddedSha1), extended(HashAlgorithm::kSha256, {Bytes(32, 0xff)}));
}

TEST(ImaReplay, EntriesOfOtherRegistersDoNotCount) {
  Bytes bytes = sample_list();
  append(bytes, ima_ng("/elsewhere", 0x55, 11));
  EXPECT_EQ(replay_ima(parse_ima_binary(bytes).value(), kSha256, ImaStyle::kOwnHash),
            replay_ima(parse_ima_binary(sample_list()).value(), kSha256, ImaStyle::kOwnHash));
}

TEST(ImaReplay, AListMayBeAheadOfTheQuoteButNotBehindWhatWasVerified) {
  const auto two =
      parse_ima_binary(
          ByteView(sample_list()).first(ima_ng("boot_aggregate", 0xb0).size() + ima_ng("/init", 0x11).size()))
          .value();
  const Bytes value = replay_ima(two, kSha256, ImaStyle::kOwnHash);
  const auto whole = parse_ima_binary(sample_list()).value();
  EXPECT_EQ(match_ima_prefix(whole, kSha256, value)->count, 2u);
  EXPECT_EQ(match_ima_prefix(whole, kSha256, value, 2)->count, 2u);
  EXPECT_FALSE(match_ima_prefix(whole, kSha256, value, 3).has_value());
  EXPECT_FALSE(match_ima_prefix(whole, kSha256, Bytes(32, 1)).has_value());
  EXPECT_EQ(match_ima_prefix(whole, kSha256, Bytes(32))->count, 0u);
}

}  // namespace
}  // namespace brume::evidence
