// Private to this room: certificates and CRLs taken apart (RFC 5280, sections 4.1 and 5.1), in views of the
// bytes that came. Strict: what is not as the standard has it is refused.
#pragma once

#include "base/outside.h"
#include "crypto/der.h"

namespace brume::crypto {

struct ExtensionView {
  ByteView oid;
  bool critical = false;
  ByteView value;  // content of extnValue
};

// What both have: bytes, by which algorithm they are signed (the same within and without), and the signature.
struct SignedView {
  ByteView bytes;
  ByteView algorithm;  // AlgorithmIdentifier
  ByteView signature;
};

struct CertificateFields {
  SignedView sealed;
  ByteView serial;  // content of the INTEGER, not negative
  ByteView issuer;
  ByteView subject;
  ByteView spki;
  UnixMs not_before = 0;
  UnixMs not_after = 0;
  std::vector<ExtensionView> extensions;
  bool ca = false;            // basicConstraints stands there and says so
  bool signs_others = false;  // keyUsage stands there with keyCertSign
  bool unchecked = false;     // has standard or critical extensions that are not read here
};

Result<CertificateFields> parse_certificate_fields(ByteView der);

struct CrlFields {
  SignedView sealed;
  ByteView issuer;
  UnixMs this_update = 0;
  UnixMs next_update = 0;
  std::vector<ByteView> revoked;  // serials as above, ascending by serial_before
};

Result<CrlFields> parse_crl_fields(ByteView der);

bool serial_before(ByteView a, ByteView b);

// The one text that a name has under commonName; empty where there is none, more than one, or other than ASCII
// or UTF-8.
std::string common_name_of(ByteView name);

// AlgorithmIdentifier of ECDSA with SHA-256, without parameters (RFC 5758, section 3.2).
inline constexpr ByteArray<12> kEcdsaWithSha256 = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                                   0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

}  // namespace brume::crypto
