#include "collateral/cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/reader.h"
#include "base/unique_fd.h"
#include "base/writer.h"
#include "crypto/hash.h"

namespace brume::collateral {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kMagic = "brume-fetched/1\n";
constexpr std::size_t kUrlSizeLimit = 8192;
constexpr std::size_t kEntrySizeLimit =
    kMagic.size() + 8 + 3 * 4 + kUrlSizeLimit + kHeaderSizeLimit + kBodySizeLimit + 32;

std::unexpected<Error> io_error(const fs::path& path) {
  return fail(ErrorCode::kIo, path.string() + ": " + strerrordesc_np(errno));
}

std::optional<std::string> read_whole(const fs::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return std::nullopt;
  std::string text(kEntrySizeLimit + 1, '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t size = ::read(fd.get(), text.data() + done, text.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return std::nullopt;
    if (size == 0) break;
    done += static_cast<std::size_t>(size);
  }
  text.resize(done);
  return text;
}

Status write_whole(int fd, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return io_error(path);
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return {};
}

}  // namespace

Result<CacheEntry> parse_cache_entry(std::string_view text) {
  if (text.size() > kEntrySizeLimit || text.size() < kMagic.size() + Sha256Digest::kSize) {
    return malformed("cache entry: not of a size that it can have");
  }
  if (!text.starts_with(kMagic)) return malformed("cache entry: does not begin as one");
  const ByteView all = as_bytes(text);
  const ByteView content = all.first(all.size() - Sha256Digest::kSize);
  if (!equal(crypto::sha256(content).bytes, all.last(Sha256Digest::kSize))) {
    return fail(ErrorCode::kAuthFailed, "cache entry: was changed or cut");
  }
  Reader reader(content.subspan(kMagic.size()));
  CacheEntry out;
  out.fetched_ms = static_cast<UnixMs>(reader.u64le());
  out.url = reader.text(kUrlSizeLimit);
  out.chain = reader.text(kHeaderSizeLimit);
  out.body = reader.text(kBodySizeLimit);
  BRUME_TRY(reader.done("cache entry"));
  return out;
}

std::string encode_cache_entry(const CacheEntry& entry) {
  Writer writer;
  writer.raw(as_bytes(kMagic)).u64le(static_cast<std::uint64_t>(entry.fetched_ms));
  Bytes out = writer.text(entry.url).text(entry.chain).text(entry.body).take();
  append(out, crypto::sha256(out).bytes);
  return std::string(as_chars(out));
}

Result<Cache> Cache::open(fs::path folder) {
  if (folder.empty()) return Cache({});
  std::error_code error;
  if (!folder.parent_path().empty()) fs::create_directories(folder.parent_path(), error);
  if (error) return fail(ErrorCode::kIo, folder.parent_path().string() + ": " + error.message());
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return io_error(folder);
  return Cache(std::move(folder));
}

// A name that holds nothing of the address: an address may be as long as it likes.
fs::path Cache::path_of(const std::string& url) const { return folder_ / crypto::sha256(as_bytes(url)).hex(); }

std::optional<CacheEntry> Cache::find(const std::string& url) const {
  if (folder_.empty()) return std::nullopt;
  const auto text = read_whole(path_of(url));
  if (!text) return std::nullopt;
  auto entry = parse_cache_entry(*text);
  if (!entry || entry->url != url) return std::nullopt;
  return std::move(*entry);
}

Status Cache::store(const CacheEntry& entry) const {
  if (folder_.empty()) return {};
  const fs::path path = path_of(entry.url);
  std::string beside = (folder_ / ".new-XXXXXX").string();
  UniqueFd fd(::mkostemp(beside.data(), O_CLOEXEC));
  if (!fd) return io_error(folder_);
  Status written = write_whole(fd.get(), encode_cache_entry(entry), path);
  if (written && ::fsync(fd.get()) != 0) written = io_error(path);
  if (written && ::rename(beside.c_str(), path.c_str()) != 0) written = io_error(path);
  if (!written) ::unlink(beside.c_str());
  return written;
}

}  // namespace brume::collateral
