// Where input lies on an HTTP server, as one reading of a URL for all: the owner's request, the signature and the
// hosts' requests must mean the same place.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace brume::remote {

inline constexpr std::size_t kUrlSizeLimit = 8'192;  // a signed one with a session token has 1 to 3 KiB

struct HttpUrl {
  bool tls = true;
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 443;
  std::string target = "/";  // path and query, as they go onto the wire

  std::string text() const;
  // As it stands in the Host field: with the port where it is not the scheme's own.
  std::string authority() const;
  // For people and receipts: without the query, which may be a key to the place.
  std::string shown() const;
  friend bool operator==(const HttpUrl&, const HttpUrl&) = default;
};

// http://HOST[:PORT][/PATH][?QUERY], or https. Refuses user names and passwords (hosts would learn them),
// fragments, everything that is not printable ASCII, and what else RFC 3986 has no place for. Errors: kUsage.
Result<HttpUrl> parse_http_url(std::string_view text);

// RFC 3986, 2.1: all but unreserved characters, and '/' where `keep_slash`.
std::string percent_encoded(std::string_view text, bool keep_slash);

}  // namespace brume::remote
