// The kinds that are bytes.
#include <algorithm>

#include "base/reader.h"
#include "evidence/quote.h"
#include "evidence/recognise.h"
#include "evidence/snp_endorsements.h"

namespace brume::evidence {
namespace {

bool starts_with(ByteView bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && equal(bytes.first(magic.size()), as_bytes(magic));
}

// Version and key type, or Intel's vendor id: one of the two may be spoilt.
bool is_dcap_quote(ByteView bytes) {
  Reader reader(bytes);
  const std::uint16_t version = reader.u16le();
  const std::uint16_t key_type = reader.u16le();
  reader.take(8);
  const auto vendor = reader.array<16>();
  if (!reader.ok()) return false;
  if (vendor == kIntelQeVendorId) return version < 0x100;
  return version >= 3 && version <= 5 && key_type >= 2 && key_type <= 3 && bytes.size() > kQuoteHeaderSize;
}

// AMD SEV-SNP Firmware ABI, ATTESTATION_REPORT: version u32 at 0, signature algorithm u32 at 0x34 (1),
// 1184 bytes, and zero padding at most.
bool is_snp_report(ByteView bytes) {
  constexpr std::size_t kReportSize = 1184;
  constexpr std::uint32_t kLatestVersion = 16;  // 2 to 5 are known; a later one is to be told as such
  Reader reader(bytes);
  const std::uint32_t version = reader.u32le();
  reader.take(0x30);
  const std::uint32_t algorithm = reader.u32le();
  if (!reader.ok() || bytes.size() < kReportSize || version == 0 || version > kLatestVersion || algorithm > 2) {
    return false;
  }
  return std::ranges::all_of(bytes.subspan(kReportSize), [](std::uint8_t byte) { return byte == 0; });
}

bool is_tpm_hash(std::uint16_t algorithm) {
  return algorithm == 0x0004 || (algorithm >= 0x000b && algorithm <= 0x000d) || algorithm == 0x0012;
}

// TPM 2.0 Structures, TPMT_SIGNATURE: scheme, hash, then one sized buffer (RSA) or two (ECDSA).
bool is_tpm_signature(ByteView bytes) {
  Reader reader(bytes);
  const std::uint16_t scheme = reader.u16be();
  const std::uint16_t hash = reader.u16be();
  if (!is_tpm_hash(hash) || (scheme != 0x0014 && scheme != 0x0016 && scheme != 0x0018)) return false;
  reader.take(reader.u16be());
  if (scheme == 0x0018) reader.take(reader.u16be());
  return reader.done("").has_value();
}

// TPM 2.0 Structures, TPMT_PUBLIC: type (RSA or ECC), name algorithm, attributes, policy.
bool is_tpmt_public(ByteView bytes) {
  Reader reader(bytes);
  const std::uint16_t type = reader.u16be();
  const std::uint16_t name_algorithm = reader.u16be();
  return reader.ok() && bytes.size() > 40 && (type == 0x0001 || type == 0x0023) && is_tpm_hash(name_algorithm);
}

bool is_tpm_public(ByteView bytes) {
  if (is_tpmt_public(bytes)) return true;
  Reader reader(bytes);
  const std::size_t size = reader.u16be();
  return size == reader.remaining() && is_tpmt_public(reader.rest());
}

// The head of a SEQUENCE whose length is that of the input: the offset of its content, else 0.
std::size_t der_sequence_content(ByteView bytes) {
  if (bytes.size() < 4 || bytes[0] != 0x30) return 0;
  if (bytes[1] < 0x80) return 2;
  const std::size_t count = bytes[1] & 0x7f;
  return count >= 1 && count <= 3 && bytes.size() > 2 + count ? 2 + count : 0;
}

// RFC 5280: a certificate's first element holds [0] version, a list's INTEGER version or an algorithm; a
// SubjectPublicKeyInfo begins with an algorithm, whose first element is an OID.
FileKind kind_of_der(ByteView bytes) {
  const std::size_t outer = der_sequence_content(bytes);
  if (outer == 0) return FileKind::kUnknown;
  const ByteView element = bytes.subspan(outer);
  const std::size_t inner = der_sequence_content(element);
  if (inner == 0 || element.size() <= inner) return FileKind::kUnknown;
  switch (element[inner]) {
    case 0xa0:
      return FileKind::kCertificates;
    case 0x02:
    case 0x30:
      return FileKind::kCrl;
    case 0x06:
      return FileKind::kPublicKey;
    default:
      return FileKind::kUnknown;
  }
}

// TCG PC Client Platform Firmware Profile, TCG_PCR_EVENT: pcr, type, SHA-1 digest, size, data. The first
// is always of this form; where it holds no "Spec ID Event", two of them must follow each other.
bool is_event_log(ByteView bytes) {
  constexpr std::uint32_t kPcrLimit = 24;
  Reader reader(bytes);
  for (int i = 0; i < 2; ++i) {
    const std::uint32_t pcr = reader.u32le();
    const std::uint32_t type = reader.u32le();
    reader.take(20);
    const ByteView data = reader.take(reader.u32le());
    if (!reader.ok() || pcr >= kPcrLimit || (type > 0x1000 && type >> 28 != 8)) return false;
    if (i == 0 && starts_with(data, "Spec ID Event")) return true;
  }
  return true;
}

// Linux, binary_runtime_measurements: pcr, template digest, name with its length, data.
bool is_ima_list(ByteView bytes) {
  Reader reader(bytes);
  const std::uint32_t pcr = reader.u32le();
  reader.take(20);
  const std::uint32_t size = reader.u32le();
  return pcr < 24 && size >= 3 && size < 32 && starts_with(reader.take(size), "ima");
}

// What tpm2_quote --pcrs_output writes: TPML_PCR_SELECTION as it lies in memory (little-endian; room for
// 16 selections of 8 bytes), then the values.
bool is_pcr_file(ByteView bytes) {
  constexpr std::size_t kSelectionSize = 4 + 16 * 8;
  Reader reader(bytes);
  const std::uint32_t count = reader.u32le();
  if (bytes.size() <= kSelectionSize + 4 || count == 0 || count > 16) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint16_t hash = reader.u16le();
    const std::uint8_t select_size = reader.u8();
    reader.take(5);
    if (!is_tpm_hash(hash) || select_size == 0 || select_size > 4) return false;
  }
  return true;
}

}  // namespace

FileKind kind_of_binary(ByteView bytes) {
  if (starts_with(bytes,
                  "\xff"
                  "TCG")) {
    return FileKind::kTpmAttest;
  }
  if (starts_with(bytes, "HCLA")) return FileKind::kHclReport;
  if (is_dcap_quote(bytes)) return FileKind::kDcapQuote;
  if (is_snp_report(bytes)) return FileKind::kSnpReport;
  if (const FileKind der = kind_of_der(bytes); der != FileKind::kUnknown) return der;
  if (looks_like_snp_table(bytes)) return FileKind::kCertificates;
  if (is_tpm_signature(bytes)) return FileKind::kTpmSignature;
  if (is_tpm_public(bytes)) return FileKind::kTpmPublic;
  if (is_ima_list(bytes)) return FileKind::kImaBinary;
  if (is_pcr_file(bytes)) return FileKind::kPcrValues;
  if (is_event_log(bytes)) return FileKind::kEventLog;
  const bool rsa_size = bytes.size() == 256 || bytes.size() == 384 || bytes.size() == 512;
  return rsa_size ? FileKind::kRawSignature : FileKind::kUnknown;
}

}  // namespace brume::evidence
