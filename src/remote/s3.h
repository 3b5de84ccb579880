// S3-compatible storage: names of objects, and URLs with which anybody may GET one object for a while ("presigned":
// AWS Signature Version 4 in the query, Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters").
// The owner's secret key signs here and goes nowhere else.
#pragma once

#include "base/outside.h"
#include "remote/url.h"

namespace brume::remote {

struct S3Object {
  std::string bucket;
  std::string key;
  std::string text() const { return "s3://" + bucket + "/" + key; }
  friend bool operator==(const S3Object&, const S3Object&) = default;
};

// s3://BUCKET/KEY. The key is taken as it stands: nothing in it is decoded. Errors: kUsage.
Result<S3Object> parse_s3_object(std::string_view text);

// Wiped when it dies.
struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // of temporary credentials; part of presigned URLs
  S3Credentials() = default;
  S3Credentials(const S3Credentials&) = default;
  S3Credentials& operator=(const S3Credentials&) = default;
  ~S3Credentials();
};

enum class S3Style {
  kPath,         // https://ENDPOINT/BUCKET/KEY
  kVirtualHost,  // https://BUCKET.ENDPOINT/KEY
};

struct S3Service {
  HttpUrl endpoint;  // without path and query
  std::string region = "us-east-1";
  S3Style style = S3Style::kPath;
};
// `endpoint` empty: Amazon's in that region. `style` empty: by virtual host at Amazon, unless the bucket's name has
// dots, which its certificates do not cover; by path elsewhere; else "path" or "host". Errors: kUsage.
Result<S3Service> s3_service(std::string_view endpoint, std::string_view region, std::string_view style,
                             std::string_view bucket);

inline constexpr std::uint32_t kExpiryMost_s = 7 * 86'400;  // the most that S3 takes

// Valid for `expiry_s` (1 to kExpiryMost_s) from `now_ms` on. For GET only, of this object only.
HttpUrl presign_get(const S3Service& service, const S3Credentials& credentials, const S3Object& object, UnixMs now_ms,
                    std::uint32_t expiry_s);

}  // namespace brume::remote
