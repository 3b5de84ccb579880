#include "evidence/pcr_values.h"

#include <charconv>

#include "base/hex.h"
#include "base/reader.h"
#include "evidence/json_cursor.h"

namespace brume::evidence {
namespace {

constexpr std::string_view kBankNames[] = {"sha1", "sha256", "sha384", "sha512", "sm3", "sm3_256"};
constexpr std::string_view kIndexNames[kPcrCount] = {"0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",
                                                     "8",  "9",  "10", "11", "12", "13", "14", "15",
                                                     "16", "17", "18", "19", "20", "21", "22", "23"};

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// "10 : 0x3D45..."
Status add_line(PcrValues& values, TpmAlgorithm bank, std::string_view name, std::string_view hex) {
  std::uint32_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc{} || end != name.data() + name.size()) return malformed("PCR values: an index is no number");
  if (hex.starts_with("0x") || hex.starts_with("0X")) hex.remove_prefix(2);
  auto value = from_hex(hex);
  if (!value) return within("PCR values", value.error());
  return add_pcr(values, {bank, index, std::move(*value)});
}

// tpm2-tss writes the structs as they are: 16 selections of 8 bytes, digests of 2 + 64.
constexpr std::size_t kToolSelections = 16;
constexpr std::size_t kToolDigests = 8;

Result<std::vector<PcrSelection>> read_tool_selections(Reader& reader) {
  const std::uint32_t count = reader.u32le();
  if (count > kToolSelections) return malformed("PCR values: more banks than tpm2-tools writes");
  std::vector<PcrSelection> out;
  for (std::size_t i = 0; i < kToolSelections; ++i) {
    PcrSelection selection;
    selection.hash = static_cast<TpmAlgorithm>(reader.u16le());
    selection.map_size = reader.u8();
    selection.mask = reader.u32le();
    const std::uint8_t filler = reader.u8();
    if (selection.map_size > 4 || filler != 0) return malformed("PCR values: not what tpm2-tools writes");
    if (selection.map_size < 4) selection.mask &= (1u << (8 * selection.map_size)) - 1;
    if (i < count) out.push_back(selection);
  }
  return out;
}

Bytes read_tool_digests(Reader& reader) {
  Bytes out;
  const std::uint32_t lists = reader.count(kPcrValuesLimit / kToolDigests, 4 + kToolDigests * 66);
  for (std::uint32_t list = 0; list < lists; ++list) {
    const std::uint32_t count = reader.u32le();
    if (count > kToolDigests) reader.fault();
    for (std::uint32_t i = 0; i < kToolDigests; ++i) {
      const std::uint16_t size = reader.u16le();
      const ByteView field = reader.take(kTpmDigestSizeLimit);
      if (size > field.size()) reader.fault();
      if (reader.ok() && i < count) append(out, field.first(size));
    }
  }
  return out;
}

}  // namespace

const PcrValue* find_pcr(const PcrValues& values, TpmAlgorithm bank, std::uint32_t index) {
  for (const PcrValue& value : values) {
    if (value.bank == bank && value.index == index) return &value;
  }
  return nullptr;
}

Status add_pcr(PcrValues& values, PcrValue value) {
  const std::size_t size = tpm_digest_size(value.bank);
  if (size == 0) return malformed("PCR values: an unknown bank");
  if (value.index >= kPcrCount) return malformed("PCR values: an index above 23");
  if (value.value.size() != size) return malformed("PCR values: a value is not as long as its bank's digests");
  if (find_pcr(values, value.bank, value.index) != nullptr) return malformed("PCR values: a register comes twice");
  values.push_back(std::move(value));
  return {};
}

Result<PcrValues> parse_pcr_json(std::string_view text) {
  if (text.size() > kPcrTextSizeLimit) return fail(ErrorCode::kLimit, "PCR values: longer than 256 KiB");
  PcrValues out;
  Status status;
  JsonCursor json(text);
  json.object(kBankNames, 0, [&](std::size_t bank) {
    json.object(kIndexNames, 0, [&](std::size_t index) {
      auto value = from_hex(json.string());
      if (!value) return json.fault("a value is no hex");
      status = add_pcr(out, {*tpm_hash_from(kBankNames[bank]), static_cast<std::uint32_t>(index), std::move(*value)});
      if (!status) json.fault("a value does not fit its bank");
    });
  });
  BRUME_TRY(json.done("PCR values"));
  return out;
}

Result<PcrValues> parse_pcr_text(std::string_view text) {
  if (text.size() > kPcrTextSizeLimit) return fail(ErrorCode::kLimit, "PCR values: longer than 256 KiB");
  PcrValues out;
  std::optional<TpmAlgorithm> bank;
  bool any = false;
  while (!text.empty()) {
    const std::string_view line = trim(text.substr(0, text.find('\n')));
    text.remove_prefix(
        std::min(text.size(), text.find('\n') == std::string_view::npos ? text.size() : text.find('\n') + 1));
    const std::size_t colon = line.find(':');
    if (line.empty() || line == "pcrs:") continue;
    if (colon == std::string_view::npos) return malformed("PCR values: a line without a colon");
    const std::string_view name = trim(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (value.empty()) {
      bank = tpm_hash_from(name);
      any = true;
      if (!bank) return malformed("PCR values: an unknown bank");
    } else if (!bank) {
      return malformed("PCR values: a value before its bank");
    } else {
      BRUME_TRY(add_line(out, *bank, name, value));
    }
  }
  if (!any) return malformed("PCR values: no bank");
  return out;
}

Result<PcrValues> parse_pcr_tpm2_tools(ByteView bytes) {
  Reader reader(bytes);
  BRUME_ASSIGN(const auto selections, read_tool_selections(reader));
  const Bytes digests = read_tool_digests(reader);
  BRUME_TRY(reader.done("PCR values"));
  return pcr_values_in_order(selections, digests);
}

Result<PcrValues> read_pcr_values(ByteView bytes) {
  const std::string_view text = as_chars(bytes);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') return parse_pcr_json(text);
  if (text.find('\0') != std::string_view::npos) return parse_pcr_tpm2_tools(bytes);
  return parse_pcr_text(text);
}

Result<PcrValues> pcr_values_in_order(std::span<const PcrSelection> selections, ByteView digests) {
  PcrValues out;
  Reader reader(digests);
  for (const PcrSelection& selection : selections) {
    for (std::uint32_t index = 0; index < 32; ++index) {
      if (!selection.selects(index)) continue;
      Bytes value = to_bytes(reader.take(tpm_digest_size(selection.hash)));
      if (!reader.ok()) return malformed("PCR values: fewer digests than the selection names");
      const PcrValue* same = find_pcr(out, selection.hash, index);
      if (same != nullptr && same->value == value) continue;  // a bank that is quoted twice
      BRUME_TRY(add_pcr(out, {selection.hash, index, std::move(value)}));
    }
  }
  BRUME_TRY(reader.done("PCR values"));
  return out;
}

Result<Bytes> concatenate_pcrs(std::span<const PcrSelection> selections, const PcrValues& values) {
  Bytes out;
  for (const PcrSelection& selection : selections) {
    for (std::uint32_t index = 0; index < 32; ++index) {
      if (!selection.selects(index)) continue;
      const PcrValue* value = find_pcr(values, selection.hash, index);
      if (value == nullptr) {
        return fail(ErrorCode::kNotFound, std::string(tpm_hash_name(selection.hash)) + "." + std::to_string(index));
      }
      append(out, value->value);
    }
  }
  return out;
}

}  // namespace brume::evidence
