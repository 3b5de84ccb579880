#include "transport/ip_address.h"

#include <gtest/gtest.h>

namespace brume::transport {
namespace {

TEST(IpAddress, Ipv4IsTheSameHoweverItIsWritten) {
  EXPECT_EQ(parse_ip("1.2.3.4"), (IpBytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4}));
  EXPECT_EQ(parse_ip("::ffff:1.2.3.4"), parse_ip("1.2.3.4"));
  EXPECT_EQ(parse_ip("::ffff:102:304"), parse_ip("1.2.3.4"));
  EXPECT_TRUE(is_ipv4(parse_ip("1.2.3.4").value()));
}

TEST(IpAddress, Ipv6HasNoZone) {
  EXPECT_EQ(parse_ip("fe80::1%eth0"), (IpBytes{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_FALSE(is_ipv4(parse_ip("fe80::1").value()));
}

TEST(IpAddress, IsNumeric) {
  for (const char* bad : {"", "a", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.4 ", "01.2.3.4", "[::1]", ":::", "1:2"}) {
    EXPECT_EQ(parse_ip(bad), std::nullopt) << bad;
  }
}

TEST(IpAddress, ASourceIsAnAddressOrTheFirstHalfOfOne) {
  EXPECT_NE(source_of("10.0.0.1"), source_of("10.0.0.2"));
  EXPECT_EQ(source_of("::ffff:10.0.0.1"), source_of("10.0.0.1"));
  EXPECT_EQ(source_of("2001:db8::1"), source_of("2001:db8::2:1"));
  EXPECT_NE(source_of("2001:db8::1"), source_of("2001:db8:0:1::1"));
  EXPECT_EQ(source_of(""), source_of("unix"));
}

}  // namespace
}  // namespace brume::transport
