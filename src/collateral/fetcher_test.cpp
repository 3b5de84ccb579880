// The rules of fetching, on a fake network, clock and wait.
#include "collateral/fetcher.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "crypto/random.h"

namespace brume::collateral {
namespace {

constexpr UnixMs kNow = 1'790'000'000'000;
constexpr UnixMs kHour = 3'600'000;
constexpr UnixMs kDay = 24 * kHour;

struct FakeClock final : Clock {
  UnixMs now = kNow;
  UnixMs now_ms() const override { return now; }
};

struct FakeHttp final : HttpClient {
  std::vector<Result<HttpReply>> answers;  // in order; the last one again and again
  std::vector<HttpRequest> requests;
  Result<HttpReply> get(const HttpRequest& request) override {
    requests.push_back(request);
    const std::size_t index = std::min(requests.size(), answers.size()) - 1;
    return answers[index];
  }
};

HttpReply reply(int status, std::string body = "", std::map<std::string, std::string> headers = {}) {
  return {status, std::move(headers), std::move(body)};
}

struct FetcherTest : testing::Test {
  std::filesystem::path folder = make_folder();
  FakeHttp http;
  FakeClock clock;
  crypto::SystemRandom random;
  std::vector<UnixMs> waits;
  Outside outside{http, clock, random, [this](UnixMs ms) {
                    waits.push_back(ms);
                    clock.now += ms;
                  }};
  FetchOptions options;
  Resource resource{.url = "https://test.invalid/tcb?fmspc=00", .check = check};

  static std::filesystem::path make_folder() {
    std::string name = "/tmp/brume-fetcher-XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    return name;
  }
  ~FetcherTest() override { std::filesystem::remove_all(folder); }

  static Result<UnixMs> check(const std::string& body, const std::string&) {
    if (!body.starts_with("good")) return malformed("not good");
    return body.ends_with("expired") ? kNow - kDay : kNow + 100 * kDay;
  }
  Result<Fetched> get() { return Fetcher(outside, Cache::open(folder / "cache").value(), options).get(resource); }
};

TEST_F(FetcherTest, TakesTheServersAnswerAndKeepsIt) {
  http.answers = {reply(200, "good 1", {{"issuer", "a%20b%0A"}})};
  resource.chain_header = "issuer";
  auto first = get();
  ASSERT_TRUE(first.has_value()) << first.error().what;
  EXPECT_EQ(first->body, "good 1");
  EXPECT_EQ(first->chain, "a b\n");
  EXPECT_EQ(first->origin, Origin::kServer);
  clock.now += kHour;
  auto second = get();
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->origin, Origin::kCache);
  EXPECT_EQ(second->chain, "a b\n");
  EXPECT_EQ(second->fetched_ms, kNow);
  EXPECT_EQ(http.requests.size(), 1u);
}

TEST_F(FetcherTest, AsksAgainWhereTheCacheIsOldFromTheFutureOrNotWanted) {
  http.answers = {reply(200, "good 1"), reply(200, "good 2")};
  ASSERT_TRUE(get());
  clock.now = kNow + kDay;
  EXPECT_EQ(get()->body, "good 1");
  clock.now = kNow + kDay + 1;
  EXPECT_EQ(get()->body, "good 2");
  clock.now = kNow;  // the clock was set back: the entry is of the future now
  EXPECT_EQ(get()->origin, Origin::kServer);
  options.max_age_ms = 0;
  EXPECT_EQ(get()->origin, Origin::kServer);
}

TEST_F(FetcherTest, AsksAgainWhereWhatIsKeptHasExpired) {
  http.answers = {reply(200, "good but expired"), reply(200, "good")};
  EXPECT_EQ(get()->body, "good but expired");
  EXPECT_EQ(get()->body, "good");
}

TEST_F(FetcherTest, AsksPatiently) {
  http.answers = {reply(500), fail(ErrorCode::kUnavailable, "cut"), reply(503), reply(200, "good")};
  options.interval_ms = 0;
  ASSERT_TRUE(get());
  ASSERT_EQ(waits.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_GE(waits[i], 1);
    EXPECT_LE(waits[i], 500 << i);
  }
}

TEST_F(FetcherTest, GivesUpAfterItsAttempts) {
  http.answers = {reply(500)};
  auto answer = get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(http.requests.size(), 5u);
}

TEST_F(FetcherTest, WaitsAsLongAsTheServerAsksWithinItsLimit) {
  http.answers = {reply(429, "", {{"retry-after", "7"}}), reply(200, "good")};
  options.interval_ms = 0;
  ASSERT_TRUE(get());
  EXPECT_EQ(waits, std::vector<UnixMs>{7'000});
  http.answers = {reply(429, "", {{"retry-after", "31"}})};
  http.requests.clear();
  resource.url += "1";
  EXPECT_FALSE(get());
  EXPECT_EQ(http.requests.size(), 1u);
}

TEST_F(FetcherTest, WaitsInAllNoLongerThanItsLimit) {
  http.answers = {reply(429, "", {{"retry-after", "30"}})};
  options.retry.attempts_limit = 100;
  options.interval_ms = 0;
  EXPECT_FALSE(get());
  EXPECT_EQ(waits.size(), 4u);  // 120 s
}

TEST_F(FetcherTest, KeepsTheInterval) {
  http.answers = {reply(200, "good")};
  Fetcher fetcher(outside, Cache::open({}).value(), options);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(fetcher.get(resource));
  EXPECT_EQ(waits, (std::vector<UnixMs>{1'000, 1'000}));
  resource.url = "https://other.invalid/";
  ASSERT_TRUE(fetcher.get(resource));
  EXPECT_EQ(waits.size(), 2u);
}

TEST_F(FetcherTest, BelievesWhatTheServerSaysForCertain) {
  http.answers = {reply(200, "good")};
  ASSERT_TRUE(get());
  options.max_age_ms = 0;
  for (auto [status, code] :
       {std::pair{404, ErrorCode::kNotFound}, std::pair{410, ErrorCode::kNotFound}, std::pair{400, ErrorCode::kUsage},
        std::pair{401, ErrorCode::kAuthFailed}, std::pair{403, ErrorCode::kAuthFailed}}) {
    http.answers = {reply(status)};
    http.requests.clear();
    auto answer = get();
    ASSERT_FALSE(answer) << status;
    EXPECT_EQ(answer.error().code, code) << status;
    EXPECT_EQ(http.requests.size(), 1u);
  }
}

TEST_F(FetcherTest, TakesAnOldAnswerWhereTheServerFailsAndSaysSo) {
  http.answers = {reply(200, "good")};
  ASSERT_TRUE(get());
  for (const Result<HttpReply>& failure :
       {Result<HttpReply>(reply(500)), Result<HttpReply>(reply(429)), Result<HttpReply>(reply(302)),
        Result<HttpReply>(reply(200, "<html>")), Result<HttpReply>(fail(ErrorCode::kUnavailable, "cut")),
        Result<HttpReply>(fail(ErrorCode::kLimit, "long"))}) {
    clock.now = kNow + 3 * kDay;
    http.answers = {failure};
    auto answer = get();
    ASSERT_TRUE(answer.has_value()) << answer.error().what;
    EXPECT_EQ(answer->origin, Origin::kStaleCache);
    EXPECT_EQ(answer->fetched_ms, kNow);
    EXPECT_FALSE(answer->why_stale.empty());
  }
}

TEST_F(FetcherTest, TakesNoAnswerThatIsOlderThanTheBound) {
  http.answers = {reply(200, "good"), fail(ErrorCode::kLimit, "long")};
  ASSERT_TRUE(get());
  clock.now = kNow + 7 * kDay;
  EXPECT_TRUE(get());
  clock.now = kNow + 7 * kDay + 1;
  EXPECT_FALSE(get());
  clock.now = kNow + 2 * kDay;
  options.stale_limit_ms = 0;
  EXPECT_FALSE(get());
}

TEST_F(FetcherTest, KeepsNoWrongAnswer) {
  http.answers = {reply(200, "<html>")};
  auto answer = get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kMalformed);
  http.answers = {reply(500)};
  EXPECT_FALSE(get());
}

TEST_F(FetcherTest, NeverKeepsTheApiKey) {
  http.answers = {reply(200, "good")};
  resource.headers = {"Ocp-Apim-Subscription-Key: hush-hush"};
  ASSERT_TRUE(get());
  EXPECT_EQ(http.requests.front().headers, resource.headers);
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder / "cache")) {
    std::ifstream in(file.path());
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    EXPECT_EQ(text.find("hush"), text.npos);
  }
}

TEST(CacheEntry, RoundTripsAndIsAllOrNothing) {
  const CacheEntry entry{"https://test.invalid/", kNow, "chain", std::string("\0body\xff", 6)};
  const std::string text = encode_cache_entry(entry);
  EXPECT_EQ(parse_cache_entry(text).value(), entry);
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(parse_cache_entry(text.substr(0, size)));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(parse_cache_entry(other)) << i;
  }
  EXPECT_FALSE(parse_cache_entry(text + "x"));
}

TEST(Retry, ReadsRetryAfterInBothForms) {
  constexpr UnixMs kAt = 1'445'412'480'000;  // Wed, 21 Oct 2015 07:28:00 GMT
  EXPECT_EQ(parse_retry_after("120", kAt), 120'000);
  EXPECT_EQ(parse_retry_after("0", kAt), 0);
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2015 07:28:05 GMT", kAt), 5'000);
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2015 07:27:05 GMT", kAt), 0);
  EXPECT_EQ(parse_retry_after("99999999999", kAt), 366ll * 86'400'000);
  for (const char* text : {"", "-1", "soon", "12 ", "Wed, 21 Oct", "Wed, 21 Oct 2015 07:28:05 GMT+"}) {
    EXPECT_FALSE(parse_retry_after(text, kAt)) << text;
  }
}

TEST(Url, IsHttpsOrThisMachine) {
  for (const char* url : {"https://api.trustedservices.intel.com", "http://127.0.0.1:8081/x", "http://localhost/",
                          "http://[::1]:80/", "https://10.0.0.1:8081/sgx"}) {
    EXPECT_TRUE(check_url(url, {})) << url;
  }
  for (const char* url : {"http://pccs.invalid/", "http://127.0.0.1.evil.invalid/", "http://localhost.invalid/",
                          "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "", "https://",
                          "https://user@host.invalid/", "https://user:pass@host.invalid/", "https://host.invalid/#x"}) {
    EXPECT_FALSE(check_url(url, {})) << url;
  }
  EXPECT_TRUE(check_url("http://pccs.invalid/", {.insecure_http = true}));
  EXPECT_FALSE(check_url("ftp://pccs.invalid/", {.insecure_http = true}));
  EXPECT_FALSE(check_url("https://host.invalid/" + std::string(9000, 'x'), {}));
}

TEST(Percent, RoundTrips) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(percent_decoded(percent_encoded(all)).value(), all);
  for (const char* text : {"%", "%2", "%zz", "a%2"}) EXPECT_FALSE(percent_decoded(text)) << text;
}

}  // namespace
}  // namespace brume::collateral
