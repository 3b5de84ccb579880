// Strict DER (X.690): just what attestation extensions need. Definite, minimal lengths, one-byte
// tags, minimal integers. Anything else is a fault.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace brume::evidence {

enum class DerTag : std::uint8_t {
  kBoolean = 0x01,
  kInteger = 0x02,
  kOctetString = 0x04,
  kOid = 0x06,
  kEnumerated = 0x0a,
  kIa5String = 0x16,
  kSequence = 0x30,
};

// A cursor that only moves forward; after the first fault it yields zeros (as Reader does).
class DerReader {
 public:
  explicit DerReader(ByteView bytes) : rest_(bytes) {}

  // Content of the next element, which must have this tag.
  ByteView element(DerTag tag);
  // The next element's content as a reader of its own. Faults in it are its own.
  DerReader sequence() { return DerReader(element(DerTag::kSequence)); }
  // INTEGER or ENUMERATED that is not negative and at most `limit`.
  std::uint32_t unsigned_integer(DerTag tag, std::uint32_t limit);
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

// One DER element: tag, minimal length, content.
Bytes der_element(DerTag tag, ByteView content);
Bytes der_unsigned(DerTag tag, std::uint32_t value);
Bytes der_boolean(bool value);

}  // namespace brume::evidence
