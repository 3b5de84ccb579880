// HTTP as fetching needs it: one GET, one whole answer within limits. What comes back is not trusted:
// whoever uses it checks its content, and the verifier its signatures.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/outside.h"
#include "base/result.h"

namespace brume::collateral {

// The longest answer of PCS or KDS has 20 KB; evidence::kCollateralPartSizeLimit is what a bundle takes.
inline constexpr std::size_t kBodySizeLimit = 1u << 20;
// Issuer chains travel in headers, URL-encoded: about 6 KB.
inline constexpr std::size_t kHeaderSizeLimit = 64u << 10;

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers{};  // "Name: value"
  std::size_t body_size_limit = kBodySizeLimit;
};

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> headers;  // of the final answer, names in lower case
  std::string body;
  std::string chain_pem{};  // of an https server, leaf first, where that was asked for
  // "" where there is none.
  std::string header(const std::string& lower_case_name) const;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // Any status is an answer. Errors: kUsage (the URL is not one that may be asked), kLimit (a body
  // longer than allowed), kMalformed (headers without an end in sight), kUnavailable (no whole answer in time).
  virtual Result<HttpReply> get(const HttpRequest& request) = 0;
};

struct UrlRule {
  bool insecure_http = false;  // http to hosts other than this one
};
// The host, if `url` is https, or http to this very machine (loopback address or "localhost"), or the rule
// allows http; without user, password or fragment.
Result<std::string> check_url(const std::string& url, const UrlRule& rule);

// "120" or an IMF-fixdate (RFC 9110, 10.2.3) -> milliseconds from now, at least 0. Empty or unreadable: nothing.
std::optional<UnixMs> parse_retry_after(const std::string& value, UnixMs now_ms);

// RFC 3986, 2.1: all but unreserved characters.
std::string percent_encoded(std::string_view text);
// Refuses a '%' without two hex digits behind it.
Result<std::string> percent_decoded(std::string_view text);

}  // namespace brume::collateral
