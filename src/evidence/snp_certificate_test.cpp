#include "evidence/snp_certificate.h"

#include <gtest/gtest.h>

namespace brume::evidence {
namespace {

constexpr const char* kArc = "1.3.6.1.4.1.3704.1.";

SnpKeyExtensions milan() {
  SnpKeyExtensions out;
  out.product_name = "Milan-B0";
  out.spl = {3, 0, 22, 0, 0, 0, 0, 209, std::nullopt};
  out.hw_id = Bytes(64, 0x04);  // as OCTET STRING tags would look
  return out;
}

SnpKeyExtensions turin() {
  SnpKeyExtensions out;
  out.struct_version = 1;
  out.product_name = "Turin";
  out.spl = {1, 0, 2, std::nullopt, 0, 0, 0, 71, 5};
  out.hw_id = Bytes{0x04, 0x06, 0x02, 0x04, 1, 2, 3, 4};
  return out;
}

std::vector<crypto::Extension> with(const SnpKeyExtensions& extensions, const std::string& name, const Bytes& value) {
  auto list = encode_snp_key_extensions(extensions);
  std::erase_if(list, [&](const crypto::Extension& extension) { return extension.oid == kArc + name; });
  list.push_back({kArc + name, false, value});
  return list;
}

std::vector<crypto::Extension> without(const SnpKeyExtensions& extensions, const std::string& name) {
  auto list = encode_snp_key_extensions(extensions);
  std::erase_if(list, [&](const crypto::Extension& extension) { return extension.oid == kArc + name; });
  return list;
}

TEST(SnpKeyExtensions, RoundTripsBothGenerations) {
  for (const SnpKeyExtensions& sample : {milan(), turin()}) {
    auto list = encode_snp_key_extensions(sample);
    list.push_back({"2.5.29.14", false, {4, 0}});  // others are not its business
    auto read = parse_snp_key_extensions(list);
    ASSERT_TRUE(read.has_value()) << read.error().what;
    EXPECT_EQ(read->struct_version, sample.struct_version);
    EXPECT_EQ(read->product_name, sample.product_name);
    EXPECT_EQ(read->spl, sample.spl);
    EXPECT_EQ(read->hw_id, sample.hw_id);
    EXPECT_FALSE(read->csp_id.has_value());
  }
  EXPECT_EQ(milan().product(), SnpProduct::kMilan);
  EXPECT_EQ(turin().product(), SnpProduct::kTurin);
  SnpKeyExtensions vlek = milan();
  vlek.hw_id.reset();
  vlek.csp_id = "cloud";
  EXPECT_EQ(parse_snp_key_extensions(encode_snp_key_extensions(vlek))->csp_id, "cloud");
}

TEST(SnpKeyExtensions, TcbFollowsTheProductsLayout) {
  EXPECT_EQ(milan().tcb(SnpProduct::kMilan).value(), (SnpTcbBytes{3, 0, 0, 0, 0, 0, 22, 209}));
  EXPECT_EQ(turin().tcb(SnpProduct::kTurin).value(), (SnpTcbBytes{5, 1, 0, 2, 0, 0, 0, 71}));
  EXPECT_FALSE(milan().tcb(SnpProduct::kTurin).has_value());
  EXPECT_FALSE(turin().tcb(SnpProduct::kGenoa).has_value());
  for (const std::size_t index : {0, 1, 2, 7}) {
    SnpKeyExtensions lacking = milan();
    lacking.spl[index].reset();
    EXPECT_FALSE(lacking.tcb(SnpProduct::kMilan).has_value()) << index;
  }
}

TEST(SnpKeyExtensions, NumbersAreDerIntegersUpTo255) {
  EXPECT_EQ(parse_snp_key_extensions(with(milan(), "3.8", {2, 2, 0, 0xd1}))->spl[7], 0xd1);
  EXPECT_EQ(parse_snp_key_extensions(with(milan(), "3.8", {2, 1, 0x7f}))->spl[7], 0x7f);
  const Bytes bad[] = {{}, {2, 1}, {2, 1, 0xd1}, {2, 2, 0, 0x51}, {2, 2, 1, 0}, {4, 1, 1}, {2, 1, 1, 0}, {1}};
  for (const Bytes& value : bad) EXPECT_FALSE(parse_snp_key_extensions(with(milan(), "3.8", value)).has_value());
  EXPECT_FALSE(parse_snp_key_extensions(with(milan(), "1", {2, 1, 2})).has_value());
}

TEST(SnpKeyExtensions, RefusesWhatIsMissingForeignOrOddlySized) {
  EXPECT_FALSE(parse_snp_key_extensions(without(milan(), "1")).has_value());
  EXPECT_FALSE(parse_snp_key_extensions(without(milan(), "2")).has_value());
  EXPECT_FALSE(parse_snp_key_extensions(with(milan(), "2", {0x0c, 1, 'M'})).has_value());
  EXPECT_FALSE(parse_snp_key_extensions(with(milan(), "2", {0x16, 0})).has_value());
  EXPECT_FALSE(parse_snp_key_extensions(with(milan(), "2", {0x16, 1, 7})).has_value());
  EXPECT_FALSE(parse_snp_key_extensions(with(milan(), "4", Bytes(66, 1))).has_value());
  EXPECT_FALSE(parse_snp_key_extensions(with(milan(), "4", {})).has_value());
  for (const char* name : {"6", "3", "3.0", "3.10", "4.1"}) {
    EXPECT_FALSE(parse_snp_key_extensions(with(milan(), name, {2, 1, 0})).has_value()) << name;
  }
}

}  // namespace
}  // namespace brume::evidence
