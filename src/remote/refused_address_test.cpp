#include "remote/refused_address.h"

#include <gtest/gtest.h>

namespace brume::remote {
namespace {

TEST(RefusedAddress, LinkLocalAndMetadataServices) {
  for (const char* address :
       {"169.254.0.0", "169.254.169.254", "169.254.255.255", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        "fe80::1", "fe80::1%eth0", "febf::1", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe",
        "fd00:42::42", "fd00:a9fe:a9fe::1", "fd00:100::100:200"}) {
    EXPECT_TRUE(is_refused_address(address)) << address;
  }
}

TEST(RefusedAddress, TheSameInsideIpv6) {
  for (const char* address :
       {"::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::ffff:100.100.100.200", "::169.254.169.254",
        "::ffff:0:169.254.169.254", "64:ff9b::169.254.169.254", "64:ff9b::a83f:8110", "64:ff9b:1::169.254.169.254",
        "64:ff9b:1:a9fe:a9:fe00::", "2002:a9fe:a9fe::1", "2002:6464:64c8::"}) {
    EXPECT_TRUE(is_refused_address(address)) << address;
  }
}

TEST(RefusedAddress, WhereInputMayLie) {
  for (const char* address :
       {"127.0.0.1", "::1", "10.0.0.1", "192.168.169.254", "100.100.100.201", "168.63.129.17", "169.253.255.255",
        "169.255.0.0", "fd00::1", "fd00:ec3::254", "fec0::1", "fe00::1", "2001:db8::a9fe:a9fe", "::ffff:10.0.0.1",
        "64:ff9b::8.8.8.8", "2002:808:808::1", "2a00:169:254::1"}) {
    EXPECT_FALSE(is_refused_address(address)) << address;
  }
}

TEST(RefusedAddress, WhatIsNone) {
  for (const char* text : {"", "localhost", "169.254.1", "0xa9fea9fe"}) EXPECT_TRUE(is_refused_address(text)) << text;
}

}  // namespace
}  // namespace brume::remote
