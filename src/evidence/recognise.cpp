#include "evidence/recognise.h"

#include <algorithm>
#include <optional>

#include "base/hex.h"
#include "crypto/text.h"
#include "evidence/cmw.h"

namespace brume::evidence {
namespace {

// Shorter ones would be words.
constexpr std::size_t kLeastEncodedSize = 32;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_ascii(char c) { return (c >= 0x20 && c != 0x7f) || is_space(c); }

// Letters beyond ASCII stand in comments and paths.
bool is_text(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char c) { return is_ascii(c) || static_cast<unsigned char>(c) >= 0x80; });
}

std::string_view without_ends(std::string_view text) {
  while (!text.empty() && (text.back() == '\0' || is_space(text.back()))) text.remove_suffix(1);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string without_space(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::ranges::copy_if(text, std::back_inserter(out), [](char c) { return !is_space(c); });
  return out;
}

std::optional<Bytes> unwrap_hex(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  auto bytes = from_hex(without_space(text));
  if (!bytes || bytes->size() * 2 < kLeastEncodedSize) return std::nullopt;
  return *std::move(bytes);
}

// Both alphabets of RFC 4648, with padding or without.
std::optional<Bytes> unwrap_base64(std::string_view text) {
  std::string body = without_space(text);
  while (body.ends_with('=')) body.pop_back();
  if (body.size() < kLeastEncodedSize) return std::nullopt;
  std::ranges::replace(body, '-', '+');
  std::ranges::replace(body, '_', '/');
  auto bytes = crypto::from_base64_unpadded(body);
  if (!bytes) return std::nullopt;
  return *std::move(bytes);
}

// RFC 3986, as HTTP headers carry PEM.
std::optional<std::string> unwrap_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte) return std::nullopt;
    out += static_cast<char>(byte->front());
    i += 2;
  }
  return out;
}

// One block with a label that says nothing about its kind, such as "SGX QUOTE".
std::optional<Bytes> unwrap_pem(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  if (!text.starts_with(kBegin)) return std::nullopt;
  const std::size_t end_of_label = text.find("-----", kBegin.size());
  if (end_of_label == std::string_view::npos) return std::nullopt;
  auto blocks = crypto::from_pem(text.substr(kBegin.size(), end_of_label - kBegin.size()), text, 1);
  if (!blocks || blocks->size() != 1) return std::nullopt;
  return std::move(blocks->front());
}

Recognised look(ByteView bytes, int depth);

// What is inside, if that is something.
std::optional<Recognised> inside(const std::optional<Bytes>& bytes, const char* wrapping, int depth) {
  if (!bytes || depth == kWrappingLimit) return std::nullopt;
  Recognised found = look(*bytes, depth + 1);
  if (found.kind == FileKind::kUnknown) return std::nullopt;
  found.wrappings.insert(found.wrappings.begin(), wrapping);
  return found;
}

std::optional<Recognised> look_into_text(std::string_view text, int depth) {
  if (auto found = inside(unwrap_pem(text), "pem", depth)) return found;
  if (text.starts_with("-----BEGIN%20")) {
    const auto decoded = unwrap_percent(text);
    if (decoded) return inside(to_bytes(as_bytes(*decoded)), "percent", depth);
  }
  if (auto found = inside(unwrap_hex(text), "hex", depth)) return found;
  return inside(unwrap_base64(text), "base64", depth);
}

// A record's type speaks for its value; one that is not the value's own kind is left to the appraisal.
std::optional<Recognised> look_into_cmw(ByteView bytes, int depth) {
  auto cmw = parse_cmw(bytes);
  if (!cmw) return std::nullopt;
  if (auto found = inside(cmw->value, "cmw", depth)) {
    if (found->cmw_type.empty()) found->cmw_type = cmw->type;
    return found;
  }
  return Recognised{FileKind::kTypedRecord, {"cmw"}, cmw->type, std::move(cmw->value)};
}

Recognised look(ByteView bytes, int depth) {
  const std::string_view text = without_ends(as_chars(bytes));
  if (is_text(text)) {
    const FileKind kind = kind_of_text(text);
    // Of a list its last line's end counts, too: without it the list was cut.
    if (kind == FileKind::kImaText) return {kind, {}, {}, to_bytes(bytes)};
    if (kind != FileKind::kUnknown) return {kind, {}, {}, to_bytes(as_bytes(text))};
  }
  if (std::ranges::all_of(text, is_ascii)) {
    if (auto found = look_into_text(text, depth)) return *std::move(found);
  }
  if (is_text(as_chars(bytes)) && std::ranges::all_of(text, is_ascii)) {
    return {FileKind::kUnknown, {}, {}, to_bytes(bytes)};
  }
  if (auto found = look_into_cmw(bytes, depth)) return *std::move(found);
  return {kind_of_binary(bytes), {}, {}, to_bytes(bytes)};
}

}  // namespace

std::string_view file_kind_name(FileKind kind) {
  static constexpr std::string_view kNames[] = {"unknown",
                                                "SGX or TDX quote",
                                                "SEV-SNP report",
                                                "Azure HCL report",
                                                "TPM quote (TPMS_ATTEST)",
                                                "TPM signature (TPMT_SIGNATURE)",
                                                "raw signature",
                                                "TPM public area",
                                                "public key",
                                                "certificates",
                                                "certificate revocation list",
                                                "TCB info",
                                                "QE identity",
                                                "collateral bundle",
                                                "PCR values",
                                                "TCG event log",
                                                "IMA list (binary)",
                                                "IMA list (text)",
                                                "policy",
                                                "typed record (CMW)"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(FileKind::kTypedRecord) + 1);
  return kNames[static_cast<std::size_t>(kind)];
}

Recognised recognise(ByteView file) {
  if (file.size() > kRecognisedSizeLimit) return {FileKind::kUnknown, {}, {}, {}};
  return look(file, 0);
}

}  // namespace brume::evidence
