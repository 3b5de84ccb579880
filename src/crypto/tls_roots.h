// Who may vouch for a server of the web: CA certificates, and the question whether a server's chain leads to one of
// them. OpenSSL builds and checks the chains (RFC 5280, names by RFC 6125). For host-side rooms that fetch ciphertext:
// nothing secret or trusted rests on what such a connection brings.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

struct ssl_ctx_st;

namespace brume::crypto {

inline constexpr std::size_t kTlsRootsSizeLimit = 4u << 20;  // the lists of systems have about 220 KiB
inline constexpr std::size_t kTlsRootCountLimit = 1'000;
inline constexpr std::size_t kServerChainLimit = 16;  // certificates

struct TlsRootsState;

class TlsRoots {
 public:
  // Every CERTIFICATE block; other text is skipped, as CA files hold comments. At least one.
  // Errors: kMalformed, kLimit.
  static Result<TlsRoots> from_pem(std::string_view pem);
  std::size_t count() const;
  // All of them again, and nothing besides.
  std::string pem() const;
  // The certificate, in PEM, that vouches for the server's chain (leaf first) now, under that host name or address.
  // Errors: kMalformed, kAuthFailed with OpenSSL's reason.
  Result<std::string> root_of(std::string_view chain_pem, const std::string& host) const;
  // For TlsClient: settings and these roots.
  ssl_ctx_st* context() const;

 private:
  explicit TlsRoots(std::shared_ptr<const TlsRootsState> state) : state_(std::move(state)) {}
  std::shared_ptr<const TlsRootsState> state_;
};

}  // namespace brume::crypto
