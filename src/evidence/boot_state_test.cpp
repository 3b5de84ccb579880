#include "evidence/boot_state.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "evidence/test_event_log.h"

namespace brume::evidence {
namespace {

using enum TpmAlgorithm;

const ByteView kGlobal = kEfiGlobalVariable.bytes;
const ByteView kDatabase = kEfiImageSecurityDatabase.bytes;

BootState state_of(const TestEventLog& log, EventLogKind kind = EventLogKind::kTpm, TpmAlgorithm bank = kSha256) {
  auto parsed = parse_event_log(log.bytes());
  EXPECT_TRUE(parsed.has_value());
  return read_boot_state(*parsed, bank, kind);
}

Bytes sha256_of(ByteView bytes) { return crypto::hash(crypto::HashAlgorithm::kSha256, bytes); }

TestEventLog secure_boot(std::uint8_t on) {
  TestEventLog log;
  log.variable(7, kGlobal, "SecureBoot", Bytes{on});
  return log;
}

bool has(const BootState& state, BootFaultKind kind) {
  for (const BootFault& fault : state.faults) {
    if (fault.kind == kind) return true;
  }
  return false;
}

TEST(BootState, SecureBootIsWhatFirmwareSaidBeforeTheSeparator) {
  EXPECT_EQ(state_of(secure_boot(1).separator(7)).secure_boot, true);
  EXPECT_EQ(state_of(secure_boot(0).separator(7)).secure_boot, false);
  EXPECT_EQ(state_of(secure_boot(1)).secure_boot, std::nullopt) << "no separator";
  TestEventLog late;
  late.separator(7).variable(7, kGlobal, "SecureBoot", Bytes{1});
  EXPECT_EQ(state_of(late).secure_boot, std::nullopt);
  EXPECT_EQ(state_of(secure_boot(0).variable(7, kGlobal, "SecureBoot", Bytes{1}).separator(7)).secure_boot, false);
  TestEventLog elsewhere;
  elsewhere.variable(1, kGlobal, "SecureBoot", Bytes{1}).separator(7);
  EXPECT_EQ(state_of(elsewhere).secure_boot, std::nullopt);
  TestEventLog stranger;
  stranger.variable(7, kDatabase, "SecureBoot", Bytes{1}).separator(7);
  EXPECT_EQ(state_of(stranger).secure_boot, std::nullopt);
}

TEST(BootState, LooksOnlyAtTheRegistersThatItIsTold) {
  const TestEventLog log = secure_boot(1).separator(7).grub("boot");
  auto parsed = parse_event_log(log.bytes());
  const BootState state = read_boot_state(*parsed, kSha256, EventLogKind::kTpm, 1u << 8);
  EXPECT_EQ(state.secure_boot, std::nullopt);
  EXPECT_EQ(state.commands.size(), 1u);
  EXPECT_TRUE(read_boot_state(*parsed, kSha256, EventLogKind::kTpm, 1u << 7).commands.empty());
}

TEST(BootState, SecureBootThatIsNotWhatWasMeasuredIsAFault) {
  TestEventLog log;
  log.add(7, kEvEfiVariableDriverConfig, efi_variable(kGlobal, "SecureBoot", Bytes{1}),
          efi_variable(kGlobal, "SecureBoot", Bytes{0}));
  log.separator(7);
  const BootState state = state_of(log);
  EXPECT_EQ(state.secure_boot, std::nullopt);
  EXPECT_TRUE(has(state, BootFaultKind::kConfigData));
}

TEST(BootState, OneSeparatorEndsAFirmwareRegister) {
  TestEventLog log;
  log.separator(0).separator(7);
  EXPECT_TRUE(state_of(log).faults.empty());
  log.separator(7);
  const BootState state = state_of(log);
  ASSERT_EQ(state.faults.size(), 1u);
  EXPECT_EQ(state.faults[0].kind, BootFaultKind::kSeparatorTwice);
  EXPECT_EQ(state.faults[0].event, 2u);
  EXPECT_EQ(state.faults[0].pcr, 7u);
  TestEventLog windows;
  windows.add(12, kEvSeparator, text_bytes("WBCL", false)).separator(12).separator(12);
  EXPECT_TRUE(state_of(windows).faults.empty()) << "registers above 7 are not firmware's";
}

// No digest covers an event's type: with the log's own separator under another name, an operating system could extend
// PCR 7 as firmware does, and call that firmware's part.
TEST(BootState, ASeparatorByAnotherNameIsOneNevertheless) {
  for (const Bytes& data : {Bytes(4), Bytes(4, 0xff), Bytes{1, 0, 0, 0}}) {
    TestEventLog log;
    log.add(7, kEvEfiVariableBoot, efi_variable(kGlobal, "SecureBoot", Bytes{0})).add(7, kEvIpl, data);
    log.variable(7, kGlobal, "SecureBoot", Bytes{1}).separator(7);
    const BootState state = state_of(log);
    EXPECT_EQ(state.secure_boot, std::nullopt);
    EXPECT_TRUE(has(state, BootFaultKind::kSeparatorData));
    EXPECT_TRUE(has(state, BootFaultKind::kSeparatorTwice));
  }
}

TEST(BootState, SeparatorsHaveTheirData) {
  TestEventLog log;
  log.add(0, kEvSeparator, Bytes(4, 0xff));
  EXPECT_TRUE(state_of(log).faults.empty());
  log.add(1, kEvSeparator, text_bytes("WBCL", false));
  EXPECT_TRUE(has(state_of(log), BootFaultKind::kSeparatorData));
  TestEventLog unbound;
  unbound.add(2, kEvSeparator, Bytes(4), Bytes(4, 0xff));
  EXPECT_TRUE(has(state_of(unbound), BootFaultKind::kSeparatorData));
  TestEventLog failed;
  failed.add(2, kEvSeparator, Bytes(4), ByteArray<4>{1, 0, 0, 0});
  EXPECT_TRUE(has(state_of(failed), BootFaultKind::kSeparatorError));
}

TEST(BootState, ReadsKeysAndAuthorities) {
  const Bytes certificate(100, 0x30);
  const Bytes image_hash(32, 0x1b);
  TestEventLog log = secure_boot(1);
  log.variable(7, kGlobal, "PK", efi_key_list(kEfiCertX509.bytes, certificate));
  log.variable(7, kGlobal, "KEK", efi_key_list(kEfiCertX509.bytes, certificate));
  Bytes both = efi_key_list(kEfiCertX509.bytes, certificate);
  append(both, efi_key_list(kEfiCertSha256.bytes, image_hash));
  log.variable(7, kDatabase, "db", both).variable(7, kDatabase, "dbx", {}).separator(7);
  Bytes owned(16, 0x0e);
  append(owned, certificate);
  log.add(7, kEvEfiVariableAuthority, efi_variable(kDatabase, "db", owned));
  const BootState state = state_of(log);
  ASSERT_EQ(state.platform_keys.size(), 1u);
  EXPECT_EQ(state.platform_keys[0].digest, crypto::sha256(certificate));
  ASSERT_EQ(state.allowed.size(), 2u);
  EXPECT_EQ(state.allowed[1].digest, *Sha256Digest::from(image_hash));
  EXPECT_EQ(state.allowed[1].type, kEfiCertSha256);
  EXPECT_TRUE(state.forbidden.empty());
  ASSERT_EQ(state.authorities.size(), 1u);
  EXPECT_EQ(state.authorities[0].data_digest, crypto::sha256(certificate));
  EXPECT_TRUE(state.authorities[0].bound);
  EXPECT_FALSE(state.keys_unreadable);
  EXPECT_TRUE(state_of(secure_boot(1).variable(7, kDatabase, "db", Bytes(5, 1))).keys_unreadable);
}

TEST(BootState, ReadsFirmwareActionsAndVersion) {
  TestEventLog log;
  log.add(0, kEvSCrtmVersion, utf16("R1CET67W", true));
  log.add(7, kEvEfiAction, text_bytes("UEFI Debug Mode", false));
  log.add(7, kEvEfiAction, text_bytes("DMA Protection Disabled"), text_bytes("DMA Protection Disabled", false));
  const BootState state = state_of(log);
  EXPECT_EQ(state.firmware_version->text, "R1CET67W");
  EXPECT_TRUE(state.firmware_version->bound);
  EXPECT_TRUE(state.debug_mode);
  EXPECT_TRUE(state.dma_unprotected);
  EXPECT_TRUE(state.faults.empty());
  TestEventLog unbound;
  unbound.add(7, kEvEfiAction, text_bytes("UEFI Debug Mode", false), Bytes(1));
  EXPECT_TRUE(has(state_of(unbound), BootFaultKind::kConfigData));
}

TEST(BootState, DebugModeByAnotherNameIsSeenNevertheless) {
  for (const bool nul : {false, true}) {
    TestEventLog log;
    log.add(7, kEvIpl, Bytes(3), text_bytes("UEFI Debug Mode", nul));
    EXPECT_TRUE(state_of(log).debug_mode);
  }
}

TEST(BootState, BootVariablesAreMeasuredEitherWay) {
  const Bytes variable = efi_variable(kGlobal, "BootOrder", Bytes{1, 0});
  TestEventLog log;
  log.add(1, kEvEfiVariableBoot, variable).add(1, kEvEfiVariableBoot, variable, Bytes{1, 0});
  log.add(1, kEvEfiVariableBoot, variable, Bytes{2, 0});
  auto parsed = parse_event_log(log.bytes());
  EXPECT_TRUE(data_is_bound(parsed->events[0], kSha256));
  EXPECT_TRUE(data_is_bound(parsed->events[1], kSha256));
  EXPECT_FALSE(data_is_bound(parsed->events[2], kSha256));
}

TEST(BootState, ReadsTheImagesThatFirmwareLoaded) {
  Writer path, event;
  const Bytes name = utf16("\\EFI\\boot\\grubx64.efi", true);
  path.u8(4).u8(4).u16le(static_cast<std::uint16_t>(4 + name.size())).raw(name).u8(0x7f).u8(0xff).u16le(4);
  event.u64le(1).u64le(2).u64le(3).u64le(path.size()).raw(path.bytes());
  TestEventLog log;
  log.add(4, kEvEfiBootServicesApplication, event.bytes(), text_bytes("the image"));
  const BootState state = state_of(log);
  ASSERT_EQ(state.images.size(), 1u);
  EXPECT_EQ(state.images[0].name_unverified, "\\EFI\\boot\\grubx64.efi");
  EXPECT_EQ(state.images[0].digest, sha256_of(text_bytes("the image")));
}

// Whatever the log calls it: in PCR 4, only separators and actions are no images.
TEST(BootState, AnImageByAnotherNameIsOneNevertheless) {
  const std::string calling = "Calling EFI Application from Boot Option";
  TestEventLog honest;
  honest.add(4, kEvEfiAction, text_bytes(calling, false)).separator(4);
  honest.add(4, kEvEfiAction, text_bytes(calling), text_bytes(calling, false));
  honest.add(2, kEvIpl, Bytes(3), text_bytes("of another register"));
  EXPECT_TRUE(state_of(honest).images.empty());
  Bytes image = text_bytes("MZ");  // what is hashed of a program is known, and could be laid beside the digest
  append(image, Bytes(60, 0x90));
  for (const std::uint32_t type : {kEvEfiAction, kEvIpl, kEvSeparator, std::uint32_t{0x80000004}}) {
    TestEventLog log;
    log.add(4, type, image).add(4, type, text_bytes(calling), image);
    const BootState state = state_of(log);
    ASSERT_EQ(state.images.size(), 2u) << type;
    EXPECT_EQ(state.images[0].digest, sha256_of(image));
  }
}

TEST(BootState, ReadsGrubsCommandsKernelAndInitrd) {
  const std::string line = "/vmlinuz-6.1 root=/dev/sda1 ro";
  TestEventLog log;
  log.grub("set default=0").grub("linux " + line);
  log.add(9, kEvIpl, text_bytes("(hd0,gpt2)/vmlinuz-6.1"), text_bytes("kernel"));
  log.add(8, kEvIpl, text_bytes("kernel_cmdline: " + line), text_bytes(line, false));
  log.grub("initrd /initrd.img-6.1");
  log.add(9, kEvIpl, text_bytes("/initrd.img-6.1"), text_bytes("initrd"));
  log.add(14, kEvIpl, text_bytes("MokList"), text_bytes("keys"));
  const BootState state = state_of(log);
  ASSERT_EQ(state.commands.size(), 3u);
  EXPECT_EQ(state.commands[0].text, "set default=0");
  EXPECT_TRUE(state.commands[0].bound);
  EXPECT_EQ(state.command_lines.at(0).text, line);
  EXPECT_TRUE(state.command_lines.at(0).bound);
  EXPECT_EQ(state.kernels.at(0).digest, sha256_of(text_bytes("kernel")));
  EXPECT_EQ(state.kernels.at(0).name_unverified, "(hd0,gpt2)/vmlinuz-6.1");
  EXPECT_EQ(state.initrds.at(0).digest, sha256_of(text_bytes("initrd")));
  EXPECT_EQ(state.files.size(), 2u);
  EXPECT_EQ(state.mok_lists.size(), 1u);
}

TEST(BootState, WhatGrubDidNotHashIsMarked) {
  TestEventLog log;
  log.add(8, kEvIpl, text_bytes("kernel_cmdline: /vmlinuz quiet"), text_bytes("/vmlinuz init=/bin/sh", false));
  log.add(8, kEvIpl, text_bytes("grub_cmd: linux /other"), text_bytes("linux /vmlinuz", false));
  log.add(9, kEvIpl, text_bytes("/other"), text_bytes("kernel"));
  const BootState state = state_of(log);
  EXPECT_FALSE(state.command_lines.at(0).bound);
  EXPECT_FALSE(state.commands[0].bound);
  EXPECT_TRUE(state.kernels.empty());
}

TEST(BootState, ReadsUnifiedKernelImages) {
  TestEventLog log;
  for (const std::string name : {".linux", ".cmdline", ".initrd"}) {
    log.add(11, kEvIpl, utf16(name, true), text_bytes(name));
    log.add(11, kEvIpl, utf16(name, true), text_bytes("content of " + name));
  }
  const Bytes options = utf16("console=ttyS0 quiet", true);
  log.add(12, kEvIpl, options);
  const BootState state = state_of(log);
  ASSERT_EQ(state.sections.size(), 3u);
  EXPECT_EQ(state.kernels.at(0).digest, sha256_of(text_bytes("content of .linux")));
  EXPECT_EQ(state.initrds.at(0).digest, sha256_of(text_bytes("content of .initrd")));
  EXPECT_EQ(state.command_lines.at(0).text, "console=ttyS0 quiet");
  EXPECT_TRUE(state.command_lines.at(0).bound);
}

TEST(BootState, ReadsWhatLinuxsEfiStubMeasures) {
  Writer tag;
  tag.u32le(0x8f3b22ec).u32le(13).raw(text_bytes("Linux initrd"));
  TestEventLog log;
  log.add(9, kEvEventTag, tag.bytes(), text_bytes("initrd"));
  EXPECT_EQ(state_of(log).initrds.at(0).digest, sha256_of(text_bytes("initrd")));
}

TEST(BootState, MapsPcrsToRuntimeRegisters) {
  const auto map = [](std::uint32_t pcr) { return register_of_pcr(EventLogKind::kCcel, pcr); };
  EXPECT_EQ(map(0), 0u);
  for (const std::uint32_t pcr : {1, 7}) EXPECT_EQ(map(pcr), 1u);
  for (const std::uint32_t pcr : {2, 3, 4, 5, 6}) EXPECT_EQ(map(pcr), 2u);
  for (const std::uint32_t pcr : {8, 9, 10, 11, 12, 13, 14, 15}) EXPECT_EQ(map(pcr), 3u);
  EXPECT_EQ(register_of_pcr(EventLogKind::kTpm, 7), 7u);
  TestEventLog log({kSha384}, true, 1);
  log.variable(1, kGlobal, "SecureBoot", Bytes{1}).separator(1).separator(2);
  log.add(3, kEvIpl, text_bytes("grub_cmd: boot"), text_bytes("boot", false));
  const BootState state = state_of(log, EventLogKind::kCcel, kSha384);
  EXPECT_EQ(state.secure_boot, true);
  EXPECT_TRUE(state.commands[0].bound);
  EXPECT_TRUE(has(state_of(log.separator(2), EventLogKind::kCcel, kSha384), BootFaultKind::kSeparatorTwice));
}

TEST(EfiKeys, RefusesSizesThatDoNotAddUp) {
  const Bytes good = efi_key_list(kEfiCertX509.bytes, Bytes(50, 1));
  ASSERT_TRUE(parse_efi_keys(good).has_value());
  for (std::size_t size = 1; size < good.size(); ++size) EXPECT_FALSE(parse_efi_keys(ByteView(good).first(size)));
  for (const std::size_t at : {16, 20, 24}) {
    for (const std::uint8_t value : ByteArray<3>{0, 1, 0xff}) {
      Bytes bad = good;
      if (bad[at] == value) continue;
      bad[at] = value;
      EXPECT_FALSE(parse_efi_keys(bad)) << at << " " << int{value};
    }
    Bytes huge = good;
    huge[at + 3] = 0xff;
    EXPECT_FALSE(parse_efi_keys(huge)) << at;
  }
}

TEST(EfiVariable, RefusesSizesThatDoNotAddUp) {
  const Bytes good = efi_variable(kGlobal, "SecureBoot", Bytes{1});
  auto variable = parse_efi_variable(good);
  ASSERT_TRUE(variable.has_value());
  EXPECT_EQ(variable->name, "SecureBoot");
  EXPECT_EQ(variable->rest_size, 0u);
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse_efi_variable(ByteView(good).first(size)));
  for (const std::size_t at : {23, 31}) {
    Bytes bad = good;
    bad[at] = 0xff;
    EXPECT_FALSE(parse_efi_variable(bad));
  }
}

}  // namespace
}  // namespace brume::evidence
