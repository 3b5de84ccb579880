#include "crypto/tls_peer.h"

#include "crypto/openssl_handle.h"
#include "crypto/x509.h"
#include "crypto/x509_parse.h"

namespace brume::crypto {

namespace {

void check(TlsPeer& peer, const STACK_OF(X509) * chain) {
  if (sk_X509_num(chain) != 1) {
    peer.refusal = "the peer sent not exactly one certificate";
    return;
  }
  auto leaf = Certificate::from_der(der_of<i2d_X509>(sk_X509_value(chain, 0)));
  auto key = leaf ? leaf->public_key() : std::unexpected(leaf.error());
  if (!key) {
    peer.refusal = "the peer's certificate is malformed or not on P-256";
  } else if (leaf->subject_der() != leaf->issuer_der() || !leaf->signed_by(*key)) {
    peer.refusal = "the peer's certificate is not signed by itself";
  } else if (peer.pinned && *peer.pinned != key->spki_hash()) {
    peer.refusal = "the peer's key is not the pinned one";
  } else {
    peer.accepted = key->spki_hash();
  }
}

int on_chain(X509_STORE_CTX* store, void*) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  BRUME_CHECK(ssl != nullptr);
  auto* peer = static_cast<TlsPeer*>(SSL_get_app_data(ssl));
  BRUME_CHECK(peer != nullptr);
  check(*peer, X509_STORE_CTX_get0_untrusted(store));
  X509_STORE_CTX_set_error(store, peer->accepted ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
  return peer->accepted ? 1 : 0;
}

}  // namespace

void check_tls_peers(SSL_CTX* context) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context, on_chain, nullptr);
}

void set_tls_peer(SSL* ssl, TlsPeer* peer) { BRUME_CHECK(SSL_set_app_data(ssl, peer) == 1); }

}  // namespace brume::crypto
