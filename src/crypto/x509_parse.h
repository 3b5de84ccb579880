// Private to this room: what parsing and issuing X.509 share.
#pragma once

#include <openssl/x509.h>

#include "base/outside.h"
#include "crypto/openssl_handle.h"

namespace brume::crypto {

// Proleptic Gregorian calendar, UTC, without libc's (which reads the time zone files).
UnixMs unix_ms(const ASN1_TIME* time);
// RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime after. Whole seconds, years 1950 to 9999.
void set_time(ASN1_TIME* out, UnixMs time);

// i2d of any OpenSSL object as bytes.
template <auto kEncode, typename T>
Bytes der_of(const T* object) {
  int size = kEncode(object, nullptr);
  BRUME_CHECK(size >= 0);
  Bytes out(static_cast<std::size_t>(size));
  std::uint8_t* end = out.data();
  BRUME_CHECK(kEncode(object, &end) == size);
  return out;
}

}  // namespace brume::crypto
