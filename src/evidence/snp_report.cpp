#include "evidence/snp_report.h"

#include <algorithm>

#include "base/reader.h"
#include "base/writer.h"

namespace brume::evidence {
namespace {

constexpr std::uint32_t kVersionLeast = 2, kVersionMost = 5;
constexpr std::uint32_t kEcdsaP384Sha384 = 1;  // chapter "Signature Algorithms"
constexpr std::size_t kScalarFieldSize = 72;
constexpr std::size_t kSignatureRestSize = 512 - 2 * kScalarFieldSize;
constexpr unsigned kPolicyAlwaysSet = 17, kPolicyBitCount = 26;
constexpr unsigned kKeyInfoBitCount = 5;

template <typename Id>
Id take_id(Reader& reader) {
  return Id{reader.array<Id::kSize>()};
}

// First complaint wins; nothing is looked at after a fault.
class Zeros {
 public:
  void take(Reader& reader, std::size_t size, std::string_view where) {
    const ByteView bytes = reader.take(size);
    require(std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; }), where);
  }
  void require(bool good, std::string_view where) {
    if (!good && complaint_.empty()) complaint_ = where;
  }
  Status done() const {
    if (complaint_.empty()) return {};
    return malformed("SNP report: " + complaint_);
  }

 private:
  std::string complaint_;
};

SnpFirmware take_firmware(Reader& reader, Zeros& zeros, std::string_view where) {
  SnpFirmware out;
  out.build = reader.u8();
  out.minor = reader.u8();
  out.major = reader.u8();
  zeros.take(reader, 1, where);
  return out;
}

// Table "ATTESTATION_REPORT", bits of offset 48h.
SnpKeyInfo key_info_from(std::uint32_t bits, Zeros& zeros) {
  zeros.require(bits >> kKeyInfoBitCount == 0, "reserved bits of key_info are set");
  const std::uint32_t key = bits >> 2 & 7;
  zeros.require(key < 2 || key == 7, "signing_key is reserved");
  return {(bits & 1) != 0, (bits & 2) != 0, static_cast<SnpSigningKey>(key)};
}

std::uint32_t key_info_bits(const SnpKeyInfo& info) {
  return (info.author_key ? 1u : 0u) | (info.mask_chip_key ? 2u : 0u) |
         static_cast<std::uint32_t>(info.signing_key) << 2;
}

// r or s: 72 bytes little-endian, of which a P-384 number takes 48.
ByteArray<48> take_scalar(Reader& reader, Zeros& zeros) {
  ByteArray<48> out = reader.array<48>();
  zeros.take(reader, kScalarFieldSize - out.size(), "a number of the signature has more than 384 bits");
  std::ranges::reverse(out);
  return out;
}

void write_scalar(Writer& writer, ByteArray<48> number) {
  std::ranges::reverse(number);
  writer.raw(number).zeros(kScalarFieldSize - number.size());
}

void take_guest(Reader& reader, Zeros& zeros, SnpReport& out) {
  out.guest_svn = reader.u32le();
  out.policy.bits = reader.u64le();
  zeros.require(out.policy.has(kPolicyAlwaysSet), "bit 17 of policy is not set");
  zeros.require(out.policy.bits >> kPolicyBitCount == 0, "reserved bits of policy are set");
  out.family_id = take_id<SnpGuestId>(reader);
  out.image_id = take_id<SnpGuestId>(reader);
  out.vmpl = reader.u32le();
  zeros.require(out.vmpl <= 3 || out.vmpl == kSnpVmplHost, "vmpl is above 3");
}

void take_digests(Reader& reader, SnpReport& out) {
  out.report_data = take_id<ReportData>(reader);
  out.measurement = take_id<SnpMeasurement>(reader);
  out.host_data = take_id<SnpHostData>(reader);
  out.id_key_digest = take_id<SnpKeyDigest>(reader);
  out.author_key_digest = take_id<SnpKeyDigest>(reader);
  out.report_id = take_id<SnpReportId>(reader);
  out.report_id_ma = take_id<SnpReportId>(reader);
}

// Offsets 180 to 29F.
void take_platform(Reader& reader, Zeros& zeros, SnpReport& out) {
  out.reported_tcb = reader.array<8>();
  if (out.version >= 3) {
    out.cpuid.emplace();
    out.cpuid->family = reader.u8();
    out.cpuid->model = reader.u8();
    out.cpuid->stepping = reader.u8();
  }
  zeros.take(reader, out.version >= 3 ? 21 : 24, "reserved bytes before chip_id are set");
  out.chip_id = take_id<SnpChipId>(reader);
  out.committed_tcb = reader.array<8>();
  out.current_firmware = take_firmware(reader, zeros, "the reserved byte after the current version is set");
  out.committed_firmware = take_firmware(reader, zeros, "the reserved byte after the committed version is set");
  out.launch_tcb = reader.array<8>();
  if (out.version >= 5) {
    out.mitigations.emplace();
    out.mitigations->launch = reader.u64le();
    out.mitigations->current = reader.u64le();
  }
  zeros.take(reader, out.version >= 5 ? 152 : 168, "reserved bytes before the signature are set");
}

}  // namespace

Result<SnpReport> parse_snp_report(ByteView bytes) {
  if (bytes.size() != kSnpReportSize) return malformed("SNP report: its size is not 1184 bytes");
  Reader reader(bytes);
  Zeros zeros;
  SnpReport out;
  out.version = reader.u32le();
  if (out.version < kVersionLeast || out.version > kVersionMost) {
    return fail(ErrorCode::kUnsupported, "SNP report: its version is not 2 to 5");
  }
  take_guest(reader, zeros, out);
  if (reader.u32le() != kEcdsaP384Sha384) {
    return fail(ErrorCode::kUnsupported, "SNP report: not signed by ECDSA P-384 with SHA-384");
  }
  out.current_tcb = reader.array<8>();
  out.platform_info.bits = reader.u64le();
  out.key_info = key_info_from(reader.u32le(), zeros);
  zeros.take(reader, 4, "reserved bytes after key_info are set");
  take_digests(reader, out);
  take_platform(reader, zeros, out);
  out.signature_r = take_scalar(reader, zeros);
  out.signature_s = take_scalar(reader, zeros);
  zeros.take(reader, kSignatureRestSize, "bytes after the signature, which nothing covers, are set");
  BRUME_TRY(reader.done("SNP report"));
  BRUME_TRY(zeros.done());
  return out;
}

Bytes encode_snp_report(const SnpReport& report) {
  Writer out;
  out.u32le(report.version).u32le(report.guest_svn).u64le(report.policy.bits);
  out.raw(report.family_id.view()).raw(report.image_id.view()).u32le(report.vmpl).u32le(kEcdsaP384Sha384);
  out.raw(report.current_tcb).u64le(report.platform_info.bits).u32le(key_info_bits(report.key_info)).zeros(4);
  out.raw(report.report_data.view()).raw(report.measurement.view()).raw(report.host_data.view());
  out.raw(report.id_key_digest.view()).raw(report.author_key_digest.view());
  out.raw(report.report_id.view()).raw(report.report_id_ma.view()).raw(report.reported_tcb);
  if (report.cpuid) out.u8(report.cpuid->family).u8(report.cpuid->model).u8(report.cpuid->stepping);
  out.zeros(report.cpuid ? 21 : 24).raw(report.chip_id.view()).raw(report.committed_tcb);
  for (const SnpFirmware& firmware : {report.current_firmware, report.committed_firmware}) {
    out.u8(firmware.build).u8(firmware.minor).u8(firmware.major).zeros(1);
  }
  out.raw(report.launch_tcb);
  if (report.mitigations) out.u64le(report.mitigations->launch).u64le(report.mitigations->current);
  out.zeros(report.mitigations ? 152 : 168);
  write_scalar(out, report.signature_r);
  write_scalar(out, report.signature_s);
  return out.zeros(kSignatureRestSize).take();
}

}  // namespace brume::evidence
