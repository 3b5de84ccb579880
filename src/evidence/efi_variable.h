// UEFI variables as event logs hold them, and the key lists within (UEFI_VARIABLE_DATA: PFP 1.06, section 10.2.6;
// EFI_SIGNATURE_LIST: UEFI 2.10, section 32.4.1). Little-endian.
//
//   variable: GUID 16 | name count u64 | data size u64 | name, UTF-16 | data
//   list: type GUID 16 | list size u32 | header size u32 | entry size u32 | header | entries: owner GUID 16, data
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"

namespace brume::evidence {

struct EfiGuidTag {};
using EfiGuid = FixedBytes<EfiGuidTag, 16>;  // as it lies in memory

inline constexpr std::size_t kEfiNameCountLimit = 256;
inline constexpr std::size_t kEfiKeysLimit = 4096;  // today's dbx has some hundred hashes

inline constexpr EfiGuid kEfiGlobalVariable{
    {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c}};
inline constexpr EfiGuid kEfiImageSecurityDatabase{
    {0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45, 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f}};
inline constexpr EfiGuid kEfiCertX509{
    {0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a, 0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72}};
inline constexpr EfiGuid kEfiCertSha256{
    {0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40, 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28}};

// Views lie in the bytes that were parsed.
struct EfiVariable {
  EfiGuid vendor;
  std::string name;  // ASCII; other characters become '?'
  ByteView data;
  std::size_t rest_size = 0;  // bytes after the data, which some boot loaders leave
};
Result<EfiVariable> parse_efi_variable(ByteView bytes);

struct EfiKey {
  EfiGuid type;  // kEfiCertX509: a certificate, kEfiCertSha256: the hash of an image
  EfiGuid owner;
  Sha256Digest digest;  // of the certificate's DER; the hash itself; of the data of any other type
  friend bool operator==(const EfiKey&, const EfiKey&) = default;
};
// Any number of lists. Refuses sizes that do not add up; a list's header is skipped, never used.
Result<std::vector<EfiKey>> parse_efi_keys(ByteView bytes);

// UTF-16LE up to a NUL or the end, other than ASCII as '?'.
std::string efi_text(ByteView utf16);

}  // namespace brume::evidence
