#include "evidence/snp_endorsements.h"

#include <algorithm>

#include "base/reader.h"

namespace brume::evidence {
namespace {

constexpr std::size_t kEntrySize = 24;
constexpr std::size_t kGuidSize = 16;

struct Entry {
  bool last = false;
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

Entry take_entry(Reader& reader) {
  Entry out;
  const ByteView guid = reader.take(kGuidSize);
  out.offset = reader.u32le();
  out.size = reader.u32le();
  const bool zeros = std::ranges::all_of(guid, [](std::uint8_t byte) { return byte == 0; });
  out.last = zeros && out.offset == 0 && out.size == 0;
  return out;
}

bool is_der_sequence(ByteView bytes) { return bytes.size() > 1 && bytes[0] == 0x30 && bytes[1] >= 0x80; }

Result<std::vector<crypto::Certificate>> certificates_of_table(ByteView bytes) {
  BRUME_ASSIGN(const auto blobs, parse_snp_table(bytes));
  std::vector<crypto::Certificate> out;
  for (const Bytes& blob : blobs) {
    if (!is_der_sequence(blob)) continue;
    if (auto certificate = crypto::Certificate::from_der(blob)) out.push_back(std::move(*certificate));
  }
  if (out.empty()) return malformed("certificate table: no certificate in it");
  return out;
}

}  // namespace

bool looks_like_snp_table(ByteView bytes) {
  const auto blobs = parse_snp_table(bytes);
  return blobs && std::ranges::any_of(*blobs, [](const Bytes& blob) { return is_der_sequence(blob); });
}

Result<std::vector<Bytes>> parse_snp_table(ByteView bytes) {
  if (bytes.size() > kSnpEndorsementSizeLimit) return fail(ErrorCode::kLimit, "certificate table: longer than 1 MiB");
  Reader reader(bytes);
  std::vector<Entry> entries;
  for (Entry entry = take_entry(reader); !entry.last; entry = take_entry(reader)) {
    if (!reader.ok() || entries.size() == kSnpEndorsementCountLimit) {
      return malformed("certificate table: it has no end, or more entries than allowed");
    }
    entries.push_back(entry);
  }
  if (!reader.ok()) return malformed("certificate table: it has no end");
  const std::size_t head_size = (entries.size() + 1) * kEntrySize;
  std::vector<Bytes> out;
  Bytes unused = to_bytes(bytes.subspan(head_size));
  for (const Entry& entry : entries) {
    if (entry.offset < head_size || entry.offset > bytes.size() || entry.size > bytes.size() - entry.offset) {
      return malformed("certificate table: an entry points elsewhere");
    }
    out.push_back(to_bytes(bytes.subspan(entry.offset, entry.size)));
    std::fill_n(unused.begin() + static_cast<std::ptrdiff_t>(entry.offset - head_size), entry.size, std::uint8_t{0});
  }
  // Hosts fill the last page up.
  if (!std::ranges::all_of(unused, [](std::uint8_t byte) { return byte == 0; })) {
    return malformed("certificate table: something that no entry names");
  }
  return out;
}

Result<std::vector<crypto::Certificate>> load_snp_certificates(std::string_view bytes) {
  if (bytes.size() > kSnpEndorsementSizeLimit) return fail(ErrorCode::kLimit, "certificates: longer than 1 MiB");
  if (is_der_sequence(as_bytes(bytes))) {
    BRUME_ASSIGN(auto certificate, crypto::Certificate::from_der(as_bytes(bytes)));
    return std::vector<crypto::Certificate>{std::move(certificate)};
  }
  if (bytes.find("-----BEGIN") == std::string_view::npos) return certificates_of_table(as_bytes(bytes));
  return crypto::Certificate::chain_from_pem(bytes, kSnpEndorsementCountLimit);
}

}  // namespace brume::evidence
