#include "master/home.h"

#include <cstdlib>
#include <fstream>

#include "files/atomic_file.h"

namespace brume::master {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kSocketPathLimit = 107;  // sun_path, without its NUL
constexpr std::size_t kKeyFileLimit = 16u << 10;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

constexpr mode_t kPrivate = 0600;

Status write_file(const fs::path& path, std::string_view content, const files::OutputOptions& options) {
  BRUME_ASSIGN(files::AtomicFile file, files::AtomicFile::create(path.string(), options));
  BRUME_TRY(file.write(as_bytes(content)));
  return file.commit();
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

Status write_private_file(const fs::path& path, std::string_view content, Flush flush) {
  return write_file(path, content, {.force = true, .mode = kPrivate, .durable = flush == Flush::kNow, .follow = false});
}

Status write_private_file_once(const fs::path& path, std::string_view content) {
  auto status = write_file(path, content, {.mode = kPrivate, .durable = true, .follow = false});
  if (!status && status.error().code == ErrorCode::kState) return {};  // it is there
  return status;
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
