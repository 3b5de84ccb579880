#include "crypto/tls_roots.h"

#include <openssl/ssl.h>

#include "crypto/openssl_handle.h"
#include "crypto/text.h"
#include "crypto/tls_server_name.h"
#include "crypto/x509_parse.h"

namespace brume::crypto {

namespace {

using X509Handle = Handle<X509, X509_free>;
using StoreContext = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;
using SslContext = Handle<SSL_CTX, SSL_CTX_free>;

constexpr std::string_view kLabel = "CERTIFICATE";
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
using Stack = std::unique_ptr<STACK_OF(X509), FreeStack>;

Result<Stack> certificates_of(std::string_view pem, std::size_t limit_count) {
  Stack out(sk_X509_new_null());
  BRUME_CHECK(out != nullptr);
  for (std::size_t at = pem.find(kBegin); at != pem.npos; at = pem.find(kBegin, at)) {
    const std::size_t end = pem.find(kEnd, at);
    if (end == pem.npos) return malformed("certificates: a block has no end");
    BRUME_ASSIGN(const auto blocks, from_pem(kLabel, pem.substr(at, end + kEnd.size() - at), 1));
    at = end + kEnd.size();
    if (static_cast<std::size_t>(sk_X509_num(out.get())) == limit_count)
      return fail(ErrorCode::kLimit, "certificates: more than " + std::to_string(limit_count));
    const std::uint8_t* next = blocks.front().data();
    X509Handle one(d2i_X509(nullptr, &next, static_cast<long>(blocks.front().size())));
    if (!clean(one != nullptr && next == blocks.front().data() + blocks.front().size()))
      return malformed("certificates: a block holds no certificate");
    BRUME_CHECK(sk_X509_push(out.get(), one.get()) > 0);
    static_cast<void>(one.release());
  }
  if (sk_X509_num(out.get()) == 0) return malformed("certificates: there is none; expected PEM");
  return out;
}

// As curl does: a CA file may name an intermediate alone.
void add_roots(X509_STORE* store, const STACK_OF(X509) * roots) {
  for (int i = 0; i < sk_X509_num(roots); ++i) BRUME_CHECK(X509_STORE_add_cert(store, sk_X509_value(roots, i)) == 1);
  BRUME_CHECK(X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1);
}

SslContext make_context(const STACK_OF(X509) * roots) {
  algorithms();
  BRUME_CHECK(OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr) == 1);
  SslContext out(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = out.get();
  BRUME_CHECK(context != nullptr);
  BRUME_CHECK(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
  SSL_CTX_set_security_level(context, 2);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  add_roots(SSL_CTX_get_cert_store(context), roots);
  return out;
}

}  // namespace

struct TlsRootsState {
  SslContext context;
  std::size_t count = 0;
  std::string pem;
};

Result<TlsRoots> TlsRoots::from_pem(std::string_view pem) {
  if (pem.size() > kTlsRootsSizeLimit) return fail(ErrorCode::kLimit, "CA certificates: over 4 MiB");
  auto roots = certificates_of(pem, kTlsRootCountLimit);
  if (!roots) return within("CA", roots.error());
  auto state = std::make_shared<TlsRootsState>();
  state->context = make_context(roots->get());
  state->count = static_cast<std::size_t>(sk_X509_num(roots->get()));
  for (int i = 0; i < sk_X509_num(roots->get()); ++i)
    state->pem += to_pem(kLabel, der_of<i2d_X509>(sk_X509_value(roots->get(), i)));
  return TlsRoots(std::move(state));
}

std::size_t TlsRoots::count() const { return state_->count; }

std::string TlsRoots::pem() const { return state_->pem; }

SSL_CTX* TlsRoots::context() const { return state_->context.get(); }

Result<std::string> TlsRoots::root_of(std::string_view chain_pem, const std::string& host) const {
  auto chain = certificates_of(chain_pem, kServerChainLimit);
  if (!chain) return within("the server's chain", chain.error());
  StoreContext store(X509_STORE_CTX_new());
  BRUME_CHECK(store != nullptr);
  BRUME_CHECK(X509_STORE_CTX_init(store.get(), SSL_CTX_get_cert_store(context()), sk_X509_value(chain->get(), 0),
                                  chain->get()) == 1);
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(store.get());
  BRUME_CHECK(X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_SERVER) == 1);
  BRUME_TRY(set_server_name(rules, host));
  const bool good = X509_verify_cert(store.get()) == 1;
  if (!clean(good)) {
    const int why = X509_STORE_CTX_get_error(store.get());
    return fail(ErrorCode::kAuthFailed, std::string("the server's certificate: ") + X509_verify_cert_error_string(why));
  }
  const STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(store.get());
  return to_pem(kLabel, der_of<i2d_X509>(sk_X509_value(path, sk_X509_num(path) - 1)));
}

}  // namespace brume::crypto
