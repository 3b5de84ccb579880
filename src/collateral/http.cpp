#include "collateral/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <memory>

#include "base/hex.h"

namespace brume::collateral {
namespace {

constexpr std::size_t kUrlSizeLimit = 8192;  // an encrypted PPID alone has 768 digits

struct Url {
  std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> handle{curl_url(), curl_url_cleanup};

  // "" where the part is not there.
  std::string part(CURLUPart what) const {
    char* text = nullptr;
    if (curl_url_get(handle.get(), what, &text, 0) != CURLUE_OK) return {};
    std::string out(text);
    curl_free(text);
    return out;
  }
};

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

}  // namespace

std::string HttpReply::header(const std::string& lower_case_name) const {
  auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

// Parsed by the same code that will connect, so that no second reading of the URL can differ.
Result<std::string> check_url(const std::string& url, const UrlRule& rule) {
  if (url.size() > kUrlSizeLimit) return fail(ErrorCode::kUsage, "URL: longer than 8192 characters");
  Url parsed;
  if (!parsed.handle || curl_url_set(parsed.handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return fail(ErrorCode::kUsage, "URL: is not one; give https://HOST[:PORT][/PATH]");
  }
  if (!parsed.part(CURLUPART_USER).empty() || !parsed.part(CURLUPART_PASSWORD).empty()) {
    return fail(ErrorCode::kUsage, "URL: must not hold a user or password");
  }
  if (!parsed.part(CURLUPART_FRAGMENT).empty()) return fail(ErrorCode::kUsage, "URL: must not have a fragment");
  const std::string scheme = parsed.part(CURLUPART_SCHEME);
  std::string host = parsed.part(CURLUPART_HOST);
  if (scheme == "https") return host;
  if (scheme != "http") return fail(ErrorCode::kUsage, "URL: only https is asked");
  if (!rule.insecure_http && !is_loopback(host)) {
    return fail(ErrorCode::kUsage, "URL: http is asked on this machine only; use https, or say --insecure-http");
  }
  return host;
}

std::optional<UnixMs> parse_retry_after(const std::string& value, UnixMs now_ms) {
  constexpr std::int64_t kSecondsLimit = 366 * 86'400;
  std::int64_t seconds = 0;
  const char* end = value.data() + value.size();
  auto [rest, error] = std::from_chars(value.data(), end, seconds);
  if (error == std::errc() && rest == end) {
    if (seconds < 0) return std::nullopt;
    return std::min(seconds, kSecondsLimit) * 1000;
  }
  std::tm time{};
  const char* after = strptime(value.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (value.empty() || after == nullptr || *after != '\0') return std::nullopt;
  const UnixMs at_ms = static_cast<UnixMs>(timegm(&time)) * 1000;
  return std::clamp<UnixMs>(at_ms - now_ms, 0, kSecondsLimit * 1000);
}

std::string percent_encoded(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

Result<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return malformed("percent-encoding without two hex digits");
    out += static_cast<char>(byte->front());
    i += 2;
  }
  return out;
}

}  // namespace brume::collateral
