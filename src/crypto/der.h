// Strict DER (X.690): just what certificates, CRLs and attestation extensions need. Definite, minimal
// lengths, one-byte tags, minimal integers. Anything else is a fault.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace brume::crypto {

enum class DerTag : std::uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kBitString = 0x03,
  kOctetString = 0x04,
  kOid = 0x06,
  kEnumerated = 0x0a,
  kUtf8String = 0x0c,
  kPrintableString = 0x13,
  kIa5String = 0x16,
  kUtcTime = 0x17,
  kGeneralizedTime = 0x18,
  kSequence = 0x30,
  kSet = 0x31,
  kContext0 = 0xa0,  // [0], constructed
  kContext3 = 0xa3,
};

struct DerElement {
  std::uint8_t tag = 0;
  ByteView content;
  ByteView whole;  // with tag and length
  bool constructed() const { return (tag & 0x20) != 0; }
};

// A cursor that only moves forward; after the first fault it yields zeros (as Reader does).
class DerReader {
 public:
  explicit DerReader(ByteView bytes) : rest_(bytes) {}

  // The next element, whatever it is.
  DerElement any();
  // Content of the next element, which must have this tag.
  ByteView element(DerTag tag);
  // The same with tag and length.
  ByteView whole(DerTag tag);
  // The next element's content as a reader of its own. Faults in it are its own.
  DerReader sequence() { return DerReader(element(DerTag::kSequence)); }
  // INTEGER or ENUMERATED that is not negative and at most `limit`.
  std::uint32_t unsigned_integer(DerTag tag, std::uint32_t limit);
  // INTEGER, two's complement, in its shortest form: its content.
  ByteView integer();
  bool boolean();
  template <std::size_t N>
  ByteArray<N> octets() {
    ByteArray<N> out{};
    ByteView view = element(DerTag::kOctetString);
    if (view.size() != N) {
      fault();
      return out;
    }
    std::memcpy(out.data(), view.data(), N);
    return out;
  }
  // The next element must be exactly this OID (its content bytes).
  void expect_oid(ByteView content);
  // True if the next element is this OID; nothing is taken.
  bool next_is_oid(ByteView content) const;
  // True if there is a next element with this tag; nothing is taken.
  bool next_is(DerTag tag) const { return !rest_.empty() && rest_[0] == static_cast<std::uint8_t>(tag); }

  void fault() {
    faulted_ = true;
    rest_ = {};
  }
  bool ok() const { return !faulted_; }
  bool empty() const { return rest_.empty(); }
  // No fault, and nothing is left.
  bool done() const { return !faulted_ && rest_.empty(); }

 private:
  ByteView rest_;
  bool faulted_ = false;
};

// Whether the bytes are elements and nothing else, and so on within those that are constructed.
bool well_formed_der(ByteView bytes);

// An OID's content bytes as dotted decimal; empty where they are none, or too long. And back.
std::string oid_text(ByteView content);
Bytes oid_content(std::string_view text);

// One DER element: tag, minimal length, content.
Bytes der_element(DerTag tag, ByteView content);
Bytes der_unsigned(DerTag tag, std::uint32_t value);
Bytes der_boolean(bool value);

}  // namespace brume::crypto
