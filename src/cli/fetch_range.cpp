#include "cli/fetch_range.h"

#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <thread>

#include "collateral/curl_client.h"
#include "collateral/retry.h"
#include "crypto/random.h"
#include "crypto/tls_roots.h"
#include "files/input_file.h"
#include "remote/range_answer.h"
#include "remote/url.h"

namespace brume::cli {

namespace {

using nlohmann::json;

constexpr std::uint64_t kPieceLimit = 512u << 10;
constexpr std::size_t kRequestLimit = 256u << 10;
constexpr UnixMs kTimeout_ms = 30'000;
constexpr std::size_t kRefusalLimit = 256u << 10;  // of a page that says why not

struct Request {
  remote::HttpUrl url;
  std::string ca_pem;
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

Result<Request> read_request() {
  std::string text;
  for (char c = 0; text.size() <= kRequestLimit && std::cin.get(c);) text.push_back(c);
  const json value = json::parse(text, nullptr, false);
  try {
    Request out;
    BRUME_ASSIGN(out.url, remote::parse_http_url(value.at("url").get<std::string>()));
    out.ca_pem = value.at("ca").get<std::string>();
    out.first = value.at("first").get<std::uint64_t>();
    out.size = value.at("size").get<std::uint64_t>();
    if (out.size == 0 || out.size > kPieceLimit || out.first > ~std::uint64_t{0} - out.size)
      return fail(ErrorCode::kUsage, "range: 1 to " + std::to_string(kPieceLimit) + " bytes");
    return out;
  } catch (const json::exception&) {
    return fail(ErrorCode::kUsage, "range: expected one JSON object with url, ca, first and size on standard input");
  }
}

struct Answer {
  std::uint64_t file_size = 0;
  std::string bytes;
  std::string chain_pem;
};

std::expected<Answer, remote::RangeFailure> read_answer(const Request& request, collateral::HttpReply reply) {
  const auto wrong = [](std::string what) {
    return std::unexpected(remote::RangeFailure{{ErrorCode::kMalformed, std::move(what)}});
  };
  if (reply.status == 416) return wrong("the file is empty, or shorter than it was");
  if (reply.status != 206) return std::unexpected(remote::refusal_of(static_cast<unsigned>(reply.status), reply.body));
  // Before its length, which is not the file's then.
  const std::string coding = reply.header("content-encoding");
  if (!coding.empty() && coding != "identity")
    return wrong("the server encodes the file's bytes, which was not asked for");
  const auto range = remote::parse_content_range(reply.header("content-range"));
  if (!range || range->first != request.first) return wrong("the server answered with another range");
  const std::uint64_t wanted = std::min(request.size, range->file_size - range->first);
  if (range->size != wanted || reply.body.size() != wanted) return wrong("the answer is not as long as its range");
  return Answer{range->file_size, std::move(reply.body), std::move(reply.chain_pem)};
}

Result<Answer> ask(const Request& request, collateral::CurlClient& client) {
  const std::string range =
      "Range: bytes=" + std::to_string(request.first) + "-" + std::to_string(request.first + request.size - 1);
  crypto::SystemRandom random;
  // A person waits for the run to begin.
  const collateral::RetryOptions manners{.attempts_limit = 4, .delay_limit_ms = 8'000, .total_limit_ms = 20'000};
  collateral::Retry retry(manners, random);
  for (;;) {
    auto reply = client.get({.url = request.url.text(),
                             .headers = {range},
                             .body_size_limit = std::max<std::size_t>(request.size, kRefusalLimit)});
    remote::RangeFailure failure;
    if (reply) {
      auto answer = read_answer(request, std::move(*reply));
      if (answer) return std::move(*answer);
      failure = std::move(answer.error());
    } else if (reply.error().code == ErrorCode::kLimit) {
      failure.error = {
          ErrorCode::kUnsupported,
          "the server sends more than was asked for; it does not serve ranges of a file, which are needed"};
    } else {
      failure = {reply.error(), reply.error().code == ErrorCode::kUnavailable};
    }
    const auto delay = failure.again ? retry.next_delay(std::nullopt) : std::nullopt;
    if (!delay) return std::unexpected(std::move(failure.error));
    std::this_thread::sleep_for(std::chrono::milliseconds(*delay));
  }
}

// Hosts get this one root, and nothing else that is trusted here.
Result<std::string> root_of(const Request& request, const Answer& answer, const collateral::CurlClient& client) {
  if (!request.url.tls) return std::string();
  std::string pem = request.ca_pem;
  if (pem.empty()) {
    BRUME_ASSIGN(pem, files::read_small_file(client.system_ca_file(), crypto::kTlsRootsSizeLimit));
  }
  BRUME_ASSIGN(const crypto::TlsRoots roots, crypto::TlsRoots::from_pem(pem));
  return roots.root_of(answer.chain_pem, request.url.host);
}

}  // namespace

Status fetch_range() {
  BRUME_ASSIGN(const Request request, read_request());
  collateral::CurlOptions options;
  options.total_timeout_ms = kTimeout_ms;
  options.ca_pem = request.ca_pem;
  options.ca_option = "--input-ca";
  options.keep_chain = true;
  options.urls.insecure_http = true;  // whoever wrote http meant it: what comes is ciphertext
  BRUME_ASSIGN(const auto client, collateral::CurlClient::create(std::move(options)));
  BRUME_ASSIGN(const Answer answer, ask(request, *client));
  BRUME_ASSIGN(const std::string root, root_of(request, answer, *client));
  std::cout << json{{"size", answer.file_size}, {"root", root}}.dump() << "\n" << answer.bytes << std::flush;
  if (!std::cout) return fail(ErrorCode::kIo, "range: standard output is closed");
  return {};
}

}  // namespace brume::cli
