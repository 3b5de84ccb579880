// Fetching over real sockets, from a server on loopback that answers as PCS, PCCS and KDS do, or badly.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "collateral/curl_client.h"
#include "collateral/kds.h"
#include "collateral/pcs.h"
#include "crypto/random.h"
#include "platform_service.h"

namespace brume::testing {
namespace {

using collateral::Fetched;
using collateral::Origin;
using collateral::Technology;

struct WallClock final : Clock {
  UnixMs now_ms() const override {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  }
};

struct FetchTest : ::testing::Test {
  WallClock clock;
  crypto::SystemRandom random;
  PlatformService service{clock.now_ms()};
  // What happens before the service is asked; an answer takes its place.
  std::function<std::optional<Answer>(const Question&)> trouble = [](const Question&) { return std::nullopt; };
  LoopbackServer server{[this](const Question& question) {
    auto answer = trouble(question);
    return answer ? *answer : service.answer(question);
  }};
  std::unique_ptr<collateral::CurlClient> client =
      collateral::CurlClient::create({.connect_timeout_ms = 2'000, .total_timeout_ms = 400}).value();
  collateral::Outside outside{*client, clock, random, [this](UnixMs ms) { waited_ms += ms; }};
  collateral::FetchOptions options{.retry = {.attempts_limit = 3}, .interval_ms = 0};
  collateral::PcsOptions pcs{.base_url = server.url()};
  std::string cache;
  UnixMs waited_ms = 0;

  Result<Fetched> get(const collateral::Resource& resource) {
    return collateral::Fetcher(outside, collateral::Cache::open(cache).value(), options).get(resource);
  }
  Result<Fetched> get_tcb_info() {
    return get(tcb_info_resource(pcs, Technology::kSgx, service.platform.platform.fmspc));
  }
};

TEST_F(FetchTest, TakesAllThatAPccsHas) {
  for (auto technology : {Technology::kSgx, Technology::kTdx}) {
    auto tcb = get(tcb_info_resource(pcs, technology, service.platform.platform.fmspc));
    ASSERT_TRUE(tcb.has_value()) << tcb.error().what;
    EXPECT_EQ(tcb->chain, service.platform.collateral().tcb_info_issuer_chain);
    auto qe = get(qe_identity_resource(pcs, technology));
    ASSERT_TRUE(qe.has_value()) << qe.error().what;
  }
  auto root = get(root_crl_resource(pcs));
  ASSERT_TRUE(root.has_value()) << root.error().what;
  auto crl = get(pck_crl_resource(pcs, collateral::PckCa::kPlatform));
  ASSERT_TRUE(crl.has_value()) << crl.error().what;
  collateral::PckCertificateRequest request{.encrypted_ppid = Bytes(384, 7)};
  auto pck = get(pck_certificate_resource(pcs, request));
  ASSERT_TRUE(pck.has_value()) << pck.error().what;
  EXPECT_EQ(pck->body + pck->chain, service.platform.pck_chain());
}

TEST_F(FetchTest, TakesAllThatKdsHas) {
  using namespace collateral;
  const SnpTcb tcb{.fmc = {}, .boot_loader = 3, .tee = 0, .snp = 8, .microcode = 115};
  auto vcek = get(vcek_resource(server.url() + "/", SnpProduct::kMilan, service.chip_id, tcb));
  ASSERT_TRUE(vcek.has_value()) << vcek.error().what;
  EXPECT_TRUE(server.questions().back().path.ends_with("?blSPL=3&teeSPL=0&snpSPL=8&ucodeSPL=115"));
  for (auto key : {EndorsementKey::kVcek, EndorsementKey::kVlek}) {
    EXPECT_TRUE(get(snp_chain_resource(server.url(), SnpProduct::kMilan, key)));
    EXPECT_TRUE(get(snp_crl_resource(server.url(), SnpProduct::kMilan, key)));
  }
  EXPECT_EQ(get(snp_crl_resource(server.url(), SnpProduct::kTurin, EndorsementKey::kVcek)).error().code,
            ErrorCode::kNotFound);
}

TEST_F(FetchTest, AsksForTurinByEightBytesAndItsFmc) {
  using namespace collateral;
  const SnpTcb tcb = evidence::snp_tcb({1, 2, 3, 4, 0, 0, 0, 5}, SnpProduct::kTurin);
  EXPECT_FALSE(get(vcek_resource(server.url(), SnpProduct::kTurin, service.chip_id, tcb)));
  EXPECT_EQ(server.questions().back().path,
            "/vcek/v1/Turin/c0c1c2c3c4c5c6c7?fmcSPL=1&blSPL=2&teeSPL=3&snpSPL=4&ucodeSPL=5");
  trouble = [this](const Question& question) -> std::optional<Answer> {
    Question other = question;
    other.path.replace(other.path.find("Milan/") + 6, 2, "c0");
    return service.answer(other);
  };
  evidence::SnpChipId other = service.chip_id;
  other.bytes[0] = 1;
  EXPECT_EQ(get(vcek_resource(server.url(), SnpProduct::kMilan, other, tcb)).error().code, ErrorCode::kMalformed);
}

TEST_F(FetchTest, AsksForTheUpdateThatIsWanted) {
  pcs.update = {.early = true};
  ASSERT_TRUE(get_tcb_info());
  EXPECT_TRUE(server.questions().back().path.ends_with("&update=early"));
  pcs.update = {.evaluation_number = 17};
  ASSERT_TRUE(get_tcb_info());
  EXPECT_TRUE(server.questions().back().path.ends_with("&tcbEvaluationDataNumber=17"));
  ASSERT_TRUE(get(qe_identity_resource(pcs, Technology::kTdx)));
  EXPECT_TRUE(server.questions().back().path.ends_with("/qe/identity?tcbEvaluationDataNumber=17"));
  pcs.update = {.evaluation_number = 12};
  EXPECT_EQ(get_tcb_info().error().code, ErrorCode::kNotFound);  // 410
}

TEST_F(FetchTest, RefusesOtherDocumentsThanItAskedFor) {
  pcs.update = {.evaluation_number = 17};
  auto swapped = [&](const std::string& from, const std::string& to) {
    trouble = [&, from, to](const Question& question) -> std::optional<Answer> {
      Question other = question;
      const std::size_t at = other.path.find(from);
      if (at != other.path.npos) other.path.replace(at, from.size(), to);
      return service.answer(other);
    };
  };
  swapped("/sgx/", "/tdx/");
  EXPECT_EQ(get_tcb_info().error().code, ErrorCode::kMalformed);
  EXPECT_EQ(get(qe_identity_resource(pcs, Technology::kSgx)).error().code, ErrorCode::kMalformed);
  swapped("tcbEvaluationDataNumber=17", "");
  service.evaluation_number = 18;
  EXPECT_EQ(get_tcb_info().error().code, ErrorCode::kMalformed);
  service.evaluation_number = 17;
  swapped("00606A000000&", "00606A000000&");
  EXPECT_TRUE(get_tcb_info());
  evidence::Fmspc other{1};
  trouble = [&](const Question&) {
    return service.answer({.path = "/sgx/certification/v4/tcb?fmspc=00606A000000", .headers = {}});
  };
  EXPECT_EQ(get(tcb_info_resource(pcs, Technology::kSgx, other)).error().code, ErrorCode::kMalformed);
  EXPECT_EQ(get(pck_crl_resource(pcs, collateral::PckCa::kPlatform)).error().code, ErrorCode::kMalformed);
}

TEST_F(FetchTest, RefusesAnAnswerWithoutItsIssuerChain) {
  trouble = [&](const Question& question) -> std::optional<Answer> {
    Answer answer = service.answer(question);
    answer.headers.clear();
    return answer;
  };
  EXPECT_EQ(get_tcb_info().error().code, ErrorCode::kMalformed);
}

TEST_F(FetchTest, AsksAgainWhereTheServerIsBusy) {
  trouble = [&](const Question&) -> std::optional<Answer> {
    if (server.count() > 2) return std::nullopt;
    return Answer{.status = 429, .headers = {{"Retry-After", "2"}}};
  };
  auto answer = get_tcb_info();
  ASSERT_TRUE(answer.has_value()) << answer.error().what;
  EXPECT_EQ(server.count(), 3u);
  EXPECT_GE(waited_ms, 4'000);
}

TEST_F(FetchTest, GivesUpOnAServerThatDoesNotAnswerWell) {
  const Answer whole = service.answer({.path = "/sgx/certification/v4/tcb?fmspc=00606A000000", .headers = {}});
  Answer cut = whole;
  cut.cut_size = 100;
  Answer slow = whole;
  slow.delay_ms = 5'000;
  for (const Answer& bad : {cut, slow, Answer{.close_at_once = true}, Answer{.status = 500}, Answer{.status = 503},
                            Answer{.raw = "HTTP/9.9 hello\r\n\r\n"}, Answer{.raw = "SSH-2.0-x\r\n"}}) {
    trouble = [&](const Question&) { return bad; };
    const std::size_t before = server.count();
    auto answer = get_tcb_info();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable) << answer.error().what;
    EXPECT_EQ(server.count() - before, 3u);
  }
}

TEST_F(FetchTest, TakesNoMoreThanItsLimits) {
  Answer endless{.raw = "HTTP/1.1 200 OK\r\n\r\n" + std::string(collateral::kBodySizeLimit + 1, 'x')};
  Answer promised{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"};
  Answer headers{.headers = {{"TCB-Info-Issuer-Chain", std::string(collateral::kHeaderSizeLimit, 'x')}}};
  Answer zipped{.headers = {{"Content-Encoding", "gzip"}}, .body = "\x1f\x8b"};
  for (const Answer& bad : {endless, promised}) {
    trouble = [&](const Question&) { return bad; };
    const std::size_t before = server.count();
    auto answer = get_tcb_info();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::kLimit) << answer.error().what;
    EXPECT_EQ(server.count() - before, 1u);
  }
  trouble = [&](const Question&) { return headers; };
  const auto answer = get_tcb_info();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::kMalformed);
  EXPECT_NE(answer.error().what.find("headers are longer than 65536 bytes"), std::string::npos) << answer.error().what;
  trouble = [&](const Question&) { return zipped; };
  EXPECT_EQ(get_tcb_info().error().code, ErrorCode::kMalformed);
}

TEST_F(FetchTest, FollowsNowhere) {
  LoopbackServer other([](const Question&) { return Answer{}; });
  for (int status : {301, 302, 307, 308}) {
    trouble = [&](const Question&) { return Answer{.status = status, .headers = {{"Location", other.url()}}}; };
    EXPECT_FALSE(get_tcb_info()) << status;
  }
  EXPECT_EQ(other.count(), 0u);
}

TEST_F(FetchTest, TakesNoPlainAnswerForHttps) {
  pcs.base_url.replace(0, 4, "https");
  EXPECT_EQ(get_tcb_info().error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(server.count(), 0u);
}

TEST_F(FetchTest, TakesAnOldAnswerWhereTheServerIsGone) {
  cache = ::testing::TempDir() + "brume-fetch-" + std::to_string(getpid());
  ASSERT_TRUE(get_tcb_info());
  options.max_age_ms = 0;
  trouble = [](const Question&) { return Answer{.close_at_once = true}; };
  auto answer = get_tcb_info();
  std::filesystem::remove_all(cache);
  ASSERT_TRUE(answer.has_value()) << answer.error().what;
  EXPECT_EQ(answer->origin, Origin::kStaleCache);
}

TEST(Pcs, AsksIntelWhereIntelHasIt) {
  const collateral::PcsOptions intel;
  EXPECT_EQ(root_crl_resource(intel).url, collateral::kIntelRootCrl);
  EXPECT_EQ(pck_crl_resource(intel, collateral::PckCa::kProcessor).url,
            "https://api.trustedservices.intel.com/sgx/certification/v4/pckcrl?ca=processor&encoding=der");
  EXPECT_EQ(tcb_info_resource(intel, Technology::kTdx, {0x50, 0x80, 0x6f, 0, 0, 0}).url,
            "https://api.trustedservices.intel.com/tdx/certification/v4/tcb?fmspc=50806F000000");
  collateral::PcsOptions keyed{.api_key = "secret"};
  collateral::PckCertificateRequest request{.encrypted_ppid = {1, 2}, .pce_svn = 0x010b, .pce_id = {0, 0}};
  const auto resource = pck_certificate_resource(keyed, request);
  EXPECT_EQ(resource.headers, std::vector<std::string>{"Ocp-Apim-Subscription-Key: secret"});
  EXPECT_EQ(resource.url.find("qeid"), resource.url.npos);
  EXPECT_NE(resource.url.find("&pcesvn=0b01&"), resource.url.npos);
}

}  // namespace
}  // namespace brume::testing
