// What `brume evidence` reads: one file, a folder beside it, times and bytes of the command line.
#pragma once

#include <nlohmann/json.hpp>

#include "base/outside.h"
#include "evidence/assemble.h"

namespace brume::cli {

// Unreadable: kIo or kNotFound. What is read is recognised, not parsed.
Result<evidence::NamedFile> read_evidence_file(const std::string& path);
// A case's files have 0.7 MiB at most, but for logs.
inline constexpr std::size_t kFolderSizeLimit = 64u << 20;
// The regular files right below, by name; hidden ones not. Refuses more than evidence::kFolderFilesLimit, and more
// than kFolderSizeLimit in all.
Result<std::vector<evidence::NamedFile>> read_evidence_folder(const std::string& path);

// RFC 3339 ("2026-06-15T12:00:00Z", with an offset or a fraction too) or whole Unix seconds. Errors: kUsage,
// naming `what`.
Result<UnixMs> parse_moment(const std::string& what, const std::string& text);
// Hex of 1 to `limit` bytes. Errors: kUsage, naming `what`.
Result<Bytes> parse_hex_option(const std::string& what, const std::string& text, std::size_t limit);

// JSON of strangers: discarded where it does not parse or is nested more than 16 deep, which no document here is and
// printing would have to follow.
nlohmann::ordered_json parse_shallow_json(ByteView bytes);

}  // namespace brume::cli
