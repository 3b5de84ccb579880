#include <charconv>

#include "base/hex.h"
#include "base/writer.h"
#include "evidence/ima_fields.h"
#include "evidence/ima_log.h"

namespace brume::evidence {
namespace {

constexpr std::size_t kLineSizeLimit = 256u << 10;  // a buffer of 64 KiB as hex, and a path

// Up to the next space, which is taken too.
std::string_view word(std::string_view& line) {
  const std::size_t space = line.find(' ');
  const std::string_view out = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return out;
}

bool is_version_2(std::string_view name) { return name == "ima-ngv2" || name == "ima-sigv2"; }
bool ends_with_hex(std::string_view name) { return name == "ima-sig" || name == "ima-sigv2" || name == "ima-buf"; }

// "sha256:HEX", "ima:sha256:HEX", or of the template "ima" only "HEX".
Result<Bytes> digest_field(std::string_view name, std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const bool bare = name == kImaTemplate;
  if (bare != (colon == std::string_view::npos)) return malformed("IMA list: a digest with or without its algorithm");
  auto digest = from_hex(bare ? text : text.substr(colon + 1));
  if (!digest) return within("IMA list", digest.error());
  if (bare) return *digest;
  Writer out;
  out.raw(as_bytes(text.substr(0, colon + 1))).u8(0).raw(*digest);
  return out.take();
}

// The template's data with `path`, and with `last` as its third field where the template has three.
Status make(ImaEntry& entry, ByteView digest, std::string_view path, ByteView last) {
  Writer data;
  if (entry.template_name == kImaTemplate) {
    if (digest.size() != 20) return malformed("IMA list: a digest is not SHA-1");
    data.raw(digest).text(path);
  } else {
    data.sized(digest).u32le(static_cast<std::uint32_t>(path.size() + 1)).raw(as_bytes(path)).u8(0);
    if (ends_with_hex(entry.template_name)) data.sized(last);
  }
  if (data.size() > kImaTemplateSizeLimit) return fail(ErrorCode::kLimit, "IMA list: an entry is too long");
  entry.template_data = data.take();
  return read_ima_fields(entry);
}

// "PATH" or "PATH HEX": a path may have spaces, and even end like a signature.
Status read_tail(ImaEntry& entry, ByteView digest, std::string_view tail) {
  if (!ends_with_hex(entry.template_name)) return make(entry, digest, tail, {});
  const std::size_t space = tail.rfind(' ');
  if (space != std::string_view::npos) {
    if (const auto last = from_hex(tail.substr(space + 1))) {
      BRUME_TRY(make(entry, digest, tail.substr(0, space), *last));
      if (ima_template_digest_fits(entry)) return {};
    }
    // The space that the kernel prints before a field that turns out to be empty.
    if (tail.ends_with(' ')) {
      BRUME_TRY(make(entry, digest, tail.substr(0, tail.size() - 1), {}));
      if (ima_template_digest_fits(entry)) return {};
    }
  }
  return make(entry, digest, tail, {});
}

Result<ImaEntry> read_line(std::string_view line) {
  ImaEntry entry;
  const std::string_view pcr = word(line);
  const auto [end, error] = std::from_chars(pcr.data(), pcr.data() + pcr.size(), entry.pcr);
  if (pcr.empty() || error != std::errc{} || end != pcr.data() + pcr.size() || entry.pcr >= kPcrCount) {
    return malformed("IMA list: a line does not begin with a register");
  }
  auto digest = from_hex(word(line));
  if (!digest || (digest->size() != 20 && digest->size() != 32 && digest->size() != 48 && digest->size() != 64)) {
    return malformed("IMA list: a template digest is none");
  }
  entry.template_digest = std::move(*digest);
  entry.template_name = std::string(word(line));
  const bool known = entry.template_name == kImaTemplate || entry.template_name == "ima-ng" ||
                     is_version_2(entry.template_name) || ends_with_hex(entry.template_name);
  if (!known) return fail(ErrorCode::kUnsupported, "IMA list: a template whose text does not show all of its data");
  BRUME_ASSIGN(const Bytes field, digest_field(entry.template_name, word(line)));
  BRUME_TRY(read_tail(entry, field, line));
  return entry;
}

}  // namespace

Result<ImaLog> parse_ima_text(std::string_view text) {
  if (text.size() > kImaLogSizeLimit) return fail(ErrorCode::kLimit, "IMA list: longer than 64 MiB");
  ImaLog log;
  while (!text.empty()) {
    const std::size_t size = text.find('\n');
    if (size == std::string_view::npos) return malformed("IMA list: cut within a line");
    if (size > kLineSizeLimit) return fail(ErrorCode::kLimit, "IMA list: a line is longer than 256 KiB");
    if (log.entries.size() == kImaEntriesLimit) return fail(ErrorCode::kLimit, "IMA list: too many entries");
    BRUME_ASSIGN(ImaEntry entry, read_line(text.substr(0, size)));
    log.entries.push_back(std::move(entry));
    text.remove_prefix(size + 1);
  }
  return log;
}

}  // namespace brume::evidence
