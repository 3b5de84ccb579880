// Every TPM quote, event log, CCEL and IMA list of the collection of real evidence beside the source tree: verdict and
// fields. Skips where the collection is absent.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "appraisal/appraise.h"
#include "evidence/cmw.h"
#include "evidence/quote.h"

namespace brume::appraisal {
namespace {

using evidence::EventLogKind;
using evidence::PcrValues;
using evidence::TpmAlgorithm;
using nlohmann::json;

std::string read(const std::string& path) {
  std::ifstream file(std::string(BRUME_SHARED_EVIDENCE) + "/" + path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

std::string part(const json& item, const char* name) {
  const json& files = item["files"];
  return files.contains(name) ? read(files[name]) : std::string();
}

Bytes bytes_of(const std::string& text) { return to_bytes(as_bytes(text)); }

PcrValues values_of(const json& item) {
  auto values = evidence::read_pcr_values(as_bytes(part(item, "pcrs")));
  EXPECT_TRUE(values.has_value());
  return values.value_or(PcrValues{});
}

evidence::TpmEvidence evidence_of(const json& item) {
  evidence::TpmEvidence out;
  out.attest = bytes_of(part(item, "attest"));
  out.signature = bytes_of(part(item, "signature"));
  // The public area where it is there: it says more than the key.
  for (const char* name : {"ak_pub", "ak_pub_tpmt", "ak.pub.tpm2b"}) {
    if (std::string bytes = part(item, name); !bytes.empty()) out.ak_public = bytes_of(bytes);
  }
  out.pcrs = values_of(item);
  out.event_log = bytes_of(part(item, "eventlog"));
  if (std::string bytes = part(item, "ak_cert.der"); !bytes.empty()) out.certificates.push_back(bytes);
  return out;
}

// The key is trusted because the caller handed it in; SHA-1 is some TPMs' only bank.
Policy genuine() {
  AllowEntry entry;
  entry.tee = Tee::kTpm;
  entry.tpm.any_ak = true;
  entry.tpm.sha1_allowed = true;
  entry.roles = {"worker"};
  Policy policy;
  policy.allow.push_back(entry);
  return policy;
}

std::string rules_of(const Refusals& refusals) {
  std::string out;
  for (const Refusal& refusal : refusals) out += (out.empty() ? "" : " ") + refusal.rule + "(" + refusal.got + ")";
  return out;
}

json selection_of(const evidence::TpmAttest& quote) {
  json out = json::array();
  for (const evidence::PcrSelection& bank : quote.selections) {
    json indices = json::array();
    for (std::uint32_t i = 0; i < 32; ++i) {
      if (bank.selects(i)) indices.push_back(i);
    }
    out.push_back({evidence::tpm_hash_name(bank.hash), indices});
  }
  return out;
}

void expect_quote_fields(const json& fields, const evidence::TpmAttest& quote) {
  EXPECT_EQ(json(to_hex(quote.qualified_signer)), fields["qualified_signer"]);
  EXPECT_EQ(json(to_hex(quote.extra_data)), fields["extra_data"]);
  EXPECT_EQ(quote.clock_ms, fields["clock"]);
  EXPECT_EQ(quote.reset_count, fields["reset_count"]);
  EXPECT_EQ(quote.restart_count, fields["restart_count"]);
  EXPECT_EQ(quote.safe ? 1 : 0, fields["safe"]);
  EXPECT_EQ(quote.firmware_version, std::stoull(fields["firmware_version"].get<std::string>(), nullptr, 16));
  EXPECT_EQ(json(to_hex(quote.pcr_digest)), fields["pcr_digest"]);
  EXPECT_EQ(json(selection_of(quote)), fields["pcr_selection"]);
}

std::set<std::uint32_t> indices_of(const PcrValues& values, TpmAlgorithm bank) {
  std::set<std::uint32_t> out;
  for (const evidence::PcrValue& value : values) {
    if (value.bank == bank) out.insert(value.index);
  }
  return out;
}

void expect_replay(const json& expected, const TpmFacts& facts) {
  if (!expected.contains("event_log_replay")) return;
  ASSERT_TRUE(facts.log && facts.log->readable);
  for (const auto& [bank, indices] : expected["event_log_replay"].items()) {
    const auto algorithm = *evidence::tpm_hash_from(bank);
    EXPECT_EQ(json(indices_of(facts.log->matching, algorithm)), indices["matches"]);
    EXPECT_EQ(json(indices_of(facts.log->differing, algorithm)), indices["mismatches"]);
  }
}

void check_quote(const json& item) {
  const evidence::TpmEvidence evidence = evidence_of(item);
  Expected expected;
  expected.role = "worker";
  expected.nonce = from_hex(item["nonce_expected"].get<std::string>()).value();
  Verifier verifier;
  const Findings findings = verifier.examine(
      evidence::encode_cmw(evidence::kTypeTpmQuote, evidence::encode_tpm_evidence(evidence)), genuine(), expected);
  EXPECT_EQ(rules_of(findings.refusals), "");
  EXPECT_EQ(item["expected"]["verdict"], "Valid");
  ASSERT_TRUE(findings.facts_unverified.tpm.has_value());
  const TpmFacts& facts = *findings.facts_unverified.tpm;
  const json& fields = item["fields"];
  expect_quote_fields(fields, facts.quote);
  EXPECT_EQ(fields["signature_hash"], evidence::tpm_hash_name(facts.hash));
  if (!fields["ak_name"].is_null()) {
    EXPECT_EQ(json(to_hex(facts.ak_name)), fields["ak_name"]);
    EXPECT_TRUE(facts.ak_area);
  }
  expect_replay(item["expected"], facts);

  expected.nonce->push_back(0);
  EXPECT_EQ(rules_of(verifier.examine_tpm(evidence, genuine(), expected).refusals).substr(0, 9), "tpm.nonce");
}

// Expected numbers of matching registers, or the registers themselves.
void expect_matches(const json& expected, const EventLogFindings& log, TpmAlgorithm quoted_bank) {
  if (expected.contains("banks")) {
    for (const auto& [bank, count] : expected["banks"].items()) {
      EXPECT_EQ(indices_of(log.matching, *evidence::tpm_hash_from(bank)).size(), count);
    }
  }
  std::set<std::string> matching, differing;
  for (const std::uint32_t index : indices_of(log.matching, quoted_bank)) matching.insert(std::to_string(index));
  for (const std::uint32_t index : indices_of(log.differing, quoted_bank)) differing.insert(std::to_string(index));
  const auto as_set = [](const json& list) { return std::set<std::string>(list.begin(), list.end()); };
  if (expected.contains("pcrs_matching")) {
    EXPECT_EQ(matching, as_set(expected["pcrs_matching"]));
    EXPECT_EQ(differing, as_set(expected["pcrs_mismatching"]));
  }
}

void expect_verdict(const json& expected, const Refusals& refusals) {
  if (expected["verdict"] == "ReplayMismatch") {
    EXPECT_EQ(rules_of(refusals).substr(0, 12), "log.register");
    EXPECT_EQ(refusals.size(), expected["pcrs_mismatching"].size());
  } else {
    EXPECT_EQ(rules_of(refusals), "");
  }
}

void check_log(const json& item) {
  const std::string log = part(item, "eventlog");
  Refusals refusals;
  const auto found = check_event_log(refusals, as_bytes(log), EventLogKind::kTpm, values_of(item));
  const json& expected = item["expected"];
  expect_verdict(expected, refusals);
  EXPECT_EQ(found.event_count, expected["event_count"]);
  json algorithms = json::array();
  for (const TpmAlgorithm algorithm : found.algorithms) algorithms.push_back(evidence::tpm_hash_name(algorithm));
  EXPECT_EQ(algorithms, expected["algorithms"]);
  expect_matches(expected, found, TpmAlgorithm::kSha256);
  EXPECT_TRUE(found.boot.secure_boot.has_value());
  EXPECT_EQ(event_log_kind(*evidence::parse_event_log(as_bytes(log))), EventLogKind::kTpm);
  if (const std::string attest = part(item, "attest"); !attest.empty()) {
    const auto quote = evidence::parse_tpm_attest(as_bytes(attest));
    ASSERT_TRUE(quote.has_value());
    expect_quote_fields(item["fields"], *quote);
    check_values_of_quote(refusals = {}, as_bytes(attest), values_of(item));
    EXPECT_EQ(rules_of(refusals), "");
  }
}

std::vector<evidence::TdRegister> rtmrs_of(const json& item) {
  const std::string bytes = part(item, "quote");
  const auto quote = evidence::parse_quote(as_bytes(bytes));
  EXPECT_TRUE(quote && quote->td_report() != nullptr);
  const auto& rtmrs = quote->td_report()->rtmr;
  for (std::size_t i = 0; i < rtmrs.size(); ++i) EXPECT_EQ(json(rtmrs[i].hex()), item["expected"]["quote_rtmrs"][i]);
  return {rtmrs.begin(), rtmrs.end()};
}

void check_ccel(const json& item) {
  const std::string log = part(item, "ccel");
  const json& expected = item["expected"];
  PcrValues values = rtmr_values(rtmrs_of(item));
  Refusals all;
  const auto whole = check_event_log(all, as_bytes(log), EventLogKind::kCcel, values);
  EXPECT_EQ(whole.event_count, expected["events"]);
  EXPECT_EQ(log.size() - whole.padding_size, expected["log_end"]);
  std::vector<std::uint32_t> matching, in_log;
  for (const evidence::PcrValue& value : replayed_values(as_bytes(log))) {
    in_log.push_back(value.index - 1);
    EXPECT_EQ(json(to_hex(value.value)), expected["replayed"]["RTMR" + std::to_string(value.index - 1)]);
  }
  for (const evidence::PcrValue& value : whole.matching) matching.push_back(value.index - 1);
  EXPECT_EQ(json(matching), expected["rtmrs_matching"]);
  EXPECT_EQ(json(in_log), expected["rtmrs_in_log"]);
  EXPECT_EQ(all.size(), in_log.size() - matching.size()) << rules_of(all);
  // One log is not of its quote's boot but for RTMR0: held against what it is of, it is accepted.
  std::erase_if(values, [&](const evidence::PcrValue& value) {
    return std::ranges::find(matching, value.index - 1) == matching.end();
  });
  Refusals refusals;
  check_event_log(refusals, as_bytes(log), EventLogKind::kCcel, values);
  EXPECT_EQ(rules_of(refusals), "");
  EXPECT_EQ(event_log_kind(*evidence::parse_event_log(as_bytes(log))), EventLogKind::kCcel);
}

std::string replayed_of(const ImaFindings& found, TpmAlgorithm bank) {
  const auto* value = evidence::find_pcr(found.replayed, bank, evidence::kImaPcr);
  return value == nullptr ? "" : to_hex(value->value);
}

void check_ima(const json& item) {
  const json& expected = item["expected"];
  const std::string event_log = part(item, "eventlog");
  PcrValues values = replayed_values(as_bytes(event_log));
  Refusals refusals;
  const auto text = check_ima_log(refusals, as_bytes(part(item, "ima_ascii")), values);
  EXPECT_EQ(rules_of(refusals), "");
  EXPECT_EQ(text.entry_count, expected.contains("ascii_lines") ? expected["ascii_lines"] : expected["entries"]);
  if (!item["files"].contains("ima")) {
    EXPECT_EQ(json(text.templates), expected["templates"]);
    EXPECT_EQ(json(replayed_of(text, TpmAlgorithm::kSha1)), expected["replayed_pcr10_sha1"]);
    return;
  }
  const auto binary = check_ima_log(refusals, as_bytes(part(item, "ima")), values);
  EXPECT_EQ(rules_of(refusals), "");
  EXPECT_EQ(binary.entry_count, expected["ima_entries"]);
  EXPECT_TRUE(binary.boot_aggregate_checked) << "of the event log beside it";
  EXPECT_EQ(json(replayed_of(binary, TpmAlgorithm::kSha1)), expected["replayed_pcr10_sha1"]);
  EXPECT_EQ(json(replayed_of(binary, TpmAlgorithm::kSha256)), expected["replayed_pcr10_sha256"]);
  // The text was read later: what the binary list gives is a prefix of it.
  evidence::add_pcr(values, {TpmAlgorithm::kSha1, 10, *from_hex(replayed_of(binary, TpmAlgorithm::kSha1))}).value();
  const auto later = check_ima_log(refusals, as_bytes(part(item, "ima_ascii")), values);
  EXPECT_EQ(rules_of(refusals), "");
  EXPECT_EQ(later.match_count, binary.entry_count);
  EXPECT_EQ(later.entries->size(), binary.entry_count);
}

TEST(SharedTpmEvidence, EveryCaseGetsItsVerdict) {
  const std::string text = read("MANIFEST.json");
  if (text.empty()) GTEST_SKIP() << "no collection of real evidence at " BRUME_SHARED_EVIDENCE;
  const json manifest = json::parse(text);
  int count = 0;
  for (const json& item : manifest["cases"]) {
    SCOPED_TRACE(item["id"].get<std::string>());
    const std::string type = item["type"];
    if (type == "tpm2-quote") {
      check_quote(item);
    } else if (type.starts_with("tcg-event-log")) {
      check_log(item);
    } else if (type.starts_with("ccel")) {
      check_ccel(item);
    } else if (type.starts_with("ima")) {
      check_ima(item);
    } else {
      continue;
    }
    ++count;
  }
  EXPECT_GE(count, 29);
  RecordProperty("cases", count);
}

}  // namespace
}  // namespace brume::appraisal
