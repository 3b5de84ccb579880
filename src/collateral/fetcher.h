// One address fetched well: from the cache while that is young, else from the server with patience and
// manners, else, within a bound and said aloud, from the cache although it is old.
#pragma once

#include <functional>

#include "collateral/cache.h"
#include "collateral/retry.h"

namespace brume::collateral {

struct FetchOptions {
  RetryOptions retry;
  UnixMs interval_ms = 1'000;              // between two questions to one host
  UnixMs max_age_ms = 86'400'000;          // of a cached answer that is taken without asking; 0: always ask
  UnixMs stale_limit_ms = 7 * 86'400'000;  // of a cached answer that is taken where the server fails; 0: never
};

// What the fetcher needs of the world.
struct Outside {
  HttpClient& http;
  const Clock& clock;
  Random& random;
  std::function<void(UnixMs)> wait;
};

struct Resource {
  std::string url;
  std::vector<std::string> headers{};  // of the request; part of no cache key and never kept
  std::string chain_header{};          // of the answer, lower case: holds the issuer chain, URL-encoded; "" none
  // Is this what was asked for? Gives until when it is valid. An answer that fails is kept nowhere.
  std::function<Result<UnixMs>(const std::string& body, const std::string& chain)> check;
};

enum class Origin { kServer, kCache, kStaleCache };
const char* origin_name(Origin origin);

struct Fetched {
  std::string body;
  std::string chain;  // PEM
  Origin origin = Origin::kServer;
  UnixMs fetched_ms = 0;
  std::string why_stale{};  // kStaleCache: what the server did
};

class Fetcher {
 public:
  // `outside` outlives it.
  Fetcher(const Outside& outside, Cache cache, FetchOptions options)
      : outside_(outside), cache_(std::move(cache)), options_(options), rate_(options.interval_ms) {}

  // Errors: kNotFound (the server knows no such thing: 404, 410), kAuthFailed (401, 403), kUsage (400, or the
  // URL), else kUnavailable, kLimit or kMalformed. What a server says for certain is believed: only where it fails
  // (no answer, 429, 5xx, another document than was asked for) may an old answer take its place.
  Result<Fetched> get(const Resource& resource);

 private:
  Result<Fetched> ask(const Resource& resource);
  Result<Fetched> accept(const Resource& resource, const HttpReply& reply);
  std::optional<Fetched> cached(const Resource& resource, UnixMs age_limit_ms, bool must_be_valid) const;

  const Outside& outside_;
  Cache cache_;
  FetchOptions options_;
  RateLimit rate_;
};

}  // namespace brume::collateral
