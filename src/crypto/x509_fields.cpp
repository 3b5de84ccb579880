#include "crypto/x509_fields.h"

#include <algorithm>
#include <chrono>

namespace brume::crypto {
namespace {

constexpr std::size_t kExtensionCountLimit = 64;

// id-ce, 2.5.29: the last byte tells which.
constexpr ByteArray<2> kIdCe = {0x55, 0x1d};
constexpr std::uint8_t kSubjectKeyId = 14, kKeyUsage = 15, kBasicConstraints = 19, kCrlPoints = 31,
                       kAuthorityKeyId = 35;
// id-pe (1.3.6.1.5.5.7.1) and Netscape's (2.16.840.1.113730.1): standard, too.
constexpr ByteArray<7> kIdPe = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01};
constexpr ByteArray<8> kNetscape = {0x60, 0x86, 0x48, 0x01, 0x86, 0xf8, 0x42, 0x01};
constexpr ByteArray<3> kCommonName = {0x55, 0x04, 0x03};

bool begins_with(ByteView bytes, ByteView prefix) {
  return bytes.size() > prefix.size() && equal(bytes.first(prefix.size()), prefix);
}

int two_digits(ByteView text, std::size_t at) {
  const int high = text[at] - '0';
  const int low = text[at + 1] - '0';
  return high < 0 || high > 9 || low < 0 || low > 9 ? -1 : 10 * high + low;
}

// Sections 4.1.2.5.1 and 4.1.2.5.2: with seconds, in UTC. Two-digit years are 1950 to 2049.
UnixMs take_time(DerReader& reader) {
  const DerElement element = reader.any();
  ByteView text = element.content;
  int century = 0;
  if (element.tag == static_cast<std::uint8_t>(DerTag::kGeneralizedTime) && text.size() == 15) {
    century = two_digits(text, 0) * 100;
    text = text.subspan(2);
  } else if (element.tag != static_cast<std::uint8_t>(DerTag::kUtcTime) || text.size() != 13) {
    reader.fault();
    return 0;
  } else {
    century = two_digits(text, 0) >= 50 ? 1900 : 2000;
  }
  int part[6];
  bool good = century >= 0 && text[12] == 'Z';
  for (std::size_t i = 0; i < 6; ++i) good = (part[i] = two_digits(text, 2 * i)) >= 0 && good;
  using namespace std::chrono;
  const year_month_day date(year(century + part[0]), month(static_cast<unsigned>(part[1])),
                            day(static_cast<unsigned>(part[2])));
  if (!good || !date.ok() || part[3] > 23 || part[4] > 59 || part[5] > 59) {
    reader.fault();
    return 0;
  }
  return (((sys_days(date).time_since_epoch().count() * 24LL + part[3]) * 60 + part[4]) * 60 + part[5]) * 1000;
}

// SEQUENCE OF SET OF SEQUENCE { OID, any }; empty ones are allowed.
ByteView take_name(DerReader& reader) {
  const ByteView whole = reader.whole(DerTag::kSequence);
  DerReader name(whole);
  DerReader list = name.sequence();
  while (list.ok() && !list.empty()) {
    DerReader set(list.element(DerTag::kSet));
    do {
      DerReader attribute = set.sequence();
      attribute.element(DerTag::kOid);
      attribute.any();
      if (!attribute.done()) reader.fault();
    } while (set.ok() && !set.empty());
    if (!set.ok()) reader.fault();
  }
  if (!list.ok()) reader.fault();
  return whole;
}

// SEQUENCE { signed bytes, AlgorithmIdentifier, BIT STRING }
Result<SignedView> take_apart(ByteView der, const char* what) {
  DerReader outer(der);
  DerReader list = outer.sequence();
  SignedView out;
  out.bytes = list.whole(DerTag::kSequence);
  out.algorithm = list.whole(DerTag::kSequence);
  const ByteView bits = list.element(DerTag::kBitString);
  if (!outer.done() || !list.done() || bits.size() < 2 || bits[0] != 0 || !well_formed_der(out.algorithm)) {
    return malformed(std::string(what) + ": not DER as RFC 5280 has it, or bytes after it");
  }
  out.signature = bits.subspan(1);
  return out;
}

// SEQUENCE OF SEQUENCE { OID, BOOLEAN DEFAULT FALSE, OCTET STRING }. A FALSE that is written is let pass.
std::vector<ExtensionView> take_extensions(DerReader& reader) {
  std::vector<ExtensionView> out;
  DerReader list = reader.sequence();
  while (list.ok() && !list.empty()) {
    DerReader item = list.sequence();
    ExtensionView extension;
    extension.oid = item.element(DerTag::kOid);
    if (item.next_is(DerTag::kBoolean)) extension.critical = item.boolean();
    extension.value = item.element(DerTag::kOctetString);
    if (!item.done()) reader.fault();
    out.push_back(extension);
  }
  if (!list.ok()) reader.fault();
  return out;
}

// Section 4.2.1.9. A path length is a CA's only.
bool read_basic_constraints(ByteView value, CertificateFields& out) {
  DerReader outer(value);
  DerReader list = outer.sequence();
  if (list.next_is(DerTag::kBoolean)) out.ca = list.boolean();
  if (out.ca && list.next_is(DerTag::kInteger)) list.unsigned_integer(DerTag::kInteger, 0xffff);
  return outer.done() && list.done();
}

// Section 4.2.1.3: bit 5, counted from the left, is keyCertSign.
bool read_key_usage(ByteView value, CertificateFields& out) {
  DerReader outer(value);
  const ByteView bits = outer.element(DerTag::kBitString);
  if (!outer.done() || bits.size() < 2 || bits.size() > 3 || bits[0] > 7) return false;
  out.signs_others = (bits[1] & 0x04) != 0;
  return true;
}

bool is_octets(ByteView value) {
  DerReader outer(value);
  const ByteView content = outer.element(DerTag::kOctetString);
  return outer.done() && !content.empty();
}

bool is_sequence(ByteView value) {
  DerReader outer(value);
  outer.element(DerTag::kSequence);
  return outer.done() && well_formed_der(value);
}

// True if the extension is as it should be, as far as it is read here.
bool read_extension(const ExtensionView& extension, CertificateFields& out) {
  const bool standard = begins_with(extension.oid, kIdCe);
  const std::uint8_t which = standard && extension.oid.size() == 3 ? extension.oid[2] : 0;
  switch (which) {
    case kBasicConstraints:
      return read_basic_constraints(extension.value, out);
    case kKeyUsage:
      return read_key_usage(extension.value, out);
    case kSubjectKeyId:
      return is_octets(extension.value);
    case kAuthorityKeyId:
    case kCrlPoints:
      return is_sequence(extension.value);
    default:
      out.unchecked |=
          standard || extension.critical || begins_with(extension.oid, kIdPe) || begins_with(extension.oid, kNetscape);
      return true;
  }
}

Status read_extensions(CertificateFields& out) {
  if (out.extensions.size() > kExtensionCountLimit) {
    return fail(ErrorCode::kLimit, "certificate: more extensions than allowed");
  }
  for (std::size_t i = 0; i < out.extensions.size(); ++i) {
    const ExtensionView& extension = out.extensions[i];
    if (oid_text(extension.oid).empty()) return malformed("certificate: an extension's OID is empty or too long");
    for (std::size_t j = 0; j < i; ++j) {
      if (equal(out.extensions[j].oid, extension.oid)) {
        return malformed("certificate: an extension stands there twice");
      }
    }
    if (!read_extension(extension, out)) return malformed("certificate: a standard extension does not parse");
  }
  return {};
}

// Whether the next element is EXPLICIT [number] INTEGER with this value.
bool takes_version(DerReader& list, std::uint32_t version) {
  DerReader wrapped(list.element(DerTag::kContext0));
  return wrapped.unsigned_integer(DerTag::kInteger, 2) == version && wrapped.done();
}

bool any_critical(const std::vector<ExtensionView>& extensions) {
  return std::ranges::any_of(extensions, &ExtensionView::critical);
}

// SEQUENCE OF SEQUENCE { INTEGER, time, extensions OPTIONAL }. Returns whether an entry has a critical extension.
bool take_revoked(DerReader& reader, CrlFields& out) {
  bool critical = false;
  DerReader list = reader.sequence();
  while (list.ok() && !list.empty()) {
    DerReader entry = list.sequence();
    out.revoked.push_back(entry.integer());
    take_time(entry);
    if (entry.ok() && !entry.empty()) critical |= any_critical(take_extensions(entry));
    if (!entry.done()) reader.fault();
  }
  if (!list.ok()) reader.fault();
  std::ranges::sort(out.revoked, serial_before);
  return critical;
}

}  // namespace

bool serial_before(ByteView a, ByteView b) {
  if (a.size() != b.size()) return a.size() < b.size();
  return !a.empty() && std::memcmp(a.data(), b.data(), a.size()) < 0;
}

Result<CertificateFields> parse_certificate_fields(ByteView der) {
  CertificateFields out;
  BRUME_ASSIGN(out.sealed, take_apart(der, "certificate"));
  DerReader body(out.sealed.bytes);
  DerReader list = body.sequence();
  if (!takes_version(list, 2)) return fail(ErrorCode::kUnsupported, "certificate: its version is not 3");
  out.serial = list.integer();
  if (list.ok() && out.serial[0] >= 0x80) return malformed("certificate: its serial number is negative");
  const ByteView algorithm = list.whole(DerTag::kSequence);
  out.issuer = take_name(list);
  DerReader validity = list.sequence();
  out.not_before = take_time(validity);
  out.not_after = take_time(validity);
  if (list.ok() && !validity.done()) return malformed("certificate: its validity is not two dates");
  out.subject = take_name(list);
  out.spki = list.whole(DerTag::kSequence);
  if (list.ok() && !list.empty()) {
    DerReader wrapped(list.element(DerTag::kContext3));
    out.extensions = take_extensions(wrapped);
    if (!wrapped.done()) list.fault();
  }
  if (!body.done() || !list.done() || !well_formed_der(out.spki))
    return malformed("certificate: not as RFC 5280 has it");
  if (!equal(algorithm, out.sealed.algorithm)) return malformed("certificate: names two signature algorithms");
  BRUME_TRY(read_extensions(out));
  return out;
}

Result<CrlFields> parse_crl_fields(ByteView der) {
  CrlFields out;
  BRUME_ASSIGN(out.sealed, take_apart(der, "CRL"));
  DerReader body(out.sealed.bytes);
  DerReader list = body.sequence();
  if (list.unsigned_integer(DerTag::kInteger, 1) != 1)
    return fail(ErrorCode::kUnsupported, "CRL: its version is not 2");
  const ByteView algorithm = list.whole(DerTag::kSequence);
  out.issuer = take_name(list);
  out.this_update = take_time(list);
  const bool dated = list.next_is(DerTag::kUtcTime) || list.next_is(DerTag::kGeneralizedTime);
  if (!dated) return malformed("CRL: it lacks the date of this or of the next update");
  out.next_update = take_time(list);
  bool critical = list.next_is(DerTag::kSequence) && take_revoked(list, out);
  if (list.ok() && !list.empty()) {
    DerReader wrapped(list.element(DerTag::kContext0));
    critical |= any_critical(take_extensions(wrapped));
    if (!wrapped.done()) list.fault();
  }
  if (!body.done() || !list.done()) return malformed("CRL: not as RFC 5280 has it");
  if (!equal(algorithm, out.sealed.algorithm)) return malformed("CRL: names two signature algorithms");
  if (critical) return fail(ErrorCode::kUnsupported, "CRL: it has a critical extension");
  return out;
}

std::string common_name_of(ByteView name) {
  std::string out;
  int count = 0;
  DerReader outer(name);
  DerReader list = outer.sequence();
  while (list.ok() && !list.empty()) {
    DerReader set(list.element(DerTag::kSet));
    while (set.ok() && !set.empty()) {
      DerReader attribute = set.sequence();
      if (!equal(attribute.element(DerTag::kOid), kCommonName)) continue;
      ++count;
      const DerElement text = attribute.any();
      const auto tag = static_cast<DerTag>(text.tag);
      const bool plain = tag == DerTag::kUtf8String || tag == DerTag::kPrintableString || tag == DerTag::kIa5String;
      if (plain) out = std::string(as_chars(text.content));
    }
  }
  return count == 1 ? out : std::string();
}

}  // namespace brume::crypto
