#include "crypto/tls.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "crypto/openssl_handle.h"
#include "crypto/random.h"
#include "crypto/tls_bio.h"
#include "crypto/x509.h"

namespace brume::crypto {
namespace {

struct Pair {
  EcKey client_key = EcKey::generate();
  EcKey server_key = EcKey::generate();
  TlsSession client;
  TlsSession server;

  explicit Pair(std::optional<SpkiHash> client_pins = {}, std::optional<SpkiHash> server_pins = {})
      : client(TlsSession::create(TlsRole::kClient, client_key, client_pins).value()),
        server(TlsSession::create(TlsRole::kServer, server_key, server_pins).value()) {}

  // Carries bytes both ways in pieces until nothing moves; the first error of either side.
  Status pump(std::size_t piece = SIZE_MAX) {
    Status first = client.receive({});
    for (bool moved = true; moved;) {
      moved = carry(client, server, piece, first);
      moved = carry(server, client, piece, first) || moved;
    }
    return first;
  }
  static bool carry(TlsSession& from, TlsSession& to, std::size_t piece, Status& first) {
    Bytes bytes = from.take_outgoing();
    for (ByteView rest = bytes; !rest.empty();) {
      ByteView now = rest.first(std::min(piece, rest.size()));
      Status status = to.receive(now);
      if (!status && first) first = status;
      rest = rest.subspan(now.size());
    }
    return !bytes.empty();
  }
};

std::string text_of(const Bytes& bytes) { return std::string(as_chars(bytes)); }

TEST(Tls, HandshakesAndCarriesBothWays) {
  Pair pair;
  EXPECT_FALSE(pair.client.send(as_bytes("early")).has_value());
  ASSERT_TRUE(pair.pump().has_value());
  ASSERT_TRUE(pair.client.established() && pair.server.established());
  EXPECT_EQ(pair.client.peer_spki(), pair.server_key.public_key().spki_hash());
  EXPECT_EQ(pair.server.peer_spki(), pair.client.own_spki());
  ASSERT_TRUE(pair.client.send(as_bytes("to server")).has_value());
  ASSERT_TRUE(pair.server.send(as_bytes("to client")).has_value());
  ASSERT_TRUE(pair.pump().has_value());
  EXPECT_EQ(text_of(pair.server.take_plaintext()), "to server");
  EXPECT_EQ(text_of(pair.client.take_plaintext()), "to client");
}

TEST(Tls, WorksOneByteAtATime) {
  Pair pair;
  ASSERT_TRUE(pair.pump(1).has_value());
  Bytes message(50'000);
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::uint8_t>(i * 7);
  ASSERT_TRUE(pair.client.send(message).has_value());
  ASSERT_TRUE(pair.pump(1).has_value());
  EXPECT_EQ(pair.server.take_plaintext(), message);
}

TEST(Tls, CarriesSixteenMegabytesAtOnce) {
  Pair pair;
  ASSERT_TRUE(pair.pump().has_value());
  Bytes message(kTlsPlaintextLimit, 5);
  ASSERT_TRUE(pair.client.send(message).has_value());
  ASSERT_TRUE(pair.pump().has_value());
  EXPECT_EQ(pair.server.take_plaintext(), message);
}

TEST(Tls, RefusesMorePlaintextThanItMayBuffer) {
  Pair pair;
  ASSERT_TRUE(pair.pump().has_value());
  ASSERT_TRUE(pair.client.send(Bytes(kTlsPlaintextLimit + 1)).has_value());
  Status status = pair.pump();
  ASSERT_FALSE(status.has_value());
  EXPECT_EQ(status.error().code, ErrorCode::kLimit);
  EXPECT_TRUE(pair.server.take_plaintext().empty());
}

TEST(Tls, RefusesToQueueMoreThanItMayBuffer) {
  Pair pair;
  ASSERT_TRUE(pair.pump().has_value());
  EXPECT_EQ(pair.client.send(Bytes(kTlsOutgoingLimit)).error().code, ErrorCode::kLimit);
  ASSERT_TRUE(pair.client.send(as_bytes("still open")).has_value());
  ASSERT_TRUE(pair.pump().has_value());
  EXPECT_EQ(text_of(pair.server.take_plaintext()), "still open");
}

TEST(Tls, ExporterIsTheSameOnBothSidesAndNewEachSession) {
  Pair one, two;
  ASSERT_TRUE(one.pump().has_value() && two.pump().has_value());
  EXPECT_EQ(one.client.exporter(), one.server.exporter());
  EXPECT_EQ(two.client.exporter(), two.server.exporter());
  EXPECT_NE(one.client.exporter(), two.client.exporter());
  EXPECT_NE(one.client.exporter(), ByteArray<32>{});
}

TEST(Tls, AcceptsThePinnedKeyAndRefusesAnother) {
  EcKey client_key = EcKey::generate(), server_key = EcKey::generate(), other = EcKey::generate();
  for (bool right : {true, false}) {
    SpkiHash pin = (right ? server_key : other).public_key().spki_hash();
    Pair pair;
    pair.client = TlsSession::create(TlsRole::kClient, client_key, pin).value();
    pair.server = TlsSession::create(TlsRole::kServer, server_key, {}).value();
    Status status = pair.pump();
    EXPECT_EQ(status.has_value(), right);
    EXPECT_EQ(pair.client.established(), right);
    EXPECT_EQ(pair.server.established(), right);
    if (!right) {
      EXPECT_EQ(status.error().code, ErrorCode::kAuthFailed);
      EXPECT_EQ(pair.client.receive({}).error().code, ErrorCode::kAuthFailed) << "for good";
    }
  }
}

TEST(Tls, ServerPinsToo) {
  Pair pair({}, EcKey::generate().public_key().spki_hash());
  EXPECT_FALSE(pair.pump().has_value());
  EXPECT_FALSE(pair.server.established() || pair.client.established());
}

TEST(Tls, CloseNotifyIsSeenAndWhatFollowsIsIgnored) {
  Pair pair;
  ASSERT_TRUE(pair.pump().has_value());
  ASSERT_TRUE(pair.client.send(as_bytes("last words")).has_value());
  pair.client.close();
  EXPECT_EQ(pair.client.send(as_bytes("more")).error().code, ErrorCode::kState);
  ASSERT_TRUE(pair.pump().has_value());
  EXPECT_TRUE(pair.server.closed());
  EXPECT_FALSE(pair.client.closed());
  EXPECT_EQ(text_of(pair.server.take_plaintext()), "last words");
  EXPECT_TRUE(pair.server.receive(as_bytes("noise")).has_value());
  pair.server.close();
  ASSERT_TRUE(pair.pump().has_value());
  EXPECT_TRUE(pair.client.closed());
}

TEST(Tls, TruncationIsNotAClose) {
  Pair pair;
  ASSERT_TRUE(pair.pump().has_value());
  ASSERT_TRUE(pair.client.send(as_bytes("half of this")).has_value());
  Bytes record = pair.client.take_outgoing();
  for (std::size_t size = 0; size + 1 < record.size(); ++size) {
    // The rest never comes: nothing is delivered and nothing claims that the peer is done.
    ASSERT_TRUE(pair.server.receive(ByteView(record).subspan(size, 1)).has_value());
    EXPECT_TRUE(pair.server.take_plaintext().empty());
    EXPECT_FALSE(pair.server.closed());
  }
}

TEST(Tls, RefusesEveryFlippedBitOfARecord) {
  for (std::size_t at = 0; at < 30; ++at) {
    Pair pair;
    ASSERT_TRUE(pair.pump().has_value());
    ASSERT_TRUE(pair.client.send(as_bytes("some text")).has_value());
    Bytes record = pair.client.take_outgoing();
    ASSERT_EQ(record.size(), 5 + 9 + 1 + 16u);
    record[at] ^= 1;
    Status status = pair.server.receive(record);
    // A longer length only waits for more; nothing comes out in any case.
    EXPECT_TRUE(!status || at == 3 || at == 4) << at;
    EXPECT_TRUE(pair.server.take_plaintext().empty()) << at;
  }
}

TEST(Tls, RefusesRepeatedAndDroppedRecords) {
  Pair pair;
  ASSERT_TRUE(pair.pump().has_value());
  ASSERT_TRUE(pair.client.send(as_bytes("one")).has_value());
  Bytes one = pair.client.take_outgoing();
  ASSERT_TRUE(pair.server.receive(one).has_value());
  EXPECT_EQ(pair.server.receive(one).error().code, ErrorCode::kAuthFailed);
  Pair other;
  ASSERT_TRUE(other.pump().has_value());
  ASSERT_TRUE(other.client.send(as_bytes("one")).has_value());
  other.client.take_outgoing();
  ASSERT_TRUE(other.client.send(as_bytes("two")).has_value());
  EXPECT_FALSE(other.server.receive(other.client.take_outgoing()).has_value());
}

TEST(Tls, RefusesFlippedBitsInTheHandshake) {
  for (std::size_t step = 5; step < 900; step += 61) {
    Pair pair;
    ASSERT_TRUE(pair.client.receive({}).has_value());
    ASSERT_TRUE(pair.server.receive(pair.client.take_outgoing()).has_value());
    Bytes flight = pair.server.take_outgoing();
    if (step >= flight.size()) break;
    flight[step] ^= 0x10;
    Status status = pair.client.receive(flight);
    EXPECT_FALSE(pair.client.established()) << step;
    Pair::carry(pair.client, pair.server, SIZE_MAX, status);
    EXPECT_FALSE(pair.server.established()) << step;
  }
}

TEST(Tls, MovesWithItsState) {
  Pair pair;
  ASSERT_TRUE(pair.pump().has_value());
  TlsSession moved = std::move(pair.client);
  ASSERT_TRUE(moved.send(as_bytes("moved")).has_value());
  ASSERT_TRUE(pair.server.receive(moved.take_outgoing()).has_value());
  EXPECT_EQ(text_of(pair.server.take_plaintext()), "moved");
}

// A client made from OpenSSL directly, to do what TlsSession cannot be made to do.
struct ForeignClient {
  Handle<SSL_CTX, SSL_CTX_free> context{SSL_CTX_new(TLS_client_method())};
  TlsWires wires{.outgoing_limit = 1u << 20};
  Handle<SSL, SSL_free> ssl;

  void start() {
    ssl.reset(SSL_new(context.get()));
    BIO* bio = new_tls_bio(&wires);
    SSL_set_bio(ssl.get(), bio, bio);
    SSL_set_connect_state(ssl.get());
  }
  Status against(TlsSession& server) {
    for (int i = 0; i < 4; ++i) {
      SSL_do_handshake(ssl.get());
      ERR_clear_error();
      BRUME_TRY(server.receive(std::exchange(wires.outgoing, {})));
      Bytes answer = server.take_outgoing();
      wires.incoming = answer;
      SSL_do_handshake(ssl.get());
      ERR_clear_error();
    }
    return {};
  }
  void use(const Certificate& certificate, const EcKey& key) {
    ASSERT_EQ(SSL_CTX_use_certificate(context.get(), certificate.native()), 1);
    ASSERT_EQ(SSL_CTX_use_PrivateKey(context.get(), key.native()), 1);
  }
};

TlsSession new_server() { return TlsSession::create(TlsRole::kServer, EcKey::generate(), {}).value(); }

Certificate certificate_for(const EcKey& key, const EcKey& signer, const Certificate* issuer) {
  SystemRandom random;
  return issue_certificate({.common_name = "brume", .not_before = 0, .not_after = 86400000}, key.public_key(), issuer,
                           signer, random);
}

TEST(Tls, AcceptsAnotherStacksSelfSignedClient) {
  ForeignClient client;
  EcKey key = EcKey::generate();
  client.use(certificate_for(key, key, nullptr), key);
  client.start();
  TlsSession server = new_server();
  EXPECT_TRUE(client.against(server).has_value());
  ASSERT_TRUE(server.established());
  EXPECT_EQ(server.peer_spki(), key.public_key().spki_hash());
}

TEST(Tls, AServerSaysNothingBeforeItHasAllOfAHello) {
  TlsSession client = TlsSession::create(TlsRole::kClient, EcKey::generate(), {}).value();
  ASSERT_TRUE(client.receive({}));
  const Bytes hello = client.take_outgoing();
  TlsSession server = new_server();
  for (const std::uint8_t& byte : hello) {
    EXPECT_TRUE(server.take_outgoing().empty());
    ASSERT_TRUE(server.receive(ByteView(&byte, 1)));
  }
  EXPECT_FALSE(server.take_outgoing().empty());
}

TEST(Tls, RefusesTls12) {
  ForeignClient client;
  SSL_CTX_set_max_proto_version(client.context.get(), TLS1_2_VERSION);
  client.start();
  TlsSession server = new_server();
  EXPECT_FALSE(client.against(server).has_value());
  EXPECT_FALSE(server.established());
}

TEST(Tls, RefusesAClientWithoutCertificate) {
  ForeignClient client;
  client.start();
  TlsSession server = new_server();
  EXPECT_EQ(client.against(server).error().code, ErrorCode::kAuthFailed);
  EXPECT_FALSE(server.established());
}

TEST(Tls, RefusesACertificateSignedByAnother) {
  ForeignClient client;
  EcKey key = EcKey::generate(), signer = EcKey::generate();
  Certificate root = certificate_for(signer, signer, nullptr);
  client.use(certificate_for(key, signer, &root), key);
  client.start();
  TlsSession server = new_server();
  EXPECT_EQ(client.against(server).error().code, ErrorCode::kAuthFailed);
  EXPECT_FALSE(server.established());
}

TEST(Tls, RefusesAChainOfTwo) {
  ForeignClient client;
  EcKey key = EcKey::generate();
  Certificate own = certificate_for(key, key, nullptr);
  client.use(own, key);
  Certificate extra = certificate_for(key, key, nullptr);
  ASSERT_EQ(SSL_CTX_add1_chain_cert(client.context.get(), extra.native()), 1);
  client.start();
  TlsSession server = new_server();
  EXPECT_EQ(client.against(server).error().code, ErrorCode::kAuthFailed);
  EXPECT_FALSE(server.established());
}

TEST(Tls, RefusesAnotherCurve) {
  ForeignClient client;
  Pkey key(EVP_EC_gen("P-384"));
  Handle<X509, X509_free> x509(X509_new());
  X509_set_version(x509.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(x509.get()), 3600);
  X509_set_pubkey(x509.get(), key.get());
  X509_sign(x509.get(), key.get(), EVP_sha256());
  ASSERT_EQ(SSL_CTX_use_certificate(client.context.get(), x509.get()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey(client.context.get(), key.get()), 1);
  client.start();
  TlsSession server = new_server();
  EXPECT_FALSE(client.against(server).has_value());
  EXPECT_FALSE(server.established());
}

TEST(Tls, GivesNoTicketToResumeWith) {
  ForeignClient client;
  EcKey key = EcKey::generate();
  client.use(certificate_for(key, key, nullptr), key);
  static int tickets;
  tickets = 0;
  SSL_CTX_set_session_cache_mode(client.context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(client.context.get(), [](SSL*, SSL_SESSION*) { return ++tickets, 0; });
  client.start();
  TlsSession server = new_server();
  ASSERT_TRUE(client.against(server).has_value());
  ASSERT_TRUE(server.send(as_bytes("x")).has_value());
  Bytes answer = server.take_outgoing();
  client.wires.incoming = answer;
  char text[8];
  EXPECT_EQ(SSL_read(client.ssl.get(), text, sizeof text), 1);
  EXPECT_EQ(tickets, 0);
}

TEST(Tls, SurvivesKeyUpdates) {
  ForeignClient client;
  EcKey key = EcKey::generate();
  client.use(certificate_for(key, key, nullptr), key);
  client.start();
  TlsSession server = new_server();
  ASSERT_TRUE(client.against(server).has_value());
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(SSL_key_update(client.ssl.get(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_write(client.ssl.get(), "k", 1), 1);
    ASSERT_TRUE(server.receive(std::exchange(client.wires.outgoing, {})).has_value());
  }
  EXPECT_EQ(server.take_plaintext().size(), 20u);
}

}  // namespace
}  // namespace brume::crypto
