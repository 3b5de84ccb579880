// The kinds that are text in themselves.
#include <algorithm>

#include "evidence/bundle.h"
#include "evidence/recognise.h"

namespace brume::evidence {
namespace {

bool has(std::string_view text, std::string_view word) { return text.find(word) != std::string_view::npos; }

// By the block's label; other labels are an armour around something.
FileKind kind_of_pem(std::string_view text) {
  if (has(text, "-----BEGIN CERTIFICATE-----")) return FileKind::kCertificates;
  if (has(text, "-----BEGIN X509 CRL-----")) return FileKind::kCrl;
  if (has(text, "-----BEGIN PUBLIC KEY-----")) return FileKind::kPublicKey;
  return FileKind::kUnknown;
}

// By the names that only this document has.
FileKind kind_of_json(std::string_view text) {
  if (has(text, "\"root_crl\"") || text.starts_with(kBundleStart)) return FileKind::kCollateralBundle;
  if (has(text, "\"tcbInfo\"")) return FileKind::kTcbInfo;
  if (has(text, "\"enclaveIdentity\"")) return FileKind::kQeIdentity;
  if (has(text, "\"allow\"")) return FileKind::kPolicy;
  if (has(text, "\"tcbLevels\"")) return has(text, "\"isvprodid\"") ? FileKind::kQeIdentity : FileKind::kTcbInfo;
  for (std::string_view bank : {"\"sha1\"", "\"sha256\"", "\"sha384\"", "\"sha512\"", "\"rtmr0\"", "\"RTMR0\""}) {
    if (has(text, bank)) return FileKind::kPcrValues;
  }
  return FileKind::kUnknown;
}

bool is_hex_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::string_view take_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(' '), line.size());
  const std::size_t end = std::min(line.find(' ', begin), line.size());
  std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

// "10 <template digest, 40 hex digits> ima-ng ..." (Linux, Documentation/security/IMA-templates.rst)
bool is_ima_line(std::string_view line) {
  const std::string_view pcr = take_word(line);
  const std::string_view digest = take_word(line);
  return !pcr.empty() && pcr.size() <= 2 && std::ranges::all_of(pcr, [](char c) { return c >= '0' && c <= '9'; }) &&
         digest.size() == 40 && std::ranges::all_of(digest, is_hex_digit) && take_word(line).starts_with("ima");
}

// As tpm2_pcrread prints: a bank alone in its line, below it "  0 : 0x...".
bool is_bank_line(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  for (std::string_view bank : {"sha1:", "sha256:", "sha384:", "sha512:", "sm3_256:"}) {
    if (line == bank) return true;
  }
  return false;
}

bool has_line(std::string_view text, std::string_view start) {
  for (std::size_t at = text.find(start); at != std::string_view::npos; at = text.find(start, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return true;
  }
  return false;
}

}  // namespace

FileKind kind_of_text(std::string_view text) {
  if (const FileKind pem = kind_of_pem(text); pem != FileKind::kUnknown) return pem;
  if (text.starts_with('{')) return kind_of_json(text);
  const std::string_view line = text.substr(0, text.find('\n'));
  if (is_ima_line(line)) return FileKind::kImaText;
  if (is_bank_line(line)) return FileKind::kPcrValues;
  if (has_line(text, "[[allow]]")) return FileKind::kPolicy;
  return FileKind::kUnknown;
}

}  // namespace brume::evidence
