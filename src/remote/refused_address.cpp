#include "remote/refused_address.h"

#include <algorithm>
#include <array>

#include "transport/ip_address.h"

namespace brume::remote {
namespace {

using transport::IpBytes;
using transport::parse_ip;

struct Prefix {
  std::string_view address;
  std::size_t bits;
};

constexpr std::array kRefused = {
    Prefix{"169.254.0.0", 96 + 16},     // link-local (RFC 3927): most metadata services
    Prefix{"100.100.100.200", 128},     // Alibaba
    Prefix{"168.63.129.16", 128},       // Azure
    Prefix{"192.0.0.192", 128},         // Oracle
    Prefix{"fe80::", 10},               // link-local (RFC 4291)
    Prefix{"fd00:ec2::", 32},           // Amazon
    Prefix{"fd20:ce::254", 128},        // Google
    Prefix{"fd00:c1::a9fe:a9fe", 128},  // Oracle
    Prefix{"fd00:42::42", 128},         // Scaleway
    Prefix{"fd00:a9fe:a9fe::1", 128},   // Akamai
    Prefix{"fd00:100::100:200", 128},   // Alibaba
};

// Prefixes behind which an IPv4 address stands, and where it does: a translator on the way would go there.
struct Embedding {
  Prefix prefix;
  std::array<std::size_t, 4> at;
};
constexpr std::array kEmbeddings = {
    Embedding{{"::", 96}, {12, 13, 14, 15}},            // IPv4-compatible (RFC 4291, 2.5.5.1)
    Embedding{{"::ffff:0:0:0", 96}, {12, 13, 14, 15}},  // SIIT (RFC 2765)
    Embedding{{"64:ff9b::", 96}, {12, 13, 14, 15}},     // NAT64 (RFC 6052)
    Embedding{{"64:ff9b:1::", 48}, {12, 13, 14, 15}},   // NAT64 of a site's own (RFC 8215), behind 96 bits
    Embedding{{"64:ff9b:1::", 48}, {6, 7, 9, 10}},      // the same, behind 48
    Embedding{{"2002::", 16}, {2, 3, 4, 5}},            // 6to4 (RFC 3056)
};

bool lies_in(const IpBytes& address, const Prefix& prefix) {
  const IpBytes begin = parse_ip(prefix.address).value();
  const std::size_t whole = prefix.bits / 8;
  if (!std::equal(begin.begin(), begin.begin() + static_cast<std::ptrdiff_t>(whole), address.begin())) return false;
  return prefix.bits % 8 == 0 || (address[whole] ^ begin[whole]) >> (8 - prefix.bits % 8) == 0;
}

bool is_refused(const IpBytes& address) {
  return std::ranges::any_of(kRefused, [&](const Prefix& prefix) { return lies_in(address, prefix); });
}

}  // namespace

bool is_refused_address(std::string_view numeric) {
  const auto address = parse_ip(numeric);
  if (!address || is_refused(*address)) return true;
  return std::ranges::any_of(kEmbeddings, [&](const Embedding& embedding) {
    if (!lies_in(*address, embedding.prefix)) return false;
    IpBytes inner = parse_ip("0.0.0.0").value();
    for (std::size_t i = 0; i < 4; ++i) inner[12 + i] = (*address)[embedding.at[i]];
    return is_refused(inner);
  });
}

}  // namespace brume::remote
