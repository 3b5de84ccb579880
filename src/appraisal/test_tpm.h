// For tests only: a TPM with its own keys, whose every part can be changed before it is quoted. As it stands, its
// evidence is accepted by its own policy.
#pragma once

#include <set>

#include "appraisal/appraise.h"
#include "crypto/testing/test_issuer.h"
#include "evidence/event_replay.h"
#include "evidence/ima_replay.h"
#include "evidence/test_event_log.h"
#include "evidence/time.h"
#include "evidence/tpm_signature.h"

namespace brume::appraisal {

// SEQUENCE of one OID, 2.23.133.8.x; 3: of attestation keys.
inline crypto::Extension tpm_key_usage(std::uint8_t last) {
  return {"2.5.29.37", false, {0x30, 0x07, 0x06, 0x05, 0x67, 0x81, 0x05, 0x08, last}};
}

struct TestTpm {
  static constexpr UnixMs kDay = 86'400'000;
  UnixMs now = evidence::parse_time("2026-06-15T12:00:00Z").value();

  crypto::testing::TestKey ak = crypto::testing::TestKey::ec("P-256");
  crypto::HashAlgorithm hash = crypto::HashAlgorithm::kSha256;
  crypto::SignatureScheme scheme = crypto::SignatureScheme::kEcdsa;
  std::uint32_t attributes = 0x00050072;
  bool scheme_in_area = true;

  evidence::TestEventLog log = default_log();
  Bytes ima_list = default_ima();
  Bytes ima_quoted = ima_list;  // what the kernel had extended when the quote was made
  evidence::TpmAttest attest;
  evidence::TpmEvidence evidence;
  Expected expected;

  static evidence::TestEventLog default_log() {
    evidence::TestEventLog out;
    out.add(0, evidence::kEvSCrtmVersion, evidence::utf16("v1", true));
    out.variable(7, evidence::kEfiGlobalVariable.bytes, "SecureBoot", Bytes{1});
    for (std::uint32_t pcr = 0; pcr < 8; ++pcr) out.separator(pcr);
    out.add(4, evidence::kEvEfiBootServicesApplication, Bytes(32), evidence::text_bytes("boot loader"));
    out.grub("linux /vmlinuz quiet");
    out.add(9, evidence::kEvIpl, evidence::text_bytes("/vmlinuz"), evidence::text_bytes("kernel"));
    out.add(8, evidence::kEvIpl, evidence::text_bytes("kernel_cmdline: /vmlinuz quiet"),
            evidence::text_bytes("/vmlinuz quiet", false));
    out.grub("initrd /initrd.img");
    out.add(9, evidence::kEvIpl, evidence::text_bytes("/initrd.img"), evidence::text_bytes("initrd"));
    return out;
  }

  static Bytes default_ima() {
    Bytes out = evidence::ima_ng("/init", 0x11);
    append(out, evidence::ima_ng("/usr/bin/brume", 0x22));
    return out;
  }

  TestTpm() {
    attest.qualified_signer = Bytes(34, 0x0b);
    attest.clock_ms = 1'000'000;
    attest.reset_count = 5;
    attest.firmware_version = 0x10;
    attest.selections = {{evidence::TpmAlgorithm::kSha256, 3, 0x00ffff}};
    expected.now_ms = now;
    expected.role = "worker";
    expected.report_data.bytes.fill(0xda);
    attest.extra_data = tpm_nonce(expected.report_data);
  }

  static evidence::TpmAlgorithm tpm_hash(crypto::HashAlgorithm hash) {
    return hash == crypto::HashAlgorithm::kSha1     ? evidence::TpmAlgorithm::kSha1
           : hash == crypto::HashAlgorithm::kSha256 ? evidence::TpmAlgorithm::kSha256
                                                    : evidence::TpmAlgorithm::kSha384;
  }
  evidence::TpmAlgorithm tpm_scheme() const {
    return scheme == crypto::SignatureScheme::kEcdsa      ? evidence::TpmAlgorithm::kEcdsa
           : scheme == crypto::SignatureScheme::kRsaPkcs1 ? evidence::TpmAlgorithm::kRsaSsa
                                                          : evidence::TpmAlgorithm::kRsaPss;
  }

  evidence::TpmPublic area() const {
    evidence::TpmPublic out;
    const auto key = ak.public_key();
    out.attributes = attributes;
    if (scheme_in_area) out.scheme = {tpm_scheme(), tpm_hash(hash), 0};
    if (key.kind() == crypto::KeyKind::kRsa) {
      out.rsa_modulus = key.rsa_modulus();
      out.rsa_bits = static_cast<std::uint16_t>(8 * out.rsa_modulus.size());
      return out;
    }
    const bool p256 = key.kind() == crypto::KeyKind::kP256;
    const std::size_t size = p256 ? 32 : 48;
    const Bytes spki = key.spki_der();
    out.type = evidence::TpmAlgorithm::kEcc;
    out.curve = p256 ? 3 : 4;
    out.x = to_bytes(ByteView(spki).last(2 * size).first(size));
    out.y = to_bytes(ByteView(spki).last(size));
    return out;
  }

  // The values that log and list give, zeros where neither extends.
  evidence::PcrValues values(evidence::TpmAlgorithm bank) const {
    const Bytes bytes = log.bytes();
    auto registers = evidence::replay_event_log(evidence::parse_event_log(bytes).value(), bank).value();
    const auto list = evidence::read_ima_log(ima_quoted).value();
    registers[evidence::kImaPcr] = evidence::replay_ima(list, bank, evidence::ImaStyle::kOwnHash);
    evidence::PcrValues out;
    for (std::uint32_t index = 0; index < evidence::kPcrCount; ++index) {
      Bytes value = registers.contains(index) ? registers[index] : Bytes(evidence::tpm_digest_size(bank));
      out.push_back({bank, index, std::move(value)});
    }
    return out;
  }

  Bytes sign(ByteView message) const {
    evidence::TpmSignature out;
    out.scheme = tpm_scheme();
    out.hash = tpm_hash(hash);
    if (scheme != crypto::SignatureScheme::kEcdsa) {
      out.rsa = ak.sign({scheme, hash}, message);
    } else {
      const std::size_t size = ak.public_key().kind() == crypto::KeyKind::kP256 ? 32 : 48;
      const Bytes raw = ak.sign_ecdsa_raw(hash, message, size);
      out.r = to_bytes(ByteView(raw).first(size));
      out.s = to_bytes(ByteView(raw).last(size));
    }
    return evidence::encode_tpmt_signature(out);
  }

  // Makes the evidence that the fields say, but for what has been set in `evidence` already: its certificates.
  TestTpm& quote() {
    evidence.pcrs = values(evidence::TpmAlgorithm::kSha256);
    for (auto& value : values(evidence::TpmAlgorithm::kSha1)) evidence.pcrs.push_back(std::move(value));
    evidence.event_log = log.bytes();
    evidence.ima_log = ima_list;
    evidence.ak_public = evidence::encode_tpmt_public(area());
    return quote_values();
  }
  // The same with the PCR values that `evidence` has.
  TestTpm& quote_values() {
    attest.pcr_digest = crypto::hash(hash, evidence::concatenate_pcrs(attest.selections, evidence.pcrs).value());
    return sign_attest();
  }
  TestTpm& sign_attest() {
    evidence.attest = evidence::encode_tpm_attest(attest);
    evidence.signature = sign(evidence.attest);
    return *this;
  }

  Bytes name() const { return evidence::tpm_name(area()).value(); }

  AllowEntry entry() const {
    AllowEntry out;
    out.tee = Tee::kTpm;
    out.tpm.ak_names = {name()};
    out.roles = {"worker"};
    return out;
  }

  Findings examine(const AllowEntry& allowed) const {
    Verifier verifier;
    return examine(verifier, allowed);
  }
  Findings examine(Verifier& verifier, const AllowEntry& allowed) const {
    Policy policy;
    policy.allow.push_back(allowed);
    return verifier.examine_tpm(evidence, policy, expected);
  }
  Findings examine() const { return examine(entry()); }
};

// "rule rule": what was refused, sorted, each once.
inline std::string refused(const Findings& findings) {
  std::set<std::string> rules;
  for (const Refusal& refusal : findings.refusals) rules.insert(refusal.rule);
  std::string out;
  for (const std::string& rule : rules) out += (out.empty() ? "" : " ") + rule;
  return out;
}

}  // namespace brume::appraisal
