#include "transport/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

namespace brume::transport {
namespace {

constexpr ByteArray<12> kIpv4Prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<IpBytes> parse_ip(std::string_view numeric) {
  const std::string text(numeric.substr(0, numeric.find('%')));
  IpBytes out{};
  if (::inet_pton(AF_INET6, text.c_str(), out.data()) == 1) return out;
  std::ranges::copy(kIpv4Prefix, out.begin());
  if (::inet_pton(AF_INET, text.c_str(), out.data() + kIpv4Prefix.size()) == 1) return out;
  return std::nullopt;
}

bool is_ipv4(const IpBytes& address) { return std::equal(kIpv4Prefix.begin(), kIpv4Prefix.end(), address.begin()); }

IpBytes source_of(std::string_view numeric) {
  IpBytes source = parse_ip(numeric).value_or(IpBytes{});
  if (!is_ipv4(source)) std::fill(source.begin() + 8, source.end(), std::uint8_t{0});
  return source;
}

}  // namespace brume::transport
