#include "evidence/efi_variable.h"

#include "base/reader.h"
#include "crypto/hash.h"

namespace brume::evidence {
namespace {

constexpr std::size_t kGuidSize = 16;
constexpr std::size_t kListHeadSize = 28;

EfiGuid read_guid(Reader& reader) { return {reader.array<kGuidSize>()}; }

EfiKey make_key(const EfiGuid& type, const EfiGuid& owner, ByteView data) {
  EfiKey key{type, owner, {}};
  if (type == kEfiCertSha256 && data.size() == key.digest.bytes.size()) {
    key.digest = *Sha256Digest::from(data);
  } else {
    key.digest = crypto::sha256(data);
  }
  return key;
}

Status read_list(Reader& reader, std::vector<EfiKey>& keys) {
  const EfiGuid type = read_guid(reader);
  const std::uint32_t list_size = reader.u32le();
  const std::uint32_t header_size = reader.u32le();
  const std::uint32_t entry_size = reader.u32le();
  if (!reader.ok() || list_size < kListHeadSize || list_size - kListHeadSize > reader.remaining()) {
    return malformed("EFI signature list: longer than what holds it");
  }
  Reader list(reader.take(list_size - kListHeadSize));
  list.take(header_size);
  if (!list.ok() || entry_size <= kGuidSize || list.remaining() % entry_size != 0) {
    return malformed("EFI signature list: its sizes do not add up");
  }
  while (list.remaining() > 0) {
    if (keys.size() == kEfiKeysLimit) return fail(ErrorCode::kLimit, "EFI signature list: too many keys");
    const EfiGuid owner = read_guid(list);
    keys.push_back(make_key(type, owner, list.take(entry_size - kGuidSize)));
  }
  return {};
}

}  // namespace

std::string efi_text(ByteView utf16) {
  std::string out;
  for (std::size_t i = 0; i + 1 < utf16.size(); i += 2) {
    const auto unit = static_cast<std::uint16_t>(utf16[i] | utf16[i + 1] << 8);
    if (unit == 0) break;
    out += unit >= 0x20 && unit < 0x7f ? static_cast<char>(unit) : '?';
  }
  return out;
}

Result<EfiVariable> parse_efi_variable(ByteView bytes) {
  Reader reader(bytes);
  EfiVariable out;
  out.vendor = read_guid(reader);
  const std::uint64_t name_count = reader.u64le();
  const std::uint64_t data_size = reader.u64le();
  if (name_count > kEfiNameCountLimit) reader.fault();
  out.name = efi_text(reader.take(2 * static_cast<std::size_t>(name_count)));
  if (data_size > reader.remaining()) reader.fault();
  out.data = reader.take(static_cast<std::size_t>(data_size));
  if (!reader.ok()) return malformed("EFI variable: its sizes do not add up");
  out.rest_size = reader.remaining();
  return out;
}

Result<std::vector<EfiKey>> parse_efi_keys(ByteView bytes) {
  std::vector<EfiKey> keys;
  Reader reader(bytes);
  while (reader.remaining() > 0) BRUME_TRY(read_list(reader, keys));
  return keys;
}

}  // namespace brume::evidence
