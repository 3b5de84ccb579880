// Linux IMA measurement lists: which files a kernel measured before it used them (Linux,
// Documentation/security/IMA-templates.rst, security/integrity/ima/ima_fs.c). In binary, as
// binary_runtime_measurements has them, integers in the machine's order, which is little-endian here (or with
// ima_canonical_fmt); in text, as ascii_runtime_measurements has them.
//
//   pcr u32 | template digest 20 | name size u32, name | template data size u32, template data
//   template data, but of "ima": fields, each size u32 and bytes
//   of the template "ima" there is no data size: file digest 20 | path size u32, path
#pragma once

#include <string>
#include <vector>

#include "evidence/tpm_algorithm.h"

namespace brume::evidence {

inline constexpr std::size_t kImaLogSizeLimit = 64u << 20;  // 2000 entries have 290 KB; long-lived servers a few MB
inline constexpr std::size_t kImaEntriesLimit = 1u << 20;
inline constexpr std::size_t kImaTemplateSizeLimit = 64u << 10;  // a signature and a path, or a measured buffer
inline constexpr std::size_t kImaTemplateNameSizeLimit = 255;
inline constexpr std::uint32_t kImaPcr = 10;  // CONFIG_IMA_MEASURE_PCR_IDX, but where a kernel was built otherwise

struct ImaEntry {
  std::uint32_t pcr = kImaPcr;
  Bytes template_digest;      // SHA-1; of the lists that kernels since 6.10 give for each bank, the bank's
  std::string template_name;  // "ima", "ima-ng", "ima-sig", ..., or field names such as "d-ng|n-ng"
  Bytes template_data;        // what the template digest is of

  // Of the template's fields, empty where it has them not.
  std::string hash_name;  // of the file's digest: "sha1", "sha256", ...
  Bytes file_digest;
  std::string path;
  Bytes signature;

  // The file changed while it was measured: the kernel extends ones (IMA's "violation").
  bool violation() const;
  friend bool operator==(const ImaEntry&, const ImaEntry&) = default;
};

struct ImaLog {
  std::vector<ImaEntry> entries;
};

// Refuses entries cut off, templates that are not known, template data whose fields do not add up, and bytes left over.
Result<ImaLog> parse_ima_binary(ByteView bytes);
Bytes encode_ima_binary(const ImaLog& log);
// Of the templates ima, ima-ng, ima-sig, ima-ngv2, ima-sigv2 and ima-buf; others have more than their text shows.
// Template data are made anew from the text; where a path with spaces could be read in two ways, the way that gives
// the template digest is taken.
Result<ImaLog> parse_ima_text(std::string_view text);
// Either of the two, by content.
Result<ImaLog> read_ima_log(ByteView bytes);

}  // namespace brume::evidence
