#include "master/home.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace brume::master {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kSocketPathLimit = 107;  // sun_path, without its NUL
constexpr std::size_t kKeyFileLimit = 16u << 10;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// Beside it, under a name that no other process and no other thread of this one writes to.
fs::path name_beside(const fs::path& path) {
  static std::atomic<unsigned> count{0};
  fs::path out = path;
  out += "." + std::to_string(::getpid()) + "-" + std::to_string(count++) + ".new";
  return out;
}

std::unexpected<Error> not_written(const fs::path& path, int error) {
  return fail(ErrorCode::kIo, path.string() + ": could not be written: " + std::strerror(error));
}

// The content under a name of its own, which `path` is to get.
Result<fs::path> write_beside(const fs::path& path, std::string_view content, Flush flush) {
  fs::path temporary = name_beside(path);
  BRUME_ASSIGN(UniqueFd file, create_private_file(temporary));
  bool good = true;
  for (std::size_t done = 0; good && done < content.size();) {
    ssize_t n = write(file.get(), content.data() + done, content.size() - done);
    good = n > 0;
    if (good) done += static_cast<std::size_t>(n);
  }
  good = good && (flush == Flush::kLater || fsync(file.get()) == 0);
  if (good) return temporary;
  const int saved = errno;
  unlink(temporary.c_str());
  return not_written(path, saved);
}

// Whoever comes first makes it; all others take that one.
template <typename Key>
Result<Key> load_or_make(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    BRUME_TRY(make_private_folder(path.parent_path()));
    BRUME_TRY(write_private_file_once(path, Key::generate().pkcs8_pem()));
  }
  BRUME_ASSIGN(std::string pem, read_text_file(path, kKeyFileLimit));
  auto key = Key::from_pkcs8_pem(pem);
  if (!key) return within(path.string(), key.error());
  return key;
}

}  // namespace

Result<Home> Home::from_environment() {
  Home home;
  if (std::string own = environment("BRUME_HOME"); !own.empty()) {
    home.root = own;
  } else if (std::string state = environment("XDG_STATE_HOME"); !state.empty()) {
    home.root = fs::path(state) / "brume";
  } else if (std::string user = environment("HOME"); !user.empty()) {
    home.root = fs::path(user) / ".local" / "state" / "brume";
  } else {
    return fail(ErrorCode::kUsage, "neither BRUME_HOME nor HOME is set: set BRUME_HOME to a folder of your own");
  }
  if (!home.root.is_absolute())
    return fail(ErrorCode::kUsage, "BRUME_HOME must be an absolute path, not '" + home.root.string() + "'");
  if ((home.platform() / "control.sock").string().size() > kSocketPathLimit)
    return fail(ErrorCode::kUsage,
                "BRUME_HOME is too long for the Unix sockets below it: choose a path of at most 80 bytes");
  return home;
}

Result<crypto::EcKey> load_or_make_master_key(const Home& home) {
  return load_or_make<crypto::EcKey>(home.master_key());
}

Result<crypto::Rsa3072Key> load_or_make_signer_key(const Home& home) {
  return load_or_make<crypto::Rsa3072Key>(home.signer_key());
}

Result<std::string> read_text_file(const fs::path& path, std::size_t limit_size) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::kNotFound, path.string() + ": could not be opened");
  std::string content(limit_size + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (content.size() > limit_size) return fail(ErrorCode::kLimit, path.string() + ": larger than such a file may be");
  return content;
}

// In a folder that others may write to, a file that one of them made there before would be theirs to read and change.
Result<UniqueFd> create_private_file(const fs::path& path) {
  ::unlink(path.c_str());
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file) return file;
  if (errno == EEXIST)
    return fail(ErrorCode::kIo, path.string() +
                                    ": cannot be replaced by a new file, for it is another user's or a "
                                    "folder; remove it, or choose a folder that only you may write to");
  return fail(ErrorCode::kIo, path.string() + ": " + std::strerror(errno));
}

Status write_private_file(const fs::path& path, std::string_view content, Flush flush) {
  BRUME_ASSIGN(const fs::path temporary, write_beside(path, content, flush));
  if (rename(temporary.c_str(), path.c_str()) == 0) return {};
  const int saved = errno;
  unlink(temporary.c_str());
  return not_written(path, saved);
}

Status write_private_file_once(const fs::path& path, std::string_view content) {
  BRUME_ASSIGN(const fs::path temporary, write_beside(path, content, Flush::kNow));
  bool done = renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0;
  // Not every file system has that; a link refuses what exists just as well.
  if (!done && errno == EINVAL) done = link(temporary.c_str(), path.c_str()) == 0;
  const int saved = errno;
  unlink(temporary.c_str());
  if (done || saved == EEXIST) return {};
  return not_written(path, saved);
}

Status make_private_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(ErrorCode::kIo, path.string() + ": " + error.message());
  fs::permissions(path, fs::perms::owner_all, error);
  if (error) return fail(ErrorCode::kIo, path.string() + ": " + error.message());
  return {};
}

}  // namespace brume::master
