#include "evidence/event_log.h"

#include <gtest/gtest.h>

#include "evidence/event_replay.h"
#include "evidence/test_event_log.h"

namespace brume::evidence {
namespace {

using enum TpmAlgorithm;

TestEventLog sample() {
  TestEventLog log;
  log.add(0, kEvSCrtmVersion, utf16("v1", true)).separator(0).separator(4);
  log.add(4, kEvEfiAction, text_bytes("Calling EFI Application from Boot Option", false));
  return log;
}

Bytes extended(TpmAlgorithm bank, Bytes value, const std::vector<Bytes>& events) {
  for (const Bytes& event : events)
    value = extend_pcr(*tpm_crypto_hash(bank), value, crypto::hash(*tpm_crypto_hash(bank), event));
  return value;
}

TEST(EventLog, RoundTripsAndRefusesEveryCutWithinARecord) {
  const Bytes bytes = sample().bytes();
  auto log = parse_event_log(bytes);
  ASSERT_TRUE(log.has_value());
  EXPECT_TRUE(log->agile);
  EXPECT_EQ(log->events.size(), 4u);
  EXPECT_EQ(encode_event_log(*log), bytes);
  std::size_t whole = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = parse_event_log(ByteView(bytes).first(size));
    if (cut) ++whole;
    if (cut) {
      EXPECT_EQ(encode_event_log(*cut).size() + cut->padding_size, size);
    }
  }
  EXPECT_EQ(whole, 4u) << "only between records";
}

TEST(EventLog, ReadsTheOldForm) {
  TestEventLog log({kSha1}, false);
  log.separator(0).separator(7);
  auto parsed = parse_event_log(log.bytes());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_FALSE(parsed->agile);
  EXPECT_EQ(parsed->events.size(), 2u);
  EXPECT_EQ(encode_event_log(*parsed), log.bytes());
}

TEST(EventLog, CountsPaddingAndRefusesWhatFollowsIt) {
  for (const std::uint8_t fill : ByteArray<2>{0x00, 0xff}) {
    Bytes bytes = sample().bytes();
    bytes.resize(bytes.size() + 100, fill);
    auto log = parse_event_log(bytes);
    ASSERT_TRUE(log.has_value());
    EXPECT_EQ(log->padding_size, 100u);
    EXPECT_EQ(log->events.size(), 4u);
    bytes.back() = 0x55;
    EXPECT_FALSE(parse_event_log(bytes));
  }
}

TEST(EventLog, RefusesDigestsThatItsHeaderDoesNotName) {
  const Bytes good = sample().bytes();
  const std::size_t first = parse_event_log(good)->header_record.size();
  for (const auto& [at, value] :
       std::vector<std::pair<std::size_t, std::uint8_t>>{
           {first, 24},           // register
           {first + 8, 3},        // more digests than algorithms
           {first + 8, 0xff},     //
           {first + 12, 0x0c},    // an algorithm that the header does not have
           {first + 34, 0x04},    // the same one twice
           {first + 68 + 3, 9}})  // data size
  {
    Bytes bytes = good;
    bytes[at] = value;
    EXPECT_FALSE(parse_event_log(bytes)) << at;
  }
}

TEST(EventLog, RefusesHeadersThatDoNotAddUp) {
  const Bytes good = sample().bytes();
  const std::size_t spec = 32;
  for (const auto& [at, value] : std::vector<std::pair<std::size_t, std::uint8_t>>{
           {spec + 24, 0}, {spec + 24, 3}, {spec + 24, 9}, {spec + 30, 21}, {spec + 32, 0x04}, {spec + 36, 1}}) {
    Bytes bytes = good;
    bytes[at] = value;
    EXPECT_FALSE(parse_event_log(bytes)) << at;
  }
}

TEST(EventLog, EventsMayHaveNoData) {
  TestEventLog old({kSha1}, false);
  old.add(0, kEvSCrtmVersion, {});
  EXPECT_EQ(parse_event_log(old.bytes())->events.size(), 1u);
  TestEventLog agile;
  agile.add(0, kEvSCrtmVersion, {}).separator(0);
  EXPECT_EQ(parse_event_log(agile.bytes())->events.size(), 2u);
}

TEST(EventLog, AShortFirstEventIsNoHeader) {
  for (const std::string_view text : {"", "Spec", "Spec ID Event00", "Spec ID Event03"}) {
    TestEventLog log({kSha1}, false);
    log.add(0, kEvNoAction, text_bytes(text, false)).separator(0);
    auto parsed = parse_event_log(log.bytes());
    ASSERT_TRUE(parsed.has_value()) << text;
    EXPECT_FALSE(parsed->agile);
    EXPECT_EQ(parsed->events.size(), 2u);
  }
  TestEventLog cut({kSha1}, false);
  cut.add(0, kEvNoAction, text_bytes("Spec ID Event03"));
  EXPECT_FALSE(parse_event_log(cut.bytes())) << "a header without its algorithms";
}

TEST(EventLog, ADataSizeBeyondTheEndIsRefused) {
  for (const std::uint32_t size : {1u, 5u, 0x7fffffffu, 0xffffffffu}) {
    Writer old;
    old.u32le(0).u32le(kEvSeparator).zeros(20).u32le(size);
    EXPECT_FALSE(parse_event_log(old.bytes())) << size;
  }
}

TEST(EventLog, NamesTypes) {
  EXPECT_EQ(event_type_name(kEvSeparator), "EV_SEPARATOR");
  EXPECT_EQ(event_type_name(0x77777777), "unknown");
}

TEST(EventReplay, ExtendsEachBank) {
  const Bytes bytes = sample().bytes();
  auto log = parse_event_log(bytes);
  for (const TpmAlgorithm bank : {kSha1, kSha256}) {
    auto registers = replay_event_log(*log, bank);
    ASSERT_TRUE(registers.has_value());
    ASSERT_EQ(registers->size(), 2u);
    EXPECT_EQ(registers->at(0), extended(bank, Bytes(tpm_digest_size(bank)), {utf16("v1", true), Bytes(4)}));
  }
  EXPECT_FALSE(replay_event_log(*log, kSha384)) << "a bank that is not there";
}

TEST(EventReplay, ExtendsSm3) {
  TestEventLog log({kSm3});
  log.separator(1);
  auto registers = replay_event_log(*parse_event_log(log.bytes()), kSm3);
  ASSERT_TRUE(registers.has_value());
  EXPECT_EQ(registers->at(1), extended(kSm3, Bytes(32), {Bytes(4)}));
}

TEST(EventReplay, NoActionNeverExtends) {
  const TestEventLog without = sample();
  TestEventLog with = sample();
  with.add(4, kEvNoAction, text_bytes("SP800-155 Event3")).add(0xffffffff, kEvNoAction, Bytes(3));
  EXPECT_EQ(*replay_event_log(*parse_event_log(with.bytes()), kSha256),
            *replay_event_log(*parse_event_log(without.bytes()), kSha256));
}

TEST(EventReplay, StartsPcr0FromTheStartupLocality) {
  for (const std::uint8_t locality : ByteArray<3>{0, 3, 4}) {
    TestEventLog log;
    log.locality(locality).separator(0).separator(1);
    const Bytes bytes = log.bytes();
    auto registers = replay_event_log(*parse_event_log(bytes), kSha256);
    ASSERT_TRUE(registers.has_value());
    Bytes initial(32);
    initial.back() = locality;
    EXPECT_EQ(registers->at(0), extended(kSha256, initial, {Bytes(4)}));
    EXPECT_EQ(registers->at(1), extended(kSha256, Bytes(32), {Bytes(4)}));
  }
}

TEST(EventReplay, AHardwareTrustRootMeansLocality4) {
  TestEventLog log;
  log.add(0, kEvEfiHcrtmEvent, text_bytes("HCRTM"));
  const Bytes bytes = log.bytes();
  Bytes initial(32);
  initial.back() = 4;
  EXPECT_EQ(replay_event_log(*parse_event_log(bytes), kSha256)->at(0),
            extended(kSha256, initial, {text_bytes("HCRTM")}));
}

TEST(EventReplay, RefusesAStartupLocalityThatCannotBe) {
  const auto refused = [](const TestEventLog& log) {
    const Bytes bytes = log.bytes();
    return !replay_event_log(parse_event_log(bytes).value(), kSha256);
  };
  EXPECT_TRUE(refused(TestEventLog().locality(1).separator(0)));
  EXPECT_TRUE(refused(TestEventLog().locality(3).locality(3).separator(0)));
  EXPECT_TRUE(refused(TestEventLog().separator(0).locality(3)));
  EXPECT_TRUE(refused(TestEventLog().add(1, kEvNoAction, text_bytes("StartupLocality\0\3"))));
  EXPECT_TRUE(refused(TestEventLog().add(0, kEvNoAction, text_bytes("StartupLocality"))));
  EXPECT_FALSE(refused(TestEventLog().separator(1).locality(3).separator(0)));
}

}  // namespace
}  // namespace brume::evidence
