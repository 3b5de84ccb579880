// src/crypto/tls.cpp with one label changed. The exporter goes into what a node's evidence is bound to, so a node of
// the unprotected benchmark build and a master of any other never agree on it: the join is refused (join.report-data).
#include <openssl/ssl.h>

namespace {

int export_unprotected(SSL* ssl, unsigned char* out, std::size_t size) {
  constexpr char kLabel[] = "EXPORTER-Brume-Unprotected-Benchmark";
  return SSL_export_keying_material(ssl, out, size, kLabel, sizeof kLabel - 1, nullptr, 0, 0);
}

}  // namespace

#define SSL_export_keying_material(ssl, out, size, label, ...) \
  (static_cast<void>(label), export_unprotected(ssl, out, size))
#include "../../src/crypto/tls.cpp"
