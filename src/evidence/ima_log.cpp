#include "evidence/ima_log.h"

#include <algorithm>
#include <array>

#include "base/reader.h"
#include "base/writer.h"
#include "evidence/ima_fields.h"

namespace brume::evidence {
namespace {

constexpr std::size_t kSha1Size = 20;
constexpr std::size_t kPathSizeLimit = 4096;
constexpr std::size_t kHashedPathSize = 256;  // IMA_EVENT_NAME_LEN_MAX + 1

// d-ng and d-ngv2: "sha256:\0" or "ima:sha256:\0", then the digest.
Status read_digest_field(ByteView field, ImaEntry& entry) {
  const auto end = std::ranges::find(field, std::uint8_t{0});
  if (end == field.end()) return malformed("IMA entry: a digest without its algorithm");
  const auto size = static_cast<std::size_t>(end - field.begin());
  std::string_view name = as_chars(field.first(size));
  if (!name.ends_with(':')) return malformed("IMA entry: a digest without its algorithm");
  name.remove_suffix(1);
  if (const std::size_t colon = name.rfind(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
  entry.hash_name = std::string(name);
  entry.file_digest = to_bytes(field.subspan(size + 1));
  return {};
}

Status read_path_field(ByteView field, ImaEntry& entry) {
  if (field.empty() || field.back() != 0) return malformed("IMA entry: a path that does not end");
  entry.path = std::string(as_chars(field.first(field.size() - 1)));
  return {};
}

// security/integrity/ima/ima_template.c, builtin_templates: the names that kernels give to lists of fields.
struct NamedTemplate {
  std::string_view name;
  std::string_view fields;
};
constexpr auto kTemplates = std::to_array<NamedTemplate>({
    {"ima", "d|n"},
    {"ima-ng", "d-ng|n-ng"},
    {"ima-sig", "d-ng|n-ng|sig"},
    {"ima-ngv2", "d-ngv2|n-ng"},
    {"ima-sigv2", "d-ngv2|n-ng|sig"},
    {"ima-buf", "d-ng|n-ng|buf"},
    {"ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig"},
    {"evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode"},
});
// The same file's supported_fields.
constexpr auto kFields =
    std::to_array<std::string_view>({"d", "n", "d-ng", "d-ngv2", "n-ng", "sig", "buf", "d-modsig", "modsig", "evmsig",
                                     "iuid", "igid", "imode", "xattrnames", "xattrlengths", "xattrvalues"});

bool is_digest_field(std::string_view field) { return field == "d-ng" || field == "d-ngv2"; }
bool is_path_field(std::string_view field) { return field == "n-ng"; }

// Digest and path come first, as in every template of the kernel's, and once: else who names the template could
// have another field, such as a signature that anybody writes, read as the digest.
bool has_known_order(const std::vector<std::string_view>& fields) {
  if (fields.size() < 2 || !is_digest_field(fields[0]) || !is_path_field(fields[1])) return false;
  return std::none_of(fields.begin() + 2, fields.end(),
                      [](std::string_view field) { return is_digest_field(field) || is_path_field(field); });
}

// The fields of a template; nothing for what is none. A name is in no digest: it must not change what the data mean.
std::optional<std::vector<std::string_view>> fields_of(std::string_view name) {
  for (const NamedTemplate& known : kTemplates) {
    if (known.name == name) name = known.fields;
  }
  std::vector<std::string_view> out;
  while (true) {
    const std::string_view field = name.substr(0, name.find('|'));
    if (std::ranges::find(kFields, field) == kFields.end()) return std::nullopt;
    out.push_back(field);
    if (field.size() == name.size()) break;
    name.remove_prefix(field.size() + 1);
  }
  if (!has_known_order(out)) return std::nullopt;
  return out;
}

Status read_field(std::string_view name, ByteView field, ImaEntry& entry) {
  if (is_digest_field(name)) return read_digest_field(field, entry);
  if (is_path_field(name)) return read_path_field(field, entry);
  if (name == "sig") entry.signature = to_bytes(field);
  return {};
}

// ima_fs.c shows this template as older kernels did, without a size before its data.
void read_legacy_data(Reader& reader, ImaEntry& entry) {
  const ByteView digest = reader.take(kSha1Size);
  const ByteView path = reader.sized(kPathSizeLimit);
  Writer data;
  data.raw(digest).sized(path);
  entry.template_data = data.take();
}

Result<ImaLog> parse_with(ByteView bytes, std::size_t digest_size) {
  Reader reader(bytes);
  ImaLog log;
  while (reader.remaining() > 0) {
    if (log.entries.size() == kImaEntriesLimit) return fail(ErrorCode::kLimit, "IMA list: too many entries");
    ImaEntry entry;
    entry.pcr = reader.u32le();
    entry.template_digest = to_bytes(reader.take(digest_size));
    entry.template_name = reader.text(kImaTemplateNameSizeLimit);
    if (entry.template_name == kImaTemplate) {
      read_legacy_data(reader, entry);
    } else {
      entry.template_data = to_bytes(reader.sized(kImaTemplateSizeLimit));
    }
    if (!reader.ok()) return malformed("IMA list: cut within an entry, or a length over its limit");
    if (entry.pcr >= kPcrCount) return malformed("IMA list: a register above 23");
    if (entry.template_name.empty()) return malformed("IMA list: an entry without a template");
    BRUME_TRY(read_ima_fields(entry));
    log.entries.push_back(std::move(entry));
  }
  return log;
}

}  // namespace

bool ImaEntry::violation() const {
  return std::ranges::all_of(template_digest, [](std::uint8_t byte) { return byte == 0; });
}

Bytes ima_hashed_bytes(const ImaEntry& entry) {
  if (entry.template_name != kImaTemplate) return entry.template_data;
  Bytes out = entry.file_digest;
  append(out, as_bytes(entry.path));
  out.resize(entry.file_digest.size() + std::max(kHashedPathSize, entry.path.size()));
  return out;
}

Status read_ima_fields(ImaEntry& entry) {
  Reader reader(entry.template_data);
  if (entry.template_name == kImaTemplate) {
    entry.hash_name = "sha1";
    entry.file_digest = to_bytes(reader.take(kSha1Size));
    entry.path = std::string(as_chars(reader.sized(kPathSizeLimit)));
    return reader.done("IMA entry");
  }
  const auto fields = fields_of(entry.template_name);
  if (!fields) return fail(ErrorCode::kUnsupported, "IMA entry: a template that is not known");
  for (const std::string_view name : *fields) {
    const ByteView field = reader.sized(kImaTemplateSizeLimit);
    if (reader.ok()) BRUME_TRY(read_field(name, field, entry));
  }
  return reader.done("IMA entry");
}

bool ima_template_digest_fits(const ImaEntry& entry) {
  if (entry.violation()) return true;
  using enum crypto::HashAlgorithm;
  for (const auto hash : {kSha1, kSha256, kSha384, kSha512}) {
    if (crypto::hash_size(hash) != entry.template_digest.size()) continue;
    return crypto::hash(hash, ima_hashed_bytes(entry)) == entry.template_digest;
  }
  return false;
}

Result<ImaLog> parse_ima_binary(ByteView bytes) {
  if (bytes.size() > kImaLogSizeLimit) return fail(ErrorCode::kLimit, "IMA list: longer than 64 MiB");
  auto log = parse_with(bytes, kSha1Size);
  // Since Linux 6.10, binary_runtime_measurements_BANK has digests of that bank.
  for (const std::size_t size : {32, 48, 64}) {
    if (log) break;
    if (auto other = parse_with(bytes, size)) return other;
  }
  return log;
}

Bytes encode_ima_binary(const ImaLog& log) {
  Writer writer;
  for (const ImaEntry& entry : log.entries) {
    writer.u32le(entry.pcr).raw(entry.template_digest).text(entry.template_name);
    if (entry.template_name == kImaTemplate) {
      writer.raw(entry.template_data);
    } else {
      writer.sized(entry.template_data);
    }
  }
  return writer.take();
}

Result<ImaLog> read_ima_log(ByteView bytes) {
  // In text, an entry begins with its register in decimal and a space; in binary, three zeros follow it.
  const bool binary = bytes.size() >= 4 && bytes[1] == 0 && bytes[2] == 0 && bytes[3] == 0;
  return binary ? parse_ima_binary(bytes) : parse_ima_text(as_chars(bytes));
}

}  // namespace brume::evidence
