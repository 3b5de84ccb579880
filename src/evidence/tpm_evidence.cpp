#include "evidence/tpm_evidence.h"

#include "base/reader.h"
#include "base/writer.h"
#include "evidence/event_log.h"
#include "evidence/ima_log.h"
#include "evidence/tpm_signature.h"

namespace brume::evidence {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kLeastPcrSize = 3;

Status read_pcrs(Reader& reader, PcrValues& out) {
  const std::uint32_t count = reader.count(kPcrValuesLimit, kLeastPcrSize);
  for (std::uint32_t i = 0; i < count; ++i) {
    PcrValue value;
    value.bank = static_cast<TpmAlgorithm>(reader.u16le());
    value.index = reader.u8();
    value.value = to_bytes(reader.take(tpm_digest_size(value.bank)));
    if (!reader.ok()) break;
    BRUME_TRY(add_pcr(out, std::move(value)));
  }
  return {};
}

}  // namespace

Result<TpmEvidence> parse_tpm_evidence(ByteView bytes) {
  Reader reader(bytes);
  if (reader.u8() != kVersion) return fail(ErrorCode::kUnsupported, "TPM evidence: version is not 1");
  TpmEvidence out;
  out.attest = to_bytes(reader.sized(kTpmAttestSizeLimit));
  out.signature = to_bytes(reader.sized(kTpmSignatureSizeLimit));
  out.ak_public = to_bytes(reader.sized(kTpmPublicSizeLimit));
  BRUME_TRY(read_pcrs(reader, out.pcrs));
  out.event_log = to_bytes(reader.sized(kEventLogSizeLimit));
  out.ima_log = to_bytes(reader.sized(kImaLogSizeLimit));
  const std::uint32_t certificates = reader.count(kTpmCertificatesLimit, 4);
  for (std::uint32_t i = 0; i < certificates; ++i) out.certificates.push_back(reader.text(kTpmCertificatesSizeLimit));
  BRUME_TRY(reader.done("TPM evidence"));
  return out;
}

Bytes encode_tpm_evidence(const TpmEvidence& evidence) {
  Writer writer;
  writer.u8(kVersion).sized(evidence.attest).sized(evidence.signature).sized(evidence.ak_public);
  writer.u32le(static_cast<std::uint32_t>(evidence.pcrs.size()));
  for (const PcrValue& value : evidence.pcrs) {
    writer.u16le(static_cast<std::uint16_t>(value.bank)).u8(static_cast<std::uint8_t>(value.index)).raw(value.value);
  }
  writer.sized(evidence.event_log).sized(evidence.ima_log);
  writer.u32le(static_cast<std::uint32_t>(evidence.certificates.size()));
  for (const std::string& certificate : evidence.certificates) writer.text(certificate);
  return writer.take();
}

Result<AttestationKey> read_attestation_key(ByteView bytes) {
  if (as_chars(bytes).find("-----BEGIN") != std::string_view::npos) {
    BRUME_ASSIGN(auto key, crypto::PublicKey::from_pem(as_chars(bytes)));
    return AttestationKey{std::move(key), std::nullopt, {}};
  }
  // DER of a SubjectPublicKeyInfo begins with a SEQUENCE; no TPM structure of a key does.
  if (!bytes.empty() && bytes.front() == 0x30) {
    BRUME_ASSIGN(auto key, crypto::PublicKey::from_spki_der(bytes));
    return AttestationKey{std::move(key), std::nullopt, {}};
  }
  BRUME_ASSIGN(auto area, read_tpm_public(bytes));
  BRUME_ASSIGN(auto key, tpm_public_key(area));
  BRUME_ASSIGN(auto name, tpm_name(area));
  return AttestationKey{std::move(key), std::move(area), std::move(name)};
}

}  // namespace brume::evidence
