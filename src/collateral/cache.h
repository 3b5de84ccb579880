// What was fetched, on disk: one file an address, written whole or not at all. A file that is not what it
// says is the same as none.
#pragma once

#include <filesystem>
#include <optional>

#include "collateral/http.h"

namespace brume::collateral {

struct CacheEntry {
  std::string url;
  UnixMs fetched_ms = 0;
  std::string chain;  // issuer chain of the answer, PEM; may be empty
  std::string body;
  friend bool operator==(const CacheEntry&, const CacheEntry&) = default;
};

class Cache {
 public:
  // Makes the folder where it is missing, for this user only. An empty path: nothing is kept.
  static Result<Cache> open(std::filesystem::path folder);
  // Only an entry of that very address, whole, by its own digest.
  std::optional<CacheEntry> find(const std::string& url) const;
  Status store(const CacheEntry& entry) const;

 private:
  explicit Cache(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path path_of(const std::string& url) const;

  std::filesystem::path folder_;
};

// File format: docs/formats/collateral.md. Refuses what is longer than its parts can be.
Result<CacheEntry> parse_cache_entry(std::string_view text);
std::string encode_cache_entry(const CacheEntry& entry);

}  // namespace brume::collateral
