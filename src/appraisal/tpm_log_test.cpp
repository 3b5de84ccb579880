// Event logs and IMA lists against register values: one that holds, and for each rule one that differs in just that.
#include <gtest/gtest.h>

#include "appraisal/test_tpm.h"

namespace brume::appraisal {
namespace {

using evidence::EventLogKind;
using evidence::PcrValues;
using evidence::TestEventLog;
using evidence::TpmAlgorithm;

std::string rules_in(const Refusals& refusals) {
  std::string out;
  for (const Refusal& refusal : refusals) out += (out.empty() ? "" : " ") + refusal.rule;
  return out;
}

std::string check(const TestEventLog& log, const PcrValues& values, EventLogKind kind = EventLogKind::kTpm) {
  Refusals refusals;
  check_event_log(refusals, log.bytes(), kind, values);
  return rules_in(refusals);
}

PcrValues own_values(const TestEventLog& log) { return replayed_values(log.bytes()); }

TEST(EventLogCheck, AcceptsWhatReplaysAndTellsOnlyThat) {
  const TestEventLog log = TestTpm::default_log();
  Refusals refusals;
  const auto found = check_event_log(refusals, log.bytes(), EventLogKind::kTpm, own_values(log));
  EXPECT_EQ(rules_in(refusals), "");
  EXPECT_EQ(found.matching.size(), 20u) << "PCR 0 to 9 of two banks";
  EXPECT_TRUE(found.differing.empty());
  EXPECT_TRUE(found.unchecked.empty());
  EXPECT_EQ(found.boot.secure_boot, true);
  EXPECT_EQ(found.boot.kernels.size(), 1u);
}

TEST(EventLogCheck, ARegisterWithAnotherValueIsRefusedAndItsEventsSayNothing) {
  const TestEventLog log = TestTpm::default_log();
  PcrValues values = own_values(log);
  for (auto& value : values) {
    if (value.index == 7) value.value[0] ^= 1;
  }
  Refusals refusals;
  const auto found = check_event_log(refusals, log.bytes(), EventLogKind::kTpm, values);
  EXPECT_EQ(rules_in(refusals), "log.register log.register");
  EXPECT_EQ(found.differing.size(), 2u);
  EXPECT_EQ(found.boot.secure_boot, std::nullopt);
  EXPECT_EQ(found.boot.commands.size(), 2u);
}

TEST(EventLogCheck, EveryEventCounts) {
  const TestEventLog log = TestTpm::default_log();
  const PcrValues values = own_values(log);
  auto parsed = evidence::parse_event_log(log.bytes()).value();
  for (std::size_t i = 0; i < parsed.events.size(); ++i) {
    auto without = parsed;
    without.events.erase(without.events.begin() + static_cast<std::ptrdiff_t>(i));
    Refusals refusals;
    check_event_log(refusals, evidence::encode_event_log(without), EventLogKind::kTpm, values);
    EXPECT_FALSE(refusals.empty()) << i;
    auto twice = parsed;
    twice.events.push_back(parsed.events[i]);
    refusals.clear();
    check_event_log(refusals, evidence::encode_event_log(twice), EventLogKind::kTpm, values);
    EXPECT_FALSE(refusals.empty()) << i;
  }
}

TEST(EventLogCheck, EveryDigestByteCounts) {
  const TestEventLog log = TestTpm::default_log();
  const PcrValues values = own_values(log);
  const auto parsed = evidence::parse_event_log(log.bytes()).value();
  for (const evidence::LogEvent& event : parsed.events) {
    for (const evidence::EventDigest& digest : event.digests) {
      Bytes bytes = log.bytes();
      bytes[static_cast<std::size_t>(digest.digest.data() - log.bytes().data())] ^= 1;
      Refusals refusals;
      check_event_log(refusals, bytes, EventLogKind::kTpm, values);
      EXPECT_NE(rules_in(refusals), "");
    }
  }
}

TEST(EventLogCheck, EveryTruncationIsRefused) {
  const TestEventLog log = TestTpm::default_log();
  const PcrValues values = own_values(log);
  for (std::size_t size = 0; size < log.bytes().size(); ++size) {
    Refusals refusals;
    check_event_log(refusals, ByteView(log.bytes()).first(size), EventLogKind::kTpm, values);
    EXPECT_FALSE(refusals.empty()) << size;
  }
}

TEST(EventLogCheck, RegistersOfFirmwareThatTheLogDoesNotExplain) {
  const TestEventLog log = TestTpm::default_log();
  for (std::uint32_t index = 0; index < evidence::kPcrCount; ++index) {
    PcrValues values = own_values(log);
    std::erase_if(values, [&](const evidence::PcrValue& value) { return value.index == index; });
    TestEventLog without;
    auto parsed = evidence::parse_event_log(log.bytes()).value();
    std::erase_if(parsed.events, [&](const evidence::LogEvent& event) { return event.pcr == index; });
    values.push_back({TpmAlgorithm::kSha256, index, Bytes(32, 5)});
    Refusals refusals;
    check_event_log(refusals, evidence::encode_event_log(parsed), EventLogKind::kTpm, values);
    EXPECT_EQ(rules_in(refusals), index <= 9 || index == 14 ? "log.unexplained" : "") << index;
    values.back().value = Bytes(32);
    refusals.clear();
    check_event_log(refusals, evidence::encode_event_log(parsed), EventLogKind::kTpm, values);
    EXPECT_EQ(rules_in(refusals), "") << index;
  }
}

TEST(EventLogCheck, ALogAloneProvesNothing) {
  const TestEventLog log = TestTpm::default_log();
  EXPECT_EQ(check(log, {}), "log.values.missing");
  EXPECT_EQ(check(log, {{TpmAlgorithm::kSha384, 0, Bytes(48)}}), "log.values.missing") << "a bank that it has not";
  EXPECT_EQ(check(log, {{TpmAlgorithm::kSha256, 10, Bytes(32, 1)}}), "log.values.missing");
}

TEST(EventLogCheck, WhatIsNoLogIsRefused) {
  Refusals refusals;
  EXPECT_FALSE(check_event_log(refusals, Bytes(31), EventLogKind::kTpm, {}).readable);
  EXPECT_EQ(rules_in(refusals), "log.format");
}

TEST(EventLogCheck, FaultsOfFirmwareAreRefused) {
  TestEventLog twice = TestTpm::default_log();
  twice.separator(7);
  EXPECT_EQ(check(twice, own_values(twice)), "log.separator.twice");
  TestEventLog failed;
  failed.add(0, evidence::kEvSeparator, Bytes(4), ByteArray<4>{1, 0, 0, 0});
  EXPECT_EQ(check(failed, own_values(failed)), "log.separator.error");
  TestEventLog other;
  other.add(0, evidence::kEvSeparator, Bytes(4), Bytes(3));
  EXPECT_EQ(check(other, own_values(other)), "log.separator.data");
  TestEventLog lie;
  lie.add(7, evidence::kEvEfiVariableDriverConfig,
          evidence::efi_variable(evidence::kEfiGlobalVariable.bytes, "SecureBoot", Bytes{1}),
          evidence::efi_variable(evidence::kEfiGlobalVariable.bytes, "SecureBoot", Bytes{0}));
  EXPECT_EQ(check(lie, own_values(lie)), "log.config-data");
}

TEST(EventLogCheck, AStartupLocalityThatCannotBeIsRefused) {
  TestEventLog log;
  log.separator(0);
  const PcrValues values = own_values(log);
  TestEventLog other;
  other.locality(3).separator(0);
  EXPECT_EQ(check(other, values), "log.register log.register");
  TestEventLog wrong;
  wrong.locality(2).separator(0);
  EXPECT_EQ(check(wrong, values), "log.replay log.replay log.values.missing");
}

TEST(EventLogCheck, ACcelReplaysToRuntimeRegisters) {
  TestEventLog log({TpmAlgorithm::kSha384}, true, 1);
  log.variable(1, evidence::kEfiGlobalVariable.bytes, "SecureBoot", Bytes{1}).separator(1).separator(2);
  log.add(3, evidence::kEvIpl, evidence::text_bytes("grub_cmd: boot"), evidence::text_bytes("boot", false));
  const auto parsed = evidence::parse_event_log(log.bytes()).value();
  EXPECT_EQ(event_log_kind(parsed), EventLogKind::kCcel);
  std::vector<evidence::TdRegister> rtmrs(4);
  for (const auto& value : own_values(log)) rtmrs.at(value.index - 1) = *evidence::TdRegister::from(value.value);
  EXPECT_EQ(check(log, rtmr_values(rtmrs), EventLogKind::kCcel), "");
  for (std::size_t i = 0; i < 4; ++i) {
    auto other = rtmrs;
    other[i].bytes[0] ^= 1;
    EXPECT_EQ(check(log, rtmr_values(other), EventLogKind::kCcel), i == 3 ? "" : "log.register") << i;
  }
  TestEventLog shorter({TpmAlgorithm::kSha384}, true, 1);
  shorter.variable(1, evidence::kEfiGlobalVariable.bytes, "SecureBoot", Bytes{1}).separator(1);
  EXPECT_EQ(check(shorter, rtmr_values(rtmrs), EventLogKind::kCcel), "log.unexplained") << "RTMR1";
  EXPECT_EQ(event_log_kind(evidence::parse_event_log(TestTpm::default_log().bytes()).value()), EventLogKind::kTpm);
}

std::string check_ima(ByteView list, const PcrValues& values, std::size_t least = 0) {
  Refusals refusals;
  check_ima_log(refusals, list, values, least);
  return rules_in(refusals);
}

PcrValues ima_value(ByteView list) {
  const auto parsed = evidence::read_ima_log(list).value();
  return {
      {TpmAlgorithm::kSha256, 10, evidence::replay_ima(parsed, TpmAlgorithm::kSha256, evidence::ImaStyle::kOwnHash)}};
}

TEST(ImaCheck, AcceptsAnyPrefixThatIsNotShorterThanWhatWasVerified) {
  Bytes longer = TestTpm::default_ima();
  const PcrValues values = ima_value(longer);
  EXPECT_EQ(check_ima(longer, values), "");
  append(longer, evidence::ima_ng("/usr/bin/later", 0x33));
  Refusals refusals;
  const auto found = check_ima_log(refusals, longer, values);
  EXPECT_EQ(rules_in(refusals), "");
  EXPECT_EQ(found.match_count, 2u);
  EXPECT_EQ(found.entry_count, 3u);
  EXPECT_EQ(found.entries->size(), 2u) << "what came later is not covered";
  EXPECT_EQ(check_ima(longer, values, 2), "");
  EXPECT_EQ(check_ima(longer, values, 3), "ima.replay");
}

TEST(ImaCheck, EveryByteOfTheListCounts) {
  const Bytes list = TestTpm::default_ima();
  const PcrValues values = ima_value(list);
  for (std::size_t at = 0; at < list.size(); ++at) {
    Bytes other = list;
    other[at] ^= 1;
    EXPECT_NE(check_ima(other, values), "") << at;
  }
  for (std::size_t size = 1; size < list.size(); ++size) {
    EXPECT_NE(check_ima(ByteView(list).first(size), values), "") << size;
  }
}

TEST(ImaCheck, EntriesAreWhatTheirTemplateDigestIsOf) {
  Bytes list = TestTpm::default_ima();
  append(list, evidence::ima_record("ima-ng", evidence::ima_ng_data("sha256", Bytes(32, 9), "/bad"), Bytes(20, 7)));
  EXPECT_EQ(check_ima(list, {}), "ima.template-digest");
}

TEST(ImaCheck, EntriesOfAnotherRegisterAreRefused) {
  Bytes list = TestTpm::default_ima();
  append(list, evidence::ima_ng("/elsewhere", 0x55, 16));
  EXPECT_EQ(check_ima(list, ima_value(list)), "ima.register");
}

TEST(ImaCheck, WithoutTheRegisterTheReplayIsOnlyReported) {
  const Bytes list = TestTpm::default_ima();
  Refusals refusals;
  const auto found = check_ima_log(refusals, list, {});
  EXPECT_EQ(rules_in(refusals), "");
  EXPECT_EQ(found.match_count, std::nullopt);
  EXPECT_EQ(found.replayed.size(), 2u);
  EXPECT_EQ(found.templates, std::vector<std::string>{"ima-ng"});
  EXPECT_EQ(check_ima(Bytes(3, 'x'), {}), "ima.format");
}

TEST(ImaCheck, AllBanksMustAgreeOnHowFarTheQuoteReaches) {
  Bytes list = TestTpm::default_ima();
  PcrValues values = ima_value(evidence::ima_ng("/init", 0x11));
  const auto whole = evidence::read_ima_log(list).value();
  values.push_back(
      {TpmAlgorithm::kSha1, 10, evidence::replay_ima(whole, TpmAlgorithm::kSha1, evidence::ImaStyle::kOwnHash)});
  EXPECT_EQ(check_ima(list, values), "ima.replay");
}

TEST(ImaCheck, BootAggregateIsOfTheRegisters) {
  PcrValues values;
  Bytes eight, ten;
  for (std::uint32_t i = 0; i < 10; ++i) {
    values.push_back({TpmAlgorithm::kSha256, i, Bytes(32, static_cast<std::uint8_t>(i + 1))});
    append(ten, values.back().value);
    if (i < 8) append(eight, values.back().value);
  }
  const auto with = [](ByteView digest) {
    return evidence::ima_record("ima-ng", evidence::ima_ng_data("sha256", digest, "boot_aggregate"));
  };
  const auto hash = crypto::HashAlgorithm::kSha256;
  EXPECT_EQ(check_ima(with(crypto::hash(hash, eight)), values), "") << "kernels before 5.8";
  EXPECT_EQ(check_ima(with(crypto::hash(hash, ten)), values), "");
  EXPECT_EQ(check_ima(with(Bytes(32)), values), "ima.boot-aggregate");
  values.resize(8);
  EXPECT_EQ(check_ima(with(crypto::hash(hash, ten)), values), "") << "without PCR 8 and 9 nobody can tell";
}

TEST(ValuesOfAQuote, AreThoseOfItsDigest) {
  TestTpm tpm;
  tpm.quote();
  const auto check = [&](const PcrValues& values) {
    Refusals refusals;
    check_values_of_quote(refusals, tpm.evidence.attest, values);
    return rules_in(refusals);
  };
  EXPECT_EQ(check(tpm.evidence.pcrs), "");
  PcrValues other = tpm.evidence.pcrs;
  other[0].value[0] ^= 1;
  EXPECT_EQ(check(other), "tpm.pcr.digest");
  other.erase(other.begin());
  EXPECT_EQ(check(other), "") << "not all are there";
  tpm.evidence.attest.pop_back();
  EXPECT_EQ(check(other), "tpm.quote.format");
}

TEST(TpmEvidenceLogs, AreHeldAgainstTheQuote) {
  TestTpm tpm;
  append(tpm.ima_list, evidence::ima_ng("/usr/bin/later", 0x33));
  EXPECT_EQ(refused(tpm.quote().examine()), "") << "the list is read after the quote";
  TestTpm log = tpm;
  log.evidence.event_log = TestEventLog().separator(0).bytes();
  EXPECT_EQ(refused(log.examine()), "log.register log.unexplained");
  TestTpm list = tpm;
  list.evidence.ima_log = evidence::ima_ng("/other", 0x44);
  EXPECT_EQ(refused(list.examine()), "ima.replay");
  TestTpm debug;
  debug.log.add(7, evidence::kEvEfiAction, evidence::text_bytes("UEFI Debug Mode", false));
  EXPECT_EQ(refused(debug.quote().examine()), "policy.debug");
}

TEST(TpmEvidenceLogs, ReachAsFarAsTheyDidBefore) {
  TestTpm tpm;
  tpm.expected.ima_least_count = 2;
  EXPECT_EQ(refused(tpm.quote().examine()), "");
  tpm.expected.ima_least_count = 3;
  EXPECT_EQ(refused(tpm.examine()), "ima.replay");
}

TEST(TpmEvidenceLogs, SayNothingOfRegistersThatAreNotQuoted) {
  TestTpm tpm;
  tpm.attest.selections = {{TpmAlgorithm::kSha256, 3, 0x0000ff & ~(1u << 7)}};
  const Findings findings = tpm.quote().examine();
  EXPECT_EQ(refused(findings), "");
  EXPECT_EQ(findings.facts_unverified.tpm->log->boot.secure_boot, std::nullopt);
  EXPECT_TRUE(findings.facts_unverified.tpm->log->boot.commands.empty());
}

}  // namespace
}  // namespace brume::appraisal
