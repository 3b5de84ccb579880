#include "remote/s3.h"

#include <chrono>
#include <cstdio>

#include "base/check.h"
#include "base/hex.h"
#include "crypto/hash.h"

namespace brume::remote {
namespace {

constexpr std::size_t kBucketSizeMost = 63;
constexpr std::size_t kKeySizeMost = 1'024;
constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

bool is_bucket_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

Status check_region(std::string_view region) {
  bool good = !region.empty() && region.size() <= 64;
  for (const char c : region) good = good && (is_bucket_character(c) && c != '.');
  if (!good) return fail(ErrorCode::kUsage, "S3 region: 1 to 64 letters, digits and '-', as in eu-central-1");
  return {};
}

// ISO 8601 basic, as in 20130524T000000Z.
std::string basic_time(UnixMs now_ms) {
  using namespace std::chrono;
  const sys_seconds time{floor<seconds>(milliseconds(now_ms))};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char out[32];
  (void)std::snprintf(out, sizeof out, "%04d%02u%02uT%02d%02d%02dZ", static_cast<int>(date.year()) % 10'000,
                      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                      static_cast<int>(clock.seconds().count()));
  return out;
}

Sha256Digest mac(const Sha256Digest& key, std::string_view text) {
  return crypto::hmac_sha256(key.view(), as_bytes(text));
}

std::string signature(const S3Credentials& credentials, std::string_view date, std::string_view region,
                      std::string_view to_sign) {
  std::string secret = "AWS4" + credentials.secret_key;
  Sha256Digest key = crypto::hmac_sha256(as_bytes(secret), as_bytes(date));
  crypto::wipe({reinterpret_cast<std::uint8_t*>(secret.data()), secret.size()});
  for (const std::string_view step : {region, std::string_view("s3"), std::string_view("aws4_request")})
    key = mac(key, step);
  const std::string out = mac(key, to_sign).hex();
  crypto::wipe(key.bytes);
  return out;
}

}  // namespace

S3Credentials::~S3Credentials() {
  for (std::string* text : {&secret_key, &session_token})
    crypto::wipe({reinterpret_cast<std::uint8_t*>(text->data()), text->size()});
}

Result<S3Object> parse_s3_object(std::string_view text) {
  if (!text.starts_with("s3://")) return fail(ErrorCode::kUsage, "expected s3://BUCKET/KEY");
  const std::string_view rest = text.substr(5);
  const std::size_t slash = rest.find('/');
  const std::string_view bucket = rest.substr(0, slash);
  const std::string_view key = slash == rest.npos ? std::string_view() : rest.substr(slash + 1);
  bool good = bucket.size() >= 3 && bucket.size() <= kBucketSizeMost && bucket.front() != '.' && bucket.back() != '.' &&
              bucket.find("..") == bucket.npos;
  for (const char c : bucket) good = good && is_bucket_character(c);
  if (!good) return fail(ErrorCode::kUsage, "s3://: a bucket's name has 3 to 63 letters, digits, '.' and '-'");
  if (key.empty() || key.size() > kKeySizeMost)
    return fail(ErrorCode::kUsage, "s3://: expected s3://BUCKET/KEY, the key of 1 to 1024 bytes");
  for (const char c : key)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      return fail(ErrorCode::kUsage, "s3://: a key with control characters is not taken");
  // Programs that fetch URLs take these for steps in a tree, so that what was signed is not what is asked for.
  const std::string around = "/" + std::string(key) + "/";
  if (around.find("/./") != around.npos || around.find("/../") != around.npos)
    return fail(ErrorCode::kUsage, "s3://: a key with '.' or '..' between slashes cannot be asked for");
  return S3Object{std::string(bucket), std::string(key)};
}

Result<S3Service> s3_service(std::string_view endpoint, std::string_view region, std::string_view style,
                             std::string_view bucket) {
  S3Service out;
  if (!region.empty()) out.region = region;
  BRUME_TRY(check_region(out.region));
  const bool amazon = endpoint.empty();
  auto url = parse_http_url(amazon ? "https://s3." + out.region + ".amazonaws.com" : std::string(endpoint));
  if (!url) return within("S3 endpoint", url.error());
  if (url->target != "/") return fail(ErrorCode::kUsage, "S3 endpoint: is https://HOST[:PORT], without a path");
  out.endpoint = std::move(*url);
  if (style.empty()) {
    out.style = amazon && bucket.find('.') == bucket.npos ? S3Style::kVirtualHost : S3Style::kPath;
  } else if (style == "host") {
    out.style = S3Style::kVirtualHost;
  } else if (style != "path") {
    return fail(ErrorCode::kUsage, "S3 style: expected path or host");
  }
  return out;
}

HttpUrl presign_get(const S3Service& service, const S3Credentials& credentials, const S3Object& object, UnixMs now_ms,
                    std::uint32_t expiry_s) {
  BRUME_CHECK(expiry_s >= 1 && expiry_s <= kExpiryMost_s);
  HttpUrl url = service.endpoint;
  std::string path = "/" + object.key;
  if (service.style == S3Style::kVirtualHost)
    url.host = object.bucket + "." + url.host;
  else
    path = "/" + object.bucket + path;
  path = percent_encoded(path, true);
  const std::string time = basic_time(now_ms);
  const std::string date = time.substr(0, 8);
  const std::string scope = date + "/" + service.region + "/s3/aws4_request";
  // In the order of their names, as the canonical request asks.
  std::string query = "X-Amz-Algorithm=" + std::string(kAlgorithm) +
                      "&X-Amz-Credential=" + percent_encoded(credentials.access_key + "/" + scope, false) +
                      "&X-Amz-Date=" + time + "&X-Amz-Expires=" + std::to_string(expiry_s);
  if (!credentials.session_token.empty())
    query += "&X-Amz-Security-Token=" + percent_encoded(credentials.session_token, false);
  query += "&X-Amz-SignedHeaders=host";
  const std::string canonical =
      "GET\n" + path + "\n" + query + "\nhost:" + url.authority() + "\n\nhost\nUNSIGNED-PAYLOAD";
  const std::string to_sign =
      std::string(kAlgorithm) + "\n" + time + "\n" + scope + "\n" + crypto::sha256(as_bytes(canonical)).hex();
  url.target = path + "?" + query + "&X-Amz-Signature=" + signature(credentials, date, service.region, to_sign);
  return url;
}

}  // namespace brume::remote
