#include "evidence/tpm_attest.h"

#include "base/reader.h"
#include "base/writer.h"
#include "evidence/tpm_bytes.h"

namespace brume::evidence {
namespace {

PcrSelection read_selection(Reader& reader) {
  PcrSelection out;
  out.hash = static_cast<TpmAlgorithm>(reader.u16be());
  out.map_size = reader.u8();
  if (out.map_size > 4) reader.fault();
  const ByteView map = reader.take(out.map_size);
  for (std::size_t i = 0; i < map.size(); ++i) out.mask |= static_cast<std::uint32_t>(map[i]) << (8 * i);
  return out;
}

void put_selection(Writer& writer, const PcrSelection& selection) {
  writer.u16be(static_cast<std::uint16_t>(selection.hash)).u8(selection.map_size);
  for (unsigned i = 0; i < selection.map_size; ++i) {
    writer.u8(static_cast<std::uint8_t>(i < sizeof selection.mask ? selection.mask >> (8 * i) : 0));
  }
}

}  // namespace

Result<TpmAttestHeader> parse_tpm_attest_header(ByteView bytes) {
  Reader reader(bytes);
  TpmAttestHeader header;
  header.magic = reader.u32be();
  header.type = reader.u16be();
  if (!reader.ok()) return malformed("TPMS_ATTEST: shorter than its magic and type");
  return header;
}

Result<TpmAttest> parse_tpm_attest(ByteView bytes) {
  if (bytes.size() > kTpmAttestSizeLimit) return fail(ErrorCode::kLimit, "TPMS_ATTEST: longer than 2 KiB");
  Reader reader(bytes);
  const std::uint32_t magic = reader.u32be();
  const std::uint16_t type = reader.u16be();
  TpmAttest out;
  out.qualified_signer = to_bytes(take_tpm2b(reader, kTpmNameSizeLimit));
  out.extra_data = to_bytes(take_tpm2b(reader, kTpmExtraDataSizeLimit));
  out.clock_ms = reader.u64be();
  out.reset_count = reader.u32be();
  out.restart_count = reader.u32be();
  const std::uint8_t safe = reader.u8();
  out.safe = safe == 1;
  out.firmware_version = reader.u64be();
  const std::uint32_t banks = reader.u32be();
  if (banks > kPcrBanksLimit) reader.fault();
  for (std::uint32_t i = 0; i < banks && reader.ok(); ++i) out.selections.push_back(read_selection(reader));
  out.pcr_digest = to_bytes(take_tpm2b(reader, kTpmDigestSizeLimit));
  BRUME_TRY(reader.done("TPMS_ATTEST"));
  if (magic != kTpmGenerated) return malformed("TPMS_ATTEST: magic is not TPM_GENERATED_VALUE");
  if (type != kTpmAttestQuote) return malformed("TPMS_ATTEST: type is not TPM_ST_ATTEST_QUOTE");
  if (safe > 1) return malformed("TPMS_ATTEST: safe is neither YES nor NO");  // TPMI_YES_NO, Part 2, 9.2
  return out;
}

Bytes encode_tpm_attest(const TpmAttest& attest) {
  Writer writer;
  writer.u32be(kTpmGenerated).u16be(kTpmAttestQuote);
  put_tpm2b(writer, attest.qualified_signer);
  put_tpm2b(writer, attest.extra_data);
  writer.u64be(attest.clock_ms).u32be(attest.reset_count).u32be(attest.restart_count);
  writer.u8(attest.safe ? 1 : 0).u64be(attest.firmware_version);
  writer.u32be(static_cast<std::uint32_t>(attest.selections.size()));
  for (const PcrSelection& selection : attest.selections) put_selection(writer, selection);
  put_tpm2b(writer, attest.pcr_digest);
  return writer.take();
}

}  // namespace brume::evidence
