// Private to this room: the name under which a server's certificate must stand.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <string>

#include "base/result.h"
#include "crypto/openssl_handle.h"

namespace brume::crypto {

// An IP address as text; such servers are named by address in certificates, and by nothing in the handshake.
inline bool is_ip_address(const std::string& host) {
  using Octets = Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
  return clean(Octets(a2i_IPADDRESS(host.c_str())) != nullptr);
}

inline Status set_server_name(X509_VERIFY_PARAM* rules, const std::string& host) {
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool set =
      !host.empty() && (is_ip_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(rules, host.c_str()) == 1
                                            : X509_VERIFY_PARAM_set1_host(rules, host.data(), host.size()) == 1);
  if (!clean(set)) return fail(ErrorCode::kUsage, "TLS: that is no host name");
  return {};
}

}  // namespace brume::crypto
