// Numeric IP addresses as bytes, for rules about where somebody is.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace brume::transport {

// IPv6, or IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2): both ways to write an IPv4 address are the same bytes.
using IpBytes = ByteArray<16>;

// "1.2.3.4" or "fe80::1%eth0"; the zone is left out. Nothing where it is no numeric address.
std::optional<IpBytes> parse_ip(std::string_view numeric);
bool is_ipv4(const IpBytes& address);

// Whose address it is, so far as an address tells: all of an IPv4 one, of an IPv6 one the first 64 bits, for one
// machine may use all addresses behind them. What is no address is the same stranger.
IpBytes source_of(std::string_view numeric);

}  // namespace brume::transport
