// Folders that every host of a cluster has under one name ("/mnt/data", from a file server) and that its containers see
// mounted, read-only, somewhere below /run. What lies there is sealed input that anybody may change: its reader checks.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace brume::node {

inline constexpr std::size_t kShareLimit = 16;

struct Share {
  std::string path;    // as hosts and the owner name it
  std::string target;  // where it is in this container
  friend bool operator==(const Share&, const Share&) = default;
};

// "PATH=TARGET", both absolute. Errors: kUsage.
Result<Share> parse_share(std::string_view text);

// Opens a regular file of exactly that size in one of the shares, never outside of it, whatever links say.
// Errors: kNotFound (in no share, no such file), kIo (not readable), kMalformed (no regular file, another size).
Result<UniqueFd> open_shared(const std::vector<Share>& shares, const std::string& path, std::uint64_t size);

}  // namespace brume::node
