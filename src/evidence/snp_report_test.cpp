#include "evidence/snp_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace brume::evidence {
namespace {

// Every field has bytes of its own.
SnpReport sample(std::uint32_t version) {
  std::uint8_t next = 1;
  const auto fill = [&next](auto& id) { std::ranges::generate(id.bytes, [&next] { return next++; }); };
  SnpReport out;
  out.version = version;
  out.guest_svn = 7;
  out.policy.bits = 0x3001f;
  fill(out.family_id);
  fill(out.image_id);
  out.vmpl = 1;
  out.current_tcb = {4, 0, 0, 0, 0, 0, 0x18, 0xdb};
  out.platform_info.bits = 0x25;
  out.key_info = {true, false, SnpSigningKey::kVlek};
  fill(out.report_data);
  fill(out.measurement);
  fill(out.host_data);
  fill(out.id_key_digest);
  fill(out.author_key_digest);
  fill(out.report_id);
  fill(out.report_id_ma);
  out.reported_tcb = {3, 0, 0, 0, 0, 0, 0x17, 0xd1};
  if (version >= 3) out.cpuid = {0x19, 0x01, 0x01};
  fill(out.chip_id);
  out.committed_tcb = {3, 0, 0, 0, 0, 0, 0x18, 0xd1};
  out.current_firmware = {29, 55, 1};
  out.committed_firmware = {28, 55, 1};
  out.launch_tcb = {2, 0, 0, 0, 0, 0, 0x17, 0xd1};
  if (version >= 5) out.mitigations = {0x11, 0x13};
  std::iota(out.signature_r.begin(), out.signature_r.end(), std::uint8_t{1});
  std::iota(out.signature_s.begin(), out.signature_s.end(), std::uint8_t{65});
  return out;
}

TEST(SnpReport, PlacesFieldsAsTheSpecificationSays) {
  const Bytes bytes = encode_snp_report(sample(5));
  ASSERT_EQ(bytes.size(), 1184u);
  EXPECT_EQ(bytes[0x000], 5);
  EXPECT_EQ(bytes[0x004], 7);
  EXPECT_EQ(bytes[0x00a], 3);
  EXPECT_EQ(bytes[0x030], 1);
  EXPECT_EQ(bytes[0x034], 1);
  EXPECT_EQ(bytes[0x03f], 0xdb);
  EXPECT_EQ(bytes[0x040], 0x25);
  EXPECT_EQ(bytes[0x048], 5);
  EXPECT_EQ(bytes[0x050], 33);
  EXPECT_EQ(bytes[0x090], 97);
  EXPECT_EQ(bytes[0x187], 0xd1);
  EXPECT_EQ(bytes[0x188], 0x19);
  EXPECT_EQ(bytes[0x1e8], 29);
  EXPECT_EQ(bytes[0x1ee], 1);
  EXPECT_EQ(bytes[0x1f0], 2);
  EXPECT_EQ(bytes[0x1f8], 0x11);
  EXPECT_EQ(bytes[0x200], 0x13);
  EXPECT_EQ(bytes[0x2a0], 48);  // least significant byte of r
  EXPECT_EQ(bytes[0x2a0 + 72 + 47], 65);
}

TEST(SnpReport, RoundTripsEveryVersion) {
  for (std::uint32_t version = 2; version <= 5; ++version) {
    const Bytes bytes = encode_snp_report(sample(version));
    auto report = parse_snp_report(bytes);
    ASSERT_TRUE(report.has_value()) << report.error().what;
    EXPECT_EQ(encode_snp_report(*report), bytes);
    EXPECT_EQ(report->cpuid.has_value(), version >= 3);
    EXPECT_EQ(report->mitigations.has_value(), version >= 5);
    EXPECT_EQ(report->signature_r, sample(version).signature_r);
    EXPECT_EQ(report->key_info.signing_key, SnpSigningKey::kVlek);
    EXPECT_TRUE(report->policy.smt() && !report->policy.debug() && report->policy.abi_minor() == 31);
    EXPECT_TRUE(report->platform_info.alias_check() && report->platform_info.ecc() && !report->platform_info.tsme());
  }
}

TEST(SnpReport, RefusesOtherSizesAndVersions) {
  Bytes bytes = encode_snp_report(sample(3));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_snp_report(ByteView(bytes).first(size)).has_value()) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(parse_snp_report(bytes).has_value());
  bytes.pop_back();
  for (const int version : {0, 1, 6, 255}) {
    bytes[0] = static_cast<std::uint8_t>(version);
    EXPECT_EQ(parse_snp_report(bytes).error().code, ErrorCode::kUnsupported) << version;
  }
  bytes[0] = 3;
  bytes[0x34] = 2;
  EXPECT_EQ(parse_snp_report(bytes).error().code, ErrorCode::kUnsupported);
}

// A version has its reserved ranges; a set byte in any of them is refused.
TEST(SnpReport, RefusesReservedBytes) {
  struct Range {
    std::size_t begin, end;
    std::uint32_t least, most;  // versions in which it is reserved
  };
  constexpr Range kRanges[] = {{0x04c, 0x050, 2, 5}, {0x188, 0x18b, 2, 2},      {0x18b, 0x1a0, 2, 5},
                               {0x1eb, 0x1ec, 2, 5}, {0x1ef, 0x1f0, 2, 5},      {0x1f8, 0x208, 2, 4},
                               {0x208, 0x2a0, 2, 5}, {0x2a0 + 48, 0x2e8, 2, 5}, {0x2e8 + 48, 0x330, 2, 5},
                               {0x330, 0x4a0, 2, 5}};
  for (std::uint32_t version = 2; version <= 5; ++version) {
    const Bytes good = encode_snp_report(sample(version));
    for (const Range& range : kRanges) {
      const bool reserved = version >= range.least && version <= range.most;
      for (std::size_t i = range.begin; i < range.end; ++i) {
        Bytes changed = good;
        changed[i] ^= 0xcc;
        EXPECT_EQ(parse_snp_report(changed).has_value(), !reserved) << "version " << version << " offset " << i;
      }
    }
  }
}

TEST(SnpReport, RefusesReservedBits) {
  const auto with = [](auto change) {
    SnpReport report = sample(3);
    change(report);
    return parse_snp_report(encode_snp_report(report)).has_value();
  };
  EXPECT_TRUE(with([](SnpReport&) {}));
  EXPECT_FALSE(with([](SnpReport& report) { report.policy.bits &= ~(1ull << 17); }));
  for (unsigned bit = 26; bit < 64; ++bit) {
    EXPECT_FALSE(with([&](SnpReport& report) { report.policy.bits |= 1ull << bit; })) << bit;
  }
  EXPECT_TRUE(with([](SnpReport& report) { report.policy.bits |= 1ull << 25; }));
  EXPECT_TRUE(with([](SnpReport& report) { report.vmpl = 3; }));
  EXPECT_TRUE(with([](SnpReport& report) { report.vmpl = kSnpVmplHost; }));
  EXPECT_FALSE(with([](SnpReport& report) { report.vmpl = 4; }));
  Bytes bytes = encode_snp_report(sample(3));
  for (unsigned bit = 5; bit < 32; ++bit) {
    Bytes changed = bytes;
    changed[0x48 + bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(parse_snp_report(changed).has_value()) << bit;
  }
  for (unsigned key = 0; key < 8; ++key) {
    bytes[0x48] = static_cast<std::uint8_t>(key << 2);
    EXPECT_EQ(parse_snp_report(bytes).has_value(), key < 2 || key == 7) << key;
  }
}

TEST(SnpTcb, ReadsBothLayouts) {
  const SnpTcbBytes milan = {4, 1, 0, 0, 0, 0, 0x18, 0xdb};
  EXPECT_EQ(snp_tcb(milan, SnpProduct::kMilan), (SnpTcb{std::nullopt, 4, 1, 0x18, 0xdb}));
  EXPECT_EQ(snp_tcb(milan, SnpProduct::kGenoa), (SnpTcb{std::nullopt, 4, 1, 0x18, 0xdb}));
  const SnpTcbBytes turin = {9, 1, 3, 2, 0, 0, 0, 71};
  EXPECT_EQ(snp_tcb(turin, SnpProduct::kTurin), (SnpTcb{9, 1, 3, 2, 71}));
}

TEST(SnpTcb, ComparesComponentByComponent) {
  const SnpTcbBytes low = {3, 0, 0, 0, 0, 0, 8, 115};
  for (std::size_t i = 0; i < low.size(); ++i) {
    SnpTcbBytes high = low;
    EXPECT_TRUE(at_most(low, high));
    ++high[i];
    EXPECT_TRUE(at_most(low, high)) << i;
    EXPECT_FALSE(at_most(high, low)) << i;
  }
}

TEST(SnpProduct, ComesFromFamilyAndModel) {
  EXPECT_EQ(snp_product_of_cpuid(0x19, 0x01), SnpProduct::kMilan);
  EXPECT_EQ(snp_product_of_cpuid(0x19, 0x0f), SnpProduct::kMilan);
  EXPECT_EQ(snp_product_of_cpuid(0x19, 0x10), SnpProduct::kGenoa);
  EXPECT_EQ(snp_product_of_cpuid(0x19, 0x1f), SnpProduct::kGenoa);
  EXPECT_EQ(snp_product_of_cpuid(0x19, 0xa0), SnpProduct::kGenoa);
  EXPECT_EQ(snp_product_of_cpuid(0x1a, 0x02), SnpProduct::kTurin);
  EXPECT_EQ(snp_product_of_cpuid(0x1a, 0x11), SnpProduct::kTurin);
  EXPECT_FALSE(snp_product_of_cpuid(0x19, 0x20).has_value());
  EXPECT_FALSE(snp_product_of_cpuid(0x1a, 0x12).has_value());
  EXPECT_FALSE(snp_product_of_cpuid(0x17, 0x01).has_value());
  EXPECT_EQ(snp_product_from("Turin"), SnpProduct::kTurin);
  EXPECT_FALSE(snp_product_from("Naples").has_value());
}

}  // namespace
}  // namespace brume::evidence
