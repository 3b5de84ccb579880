#include "collateral/fetcher.h"

#include "collateral/http.h"

namespace brume::collateral {
namespace {

// Asking again may help.
bool is_passing(int status) { return status == 408 || status == 429 || (status >= 500 && status <= 599); }

std::unexpected<Error> status_error(const std::string& host, int status) {
  const std::string said = host + ": status " + std::to_string(status);
  switch (status) {
    case 400:
      return fail(ErrorCode::kUsage, said + " (the question is not one that it takes)");
    case 401:
    case 403:
      return fail(ErrorCode::kAuthFailed, said + " (it wants an API key, or another one)");
    case 404:
      return fail(ErrorCode::kNotFound, said + " (it has no such thing)");
    case 410:
      return fail(ErrorCode::kNotFound, said + " (it no longer has this version)");
    case 429:
      return fail(ErrorCode::kUnavailable, said + " (too many questions; try later)");
    default:
      return fail(ErrorCode::kUnavailable, said);
  }
}

// The server did not get to say anything for certain.
bool server_failed(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kMalformed ||
         error.code == ErrorCode::kLimit;
}

}  // namespace

const char* origin_name(Origin origin) {
  switch (origin) {
    case Origin::kServer:
      return "server";
    case Origin::kCache:
      return "cache";
    case Origin::kStaleCache:
      return "stale cache";
  }
  return "?";
}

Result<Fetched> Fetcher::get(const Resource& resource) {
  if (auto young = cached(resource, options_.max_age_ms, true)) return *young;
  auto answer = ask(resource);
  if (answer || !server_failed(answer.error())) return answer;
  auto old = cached(resource, options_.stale_limit_ms, false);
  if (!old) return answer;
  old->origin = Origin::kStaleCache;
  old->why_stale = answer.error().what;
  return *old;
}

std::optional<Fetched> Fetcher::cached(const Resource& resource, UnixMs age_limit_ms, bool must_be_valid) const {
  if (age_limit_ms == 0) return std::nullopt;
  const auto entry = cache_.find(resource.url);
  if (!entry) return std::nullopt;
  const UnixMs now_ms = outside_.clock.now_ms();
  // From the future: a clock was wrong, so its age is not known.
  if (entry->fetched_ms > now_ms || now_ms - entry->fetched_ms > age_limit_ms) return std::nullopt;
  const auto valid_until_ms = resource.check(entry->body, entry->chain);
  if (!valid_until_ms || (must_be_valid && now_ms > *valid_until_ms)) return std::nullopt;
  return Fetched{entry->body, entry->chain, Origin::kCache, entry->fetched_ms};
}

Result<Fetched> Fetcher::ask(const Resource& resource) {
  Retry retry(options_.retry, outside_.random);
  for (;;) {
    // The client checks the whole URL; this is for the host's name alone.
    BRUME_ASSIGN(const std::string host, check_url(resource.url, {.insecure_http = true}));
    if (const UnixMs wait_ms = rate_.take(host, outside_.clock.now_ms()); wait_ms > 0) outside_.wait(wait_ms);
    auto reply = outside_.http.get({.url = resource.url, .headers = resource.headers});
    std::optional<UnixMs> retry_after_ms;
    Error error;
    if (reply && reply->status == 200) return accept(resource, *reply);
    if (reply) {
      error = status_error(host, reply->status).error();
      if (!is_passing(reply->status)) return std::unexpected(std::move(error));
      retry_after_ms = parse_retry_after(reply->header("retry-after"), outside_.clock.now_ms());
    } else {
      error = reply.error();
      if (error.code != ErrorCode::kUnavailable) return std::unexpected(std::move(error));
    }
    const auto delay_ms = retry.next_delay(retry_after_ms);
    if (!delay_ms) return std::unexpected(std::move(error));
    outside_.wait(*delay_ms);
  }
}

Result<Fetched> Fetcher::accept(const Resource& resource, const HttpReply& reply) {
  Fetched out{.body = reply.body, .chain = {}, .fetched_ms = outside_.clock.now_ms()};
  if (!resource.chain_header.empty()) {
    auto chain = percent_decoded(reply.header(resource.chain_header));
    if (!chain) return within("header " + resource.chain_header, chain.error());
    out.chain = std::move(*chain);
  }
  auto valid = resource.check(out.body, out.chain);
  if (!valid) {
    return fail(ErrorCode::kMalformed, "the server's answer is not what was asked for: " + valid.error().what);
  }
  // A cache that cannot be written costs the next question, not this answer.
  (void)cache_.store({resource.url, out.fetched_ms, out.chain, out.body});
  return out;
}

}  // namespace brume::collateral
