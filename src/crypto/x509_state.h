// Private to this room: what a Certificate and a Crl hold.
#pragma once

#include <atomic>

#include "crypto/openssl_handle.h"
#include "crypto/x509_fields.h"

namespace brume::crypto {

struct CertificateState {
  Bytes der;  // what the views of fields lie in
  CertificateFields fields;
  mutable std::atomic<X509*> native = nullptr;  // made when first asked for

  ~CertificateState() { X509_free(native); }
};

struct CrlState {
  Bytes der;
  CrlFields fields;
};

}  // namespace brume::crypto
