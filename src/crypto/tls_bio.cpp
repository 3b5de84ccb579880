#include "crypto/tls_bio.h"

#include <algorithm>

namespace brume::crypto {

namespace {

TlsWires& wires_of(BIO* bio) { return *static_cast<TlsWires*>(BIO_get_data(bio)); }

// Empty is not the end: whether a peer has gone is not TLS's to guess. close_notify says so.
int read_incoming(BIO* bio, char* out, std::size_t size, std::size_t* read) {
  TlsWires& wires = wires_of(bio);
  BIO_clear_retry_flags(bio);
  *read = std::min(size, wires.incoming.size());
  if (*read == 0) {
    BIO_set_retry_read(bio);
    return 0;
  }
  std::memcpy(out, wires.incoming.data(), *read);
  wires.incoming = wires.incoming.subspan(*read);
  return 1;
}

int write_outgoing(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
  TlsWires& wires = wires_of(bio);
  BIO_clear_retry_flags(bio);
  *written = 0;
  if (size > wires.outgoing_limit - std::min(wires.outgoing_limit, wires.outgoing.size())) return 0;
  append(wires.outgoing, as_bytes({data, size}));
  *written = size;
  return 1;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "brume");
  BRUME_CHECK(method != nullptr && BIO_meth_set_read_ex(method, read_incoming) == 1 &&
              BIO_meth_set_write_ex(method, write_outgoing) == 1 && BIO_meth_set_ctrl(method, control) == 1);
  return method;
}

}  // namespace

BIO* new_tls_bio(TlsWires* wires) {
  static BIO_METHOD* const kMethod = make_method();
  BIO* bio = BIO_new(kMethod);
  BRUME_CHECK(bio != nullptr);
  BIO_set_data(bio, wires);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace brume::crypto
