#include "crypto/tls_client.h"

#include <gtest/gtest.h>

#include "crypto/testing/web_pki.h"

namespace brume::crypto {
namespace {

using testing::alternative_name;
using testing::WebCa;
using testing::WebServerCertificate;
using testing::WebTlsServer;

// Carries bytes both ways in pieces until nothing moves; the client's first error.
Status pump(TlsClient& client, WebTlsServer& server, std::size_t piece = SIZE_MAX) {
  Status first = client.receive({});
  for (bool moved = true; moved;) {
    const Bytes to_server = client.take_outgoing();
    if (!to_server.empty()) (void)server.receive(to_server);
    const Bytes to_client = server.take_outgoing();
    for (ByteView rest = to_client; !rest.empty();) {
      const ByteView now = rest.first(std::min(piece, rest.size()));
      if (Status status = client.receive(now); !status && first) first = status;
      rest = rest.subspan(now.size());
    }
    moved = !to_server.empty() || !to_client.empty();
  }
  return first;
}

Status shake_hands(const std::string& roots_pem, const std::string& host, const WebServerCertificate& identity) {
  const TlsRoots roots = TlsRoots::from_pem(roots_pem).value();
  TlsClient client = TlsClient::create(roots, host).value();
  WebTlsServer server(identity);
  Status status = pump(client, server);
  if (status && !(client.established() && server.established())) return fail(ErrorCode::kState, "not established");
  return status;
}

void expect_refused(const Status& status, std::string_view reason) {
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kAuthFailed);
  EXPECT_NE(status.error().what.find(reason), std::string::npos) << status.error().what;
}

TEST(TlsClient, SpeaksWithAServerOfItsRoots) {
  WebCa ca;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{100'000}}) {
      const TlsRoots roots = TlsRoots::from_pem(ca.pem()).value();
      TlsClient client = TlsClient::create(roots, "storage.example").value();
      WebTlsServer server(ca.issue_for("storage.example"), version);
      EXPECT_FALSE(client.send(as_bytes("early")));
      ASSERT_TRUE(pump(client, server, piece));
      ASSERT_TRUE(client.established() && server.established());
      ASSERT_TRUE(client.send(as_bytes("GET")));
      server.send(Bytes(100'000, 7));
      ASSERT_TRUE(pump(client, server, piece));
      EXPECT_EQ(as_chars(server.take_plaintext()), "GET");
      EXPECT_EQ(client.take_plaintext(), Bytes(100'000, 7));
      server.close();
      ASSERT_TRUE(pump(client, server));
      EXPECT_TRUE(client.closed());
    }
  }
}

TEST(TlsClient, TakesNamesWildcardsAndAddresses) {
  WebCa ca;
  EXPECT_TRUE(shake_hands(ca.pem(), "a.storage.example", ca.issue_for("*.storage.example")));
  const Bytes loopback{127, 0, 0, 1};
  EXPECT_TRUE(shake_hands(ca.pem(), "127.0.0.1", ca.issue(alternative_name(loopback, true))));
  EXPECT_TRUE(shake_hands("# two of them\n" + WebCa("Other").pem() + "words\n" + ca.pem(), "a.example",
                          ca.issue_for("a.example")));
}

TEST(TlsClient, RefusesAWrongName) {
  WebCa ca;
  expect_refused(shake_hands(ca.pem(), "b.example", ca.issue_for("a.example")), "hostname mismatch");
  expect_refused(shake_hands(ca.pem(), "a.b.storage.example", ca.issue_for("*.storage.example")), "hostname mismatch");
  expect_refused(shake_hands(ca.pem(), "server", ca.issue_for("a.example")), "hostname mismatch");  // the common name
  expect_refused(shake_hands(ca.pem(), "127.0.0.2", ca.issue(alternative_name(Bytes{127, 0, 0, 1}, true))),
                 "IP address mismatch");
  expect_refused(shake_hands(ca.pem(), "127.0.0.1", ca.issue_for("127.0.0.1")), "IP address mismatch");
}

TEST(TlsClient, RefusesWhatIsNotValidNow) {
  WebCa ca;
  const Extension name = alternative_name(as_bytes("a.example"), false);
  expect_refused(shake_hands(ca.pem(), "a.example", ca.issue(name, -2 * testing::kDayMs, -testing::kDayMs)), "expired");
  expect_refused(shake_hands(ca.pem(), "a.example", ca.issue(name, testing::kDayMs / 2, testing::kDayMs)),
                 "not yet valid");
}

TEST(TlsClient, RefusesAnUnknownRoot) {
  WebCa ca, other("Test CA");
  expect_refused(shake_hands(other.pem(), "a.example", ca.issue_for("a.example")), "");
  // Nor does a server's certificate vouch for another.
  const WebServerCertificate server = ca.issue_for("a.example");
  expect_refused(shake_hands(server.certificate.pem(), "a.example", ca.issue_for("a.example")), "");
}

TEST(TlsClient, RefusesOldVersions) {
  WebCa ca;
  const TlsRoots roots = TlsRoots::from_pem(ca.pem()).value();
  TlsClient client = TlsClient::create(roots, "a.example").value();
  WebTlsServer server(ca.issue_for("a.example"), TLS1_1_VERSION);
  EXPECT_FALSE(pump(client, server));
}

TEST(TlsClient, StaysFailed) {
  WebCa ca;
  const TlsRoots roots = TlsRoots::from_pem(ca.pem()).value();
  TlsClient client = TlsClient::create(roots, "a.example").value();
  ASSERT_TRUE(client.receive({}));
  EXPECT_FALSE(client.receive(as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n")));
  EXPECT_FALSE(client.receive({}));
  EXPECT_FALSE(client.send(as_bytes("x")));
}

TEST(TlsClient, RefusesNamesThatAreNone) {
  WebCa ca;
  const TlsRoots roots = TlsRoots::from_pem(ca.pem()).value();
  EXPECT_FALSE(TlsClient::create(roots, ""));
  EXPECT_FALSE(TlsClient::create(roots, std::string("a\0b", 3)));
}

TEST(TlsRoots, ReadsPemAndRefusesWhatIsNone) {
  WebCa a, b;
  EXPECT_EQ(TlsRoots::from_pem(a.pem() + b.pem()).value().count(), 2u);
  EXPECT_EQ(TlsRoots::from_pem("# secret notes\n" + a.pem() + "more\n" + b.pem()).value().pem(), a.pem() + b.pem());
  const std::string half = a.pem().substr(0, a.pem().size() / 2);
  for (const std::string& bad : {std::string(), std::string("nothing"), half,
                                 std::string("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")})
    EXPECT_FALSE(TlsRoots::from_pem(bad)) << bad;
  EXPECT_EQ(TlsRoots::from_pem(std::string(kTlsRootsSizeLimit + 1, ' ')).error().code, ErrorCode::kLimit);
}

TEST(TlsRoots, NamesTheRootOfAChain) {
  WebCa a, b;
  const TlsRoots roots = TlsRoots::from_pem(a.pem() + b.pem()).value();
  EXPECT_EQ(roots.root_of(b.issue_for("s.example").certificate.pem(), "s.example").value(), b.pem());
  // What the server sends besides does no harm, nor is it trusted.
  WebCa stranger;
  EXPECT_EQ(roots.root_of(a.issue_for("s.example").certificate.pem() + stranger.pem(), "s.example").value(), a.pem());
  const std::string chain = stranger.issue_for("s.example").certificate.pem() + stranger.pem();
  EXPECT_EQ(roots.root_of(chain, "s.example").error().code, ErrorCode::kAuthFailed);
  EXPECT_EQ(roots.root_of(a.issue_for("s.example").certificate.pem(), "t.example").error().code,
            ErrorCode::kAuthFailed);
  EXPECT_FALSE(roots.root_of("", "s.example"));
}

}  // namespace
}  // namespace brume::crypto
