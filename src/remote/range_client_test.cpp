#include "remote/range_client.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/random.h"
#include "remote/testing/http_server.h"

namespace brume::remote {
namespace {

using crypto::testing::alternative_name;
using crypto::testing::WebCa;
using crypto::testing::WebServerCertificate;
using testing::asked_range;
using testing::HttpServer;
using testing::range_answer;
using testing::serve_file;
using testing::Talk;

// Pauses are short here; no test asks how long anything took. Who is slow, on a busy machine, is waited for.
RangeClientOptions quick() {
  RangeClientOptions out;
  out.first_pause = transport::Milliseconds(1);
  out.pause_limit = transport::Milliseconds(4);
  return out;
}

struct Client {
  crypto::SystemRandom random;
  RangeClient ranges;
  Roots roots;
  std::vector<std::size_t> told;

  explicit Client(RangeClientOptions options = quick()) : ranges(random, options) {}
  Result<std::string> read(const std::string& url, const std::string& file, std::size_t first, std::size_t size) {
    Bytes out(size);
    BRUME_TRY(ranges.read(parse_http_url(url).value(), roots, {first, size, file.size()}, out,
                          [this](std::size_t filled) { told.push_back(filled); }));
    return std::string(as_chars(out));
  }
};

void expect_error(const Result<std::string>& got, ErrorCode code, std::string_view reason) {
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, code) << got.error().what;
  EXPECT_NE(got.error().what.find(reason), std::string::npos) << got.error().what;
}

const std::string kFile = testing::test_file(3'000'000);

TEST(RangeClient, ReadsRangesOverOneConnection) {
  HttpServer server(serve_file(kFile));
  Client client;
  for (const auto& [first, size] : {std::pair{0, 1}, {0, 3'000'000}, {2'999'999, 1}, {1'234'567, 700'000}})
    EXPECT_EQ(
        client.read(server.url("/x"), kFile, static_cast<std::size_t>(first), static_cast<std::size_t>(size)).value(),
        kFile.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(size)));
  EXPECT_EQ(server.connection_count(), 1);
  EXPECT_EQ(client.told.back(), 700'000u);
}

TEST(RangeClient, AsksAsServersExpect) {
  std::string seen;
  HttpServer server([&](const std::string& request, Talk& talk) {
    seen = request;
    return talk.send(range_answer(kFile, 5, 8));
  });
  Client client;
  ASSERT_TRUE(client.read(server.url("/a%20b?X-Amz-Signature=1"), kFile, 5, 3));
  EXPECT_TRUE(seen.starts_with("GET /a%20b?X-Amz-Signature=1 HTTP/1.1\r\nHost: 127.0.0.1:" +
                               std::to_string(server.port()) + "\r\nRange: bytes=5-7\r\n"))
      << seen;
}

TEST(RangeClient, ReadsOverTls) {
  WebCa ca;
  HttpServer server(serve_file(kFile), ca.issue(alternative_name(Bytes{127, 0, 0, 1}, true)));
  Client client;
  client.roots = std::make_shared<const crypto::TlsRoots>(crypto::TlsRoots::from_pem(ca.pem()).value());
  EXPECT_EQ(client.read(server.url("/x"), kFile, 17, 2'000'000).value(), kFile.substr(17, 2'000'000));
  EXPECT_EQ(client.read(server.url("/x"), kFile, 0, 10).value(), kFile.substr(0, 10));
  EXPECT_EQ(server.connection_count(), 1);
}

TEST(RangeClient, RefusesServersThatNobodyVouchesFor) {
  WebCa ca, other;
  const auto roots_of = [](const WebCa& one) {
    return std::make_shared<const crypto::TlsRoots>(crypto::TlsRoots::from_pem(one.pem()).value());
  };
  const crypto::Extension address = alternative_name(Bytes{127, 0, 0, 1}, true);
  const auto refused = [&](const Roots& roots, const WebServerCertificate& identity, std::string_view reason) {
    HttpServer server(serve_file(kFile), identity);
    Client client;
    client.roots = roots;
    expect_error(client.read(server.url("/x"), kFile, 0, 10), ErrorCode::kAuthFailed, reason);
    EXPECT_EQ(server.request_count(), 0);
    EXPECT_LE(server.connection_count(), 1);  // asking again would change nothing
  };
  refused(roots_of(other), ca.issue(address), "certificate");
  refused(roots_of(ca), ca.issue_for("storage.example"), "IP address mismatch");
  refused(roots_of(ca), ca.issue(address, -2 * crypto::testing::kDayMs, -crypto::testing::kDayMs), "expired");
  refused(nullptr, ca.issue(address), "nobody is named");
}

TEST(RangeClient, AConnectionUnderOtherRootsIsNotUsedAgain) {
  WebCa ca, other;
  HttpServer server(serve_file(kFile), ca.issue(alternative_name(Bytes{127, 0, 0, 1}, true)));
  Client client;
  client.roots = std::make_shared<const crypto::TlsRoots>(crypto::TlsRoots::from_pem(ca.pem()).value());
  ASSERT_TRUE(client.read(server.url("/x"), kFile, 0, 10));
  client.roots = std::make_shared<const crypto::TlsRoots>(crypto::TlsRoots::from_pem(other.pem()).value());
  expect_error(client.read(server.url("/x"), kFile, 0, 10), ErrorCode::kAuthFailed, "certificate");
}

TEST(RangeClient, GoesOnWhereAConnectionBroke) {
  int count = 0;
  std::vector<std::size_t> firsts;
  HttpServer server([&](const std::string& request, Talk& talk) {
    const auto [first, end] = asked_range(request);
    firsts.push_back(first);
    const std::string whole = range_answer(kFile, first, end);
    if (++count < 4) {
      talk.send(whole.substr(0, whole.size() - (end - first) + 1'000));
      return false;
    }
    return talk.send(whole);
  });
  Client client;
  EXPECT_EQ(client.read(server.url("/x"), kFile, 100, 50'000).value(), kFile.substr(100, 50'000));
  EXPECT_EQ(firsts, (std::vector<std::size_t>{100, 1'100, 2'100, 3'100}));
}

TEST(RangeClient, TriesBusyServersAgainAndAtLastGivesUp) {
  int count = 0;
  HttpServer server([&](const std::string& request, Talk& talk) {
    const auto [first, end] = asked_range(request);
    if (++count % 3 != 0) return talk.send("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    return talk.send(range_answer(kFile, first, end));
  });
  Client client;
  EXPECT_TRUE(client.read(server.url("/x"), kFile, 0, 10));
  EXPECT_EQ(count, 3);
  HttpServer never(
      [](const std::string&, Talk& talk) { return talk.send("HTTP/1.1 429 Slow Down\r\nContent-Length: 0\r\n\r\n"); });
  expect_error(client.read(never.url("/x?secret"), kFile, 0, 10), ErrorCode::kUnavailable, "429 (5 times)");
  EXPECT_EQ(never.request_count(), 5);
}

TEST(RangeClient, ErrorsDoNotShowSignatures) {
  HttpServer server(
      [](const std::string&, Talk& talk) { return talk.send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"); });
  Client client;
  const auto got = client.read(server.url("/x?X-Amz-Signature=abc"), kFile, 0, 10);
  expect_error(got, ErrorCode::kAuthFailed, "/x: ");
  EXPECT_EQ(got.error().what.find("abc"), std::string::npos);
  EXPECT_EQ(server.request_count(), 1);
}

TEST(RangeClient, RefusesHostileAnswersOnce) {
  const auto refused = [](const std::string& text, ErrorCode code, std::string_view reason) {
    HttpServer server([&](const std::string&, Talk& talk) {
      talk.send(text);
      return false;
    });
    Client client;
    expect_error(client.read(server.url("/x"), kFile, 0, 10), code, reason);
    EXPECT_EQ(server.request_count(), 1) << text;
  };
  refused("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", ErrorCode::kUnsupported,
          "another place");
  refused("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + kFile.substr(0, 10), ErrorCode::kUnsupported,
          "ranges");
  refused(range_answer(kFile, 1, 11), ErrorCode::kMalformed, "another range");
  refused(range_answer(kFile.substr(1), 0, 10), ErrorCode::kMalformed, "not as large");
  refused(range_answer(kFile, 0, 10) + "more", ErrorCode::kMalformed, "more than was asked for");
  refused("220 mail.example ESMTP\r\n", ErrorCode::kMalformed, "no HTTP");
}

TEST(RangeClient, EndlessHeadersEnd) {
  HttpServer server([](const std::string&, Talk& talk) {
    bool more = talk.send("HTTP/1.1 206 P\r\n");
    while (more && !talk.stopping()) more = talk.send("X-Filler: " + std::string(1'000, 'x') + "\r\n");
    return false;
  });
  Client client;
  expect_error(client.read(server.url("/x"), kFile, 0, 10), ErrorCode::kLimit, "header is longer");
}

TEST(RangeClient, SilenceEnds) {
  HttpServer mute([](const std::string&, Talk& talk) {
    talk.hang();
    return false;
  });
  RangeClientOptions options = quick();
  options.idle_limit = transport::Milliseconds(300);
  options.attempt_limit = 2;
  Client client(options);
  expect_error(client.read(mute.url("/x"), kFile, 0, 10), ErrorCode::kUnavailable, "(2 times)");
  // A drop now and then is no progress.
  HttpServer drip([](const std::string& request, Talk& talk) {
    const auto [first, end] = asked_range(request);
    for (const char c : range_answer(kFile, first, end)) {
      if (!talk.send({&c, 1}) || talk.stopping()) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return true;
  });
  options.whole_limit = transport::Milliseconds(200);
  Client hasty(options);
  expect_error(hasty.read(drip.url("/x"), kFile, 0, 10), ErrorCode::kUnavailable, "for one range");
}

TEST(RangeClient, AHandshakeThatDripsEnds) {
  const auto listening = transport::listen_tcp("127.0.0.1", 0).value();
  std::thread server([&] {
    pollfd entry{listening.get(), POLLIN, 0};
    (void)::poll(&entry, 1, 10'000);
    const UniqueFd socket(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
    transport::tune_socket(socket.get());
    // A handshake record of 16 KiB, a byte at a time.
    Bytes piece{0x16, 3, 3, 0x40, 0};
    for (int i = 0; i < 1000 && transport::write_full(socket.get(), piece, Talk::kPatience); ++i) {
      piece.assign(1, 2);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
  RangeClientOptions options = quick();
  options.whole_limit = transport::Milliseconds(300);
  options.attempt_limit = 1;
  Client client(options);
  client.roots = std::make_shared<const crypto::TlsRoots>(crypto::TlsRoots::from_pem(WebCa().pem()).value());
  const std::string url = "https://127.0.0.1:" + std::to_string(transport::local_port(listening.get()).value()) + "/x";
  expect_error(client.read(url, kFile, 0, 10), ErrorCode::kUnavailable, "for one range");
  server.join();
}

TEST(RangeClient, ARefusalWhoseBodyNeverEndsIsARefusal) {
  HttpServer server([](const std::string&, Talk& talk) {
    talk.send("HTTP/1.1 403 No\r\nContent-Length: 4000\r\n\r\n<Code>AccessDenied</Code>");
    talk.hang();
    return false;
  });
  Client client;
  expect_error(client.read(server.url("/x"), kFile, 0, 10), ErrorCode::kAuthFailed, "AccessDenied");
}

TEST(RangeClient, NobodyThere) {
  std::uint16_t port = 0;
  {
    HttpServer gone(serve_file(kFile));
    port = gone.port();
  }
  Client client;
  expect_error(client.read("http://127.0.0.1:" + std::to_string(port) + "/x", kFile, 0, 10), ErrorCode::kUnavailable,
               "(5 times)");
}

TEST(RangeClient, AConnectionThatTheServerClosedIsNotHeldAgainstIt) {
  HttpServer server([](const std::string& request, Talk& talk) {
    const auto [first, end] = asked_range(request);
    talk.send(range_answer(kFile, first, end));
    return false;  // although it said nothing of closing
  });
  RangeClientOptions options = quick();
  options.attempt_limit = 1;
  Client client(options);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.read(server.url("/x"), kFile, 0, 10));
}

TEST(RangeClient, CancelEndsWhatWaits) {
  HttpServer mute([](const std::string&, Talk& talk) {
    talk.hang();
    return false;
  });
  RangeClientOptions options;  // long limits
  Client client(options);
  std::thread canceller([&] {
    while (mute.request_count() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    client.ranges.cancel();
  });
  expect_error(client.read(mute.url("/x"), kFile, 0, 10), ErrorCode::kState, "cancelled");
  canceller.join();
  expect_error(client.read(mute.url("/x"), kFile, 0, 10), ErrorCode::kState, "cancelled");
}

}  // namespace
}  // namespace brume::remote
