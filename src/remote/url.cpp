#include "remote/url.h"

#include "transport/socket.h"

namespace brume::remote {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// RFC 3986, 3.3 and 3.4: pchar, "/" and "?".
Status check_target(std::string_view target) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (c == '%') {
      if (target.size() - i < 3 || !is_hex(target[i + 1]) || !is_hex(target[i + 2]))
        return fail(ErrorCode::kUsage, "URL: a '%' is followed by two hexadecimal digits");
    } else if (!is_unreserved(c) && std::string_view("!$&'()*+,;=:@/?").find(c) == std::string_view::npos) {
      return fail(ErrorCode::kUsage, "URL: a character that must be percent-encoded");
    }
  }
  return {};
}

}  // namespace

std::string HttpUrl::authority() const {
  const std::string name = host.find(':') != std::string::npos ? "[" + host + "]" : host;
  return port == (tls ? kHttpsPort : kHttpPort) ? name : name + ":" + std::to_string(port);
}

std::string HttpUrl::text() const { return (tls ? "https://" : "http://") + authority() + target; }

std::string HttpUrl::shown() const {
  return (tls ? "https://" : "http://") + authority() + target.substr(0, target.find('?'));
}

Result<HttpUrl> parse_http_url(std::string_view text) {
  if (text.size() > kUrlSizeLimit) return fail(ErrorCode::kUsage, "URL: longer than 8192 characters");
  HttpUrl out;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    out.tls = false;
  } else {
    return fail(ErrorCode::kUsage, "URL: expected https://HOST/PATH or http://HOST/PATH");
  }
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, end);
  const std::string_view target = rest.substr(end);
  if (authority.find('@') != authority.npos)
    return fail(ErrorCode::kUsage, "URL: must not hold a user or password, for hosts would learn them");
  if (target.find('#') != target.npos) return fail(ErrorCode::kUsage, "URL: must not have a fragment");
  BRUME_TRY(check_target(target));
  out.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != authority.npos && (bracket == authority.npos || colon > bracket);
  const std::string with_port =
      std::string(authority) + (has_port ? "" : ":" + std::to_string(out.tls ? kHttpsPort : kHttpPort));
  auto endpoint = transport::parse_endpoint(with_port);
  if (!endpoint) return fail(ErrorCode::kUsage, "URL: its host or port is malformed");
  out.host = std::move(endpoint->host);
  out.port = endpoint->port;
  return out;
}

std::string percent_encoded(std::string_view text, bool keep_slash) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
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

}  // namespace brume::remote
