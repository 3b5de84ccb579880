#include "master/input_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/command.h"

namespace brume::master {

namespace {

constexpr std::chrono::milliseconds kFetchLimit{150'000};
constexpr std::size_t kRootSizeLimit = 64u << 10;

std::unexpected<Error> unreadable(const std::filesystem::path& path) {
  ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return fail(code, path.string() + ": " + std::strerror(errno));
}

// What the program says, without its own name before it.
Error said(const engine::CommandOutput& output) {
  std::string text = engine::last_line(output.err);
  if (constexpr std::string_view kOwnName = "brume: error: "; text.starts_with(kOwnName))
    text.erase(0, kOwnName.size());
  if (text.empty()) text = "brume-fetch ended with code " + std::to_string(output.exit_code);
  switch (output.exit_code) {
    case 2:
      return {ErrorCode::kUsage, text};
    case 3:
      return {ErrorCode::kNotFound, text};
    default:
      return {ErrorCode::kUnavailable, text};
  }
}

}  // namespace

Result<std::unique_ptr<FileBytes>> FileBytes::open(const std::filesystem::path& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return unreadable(path);
  struct stat info{};
  if (fstat(fd.get(), &info) != 0) return unreadable(path);
  if (!S_ISREG(info.st_mode))
    return fail(ErrorCode::kUsage,
                path.string() + ": is no regular file; splits are read at random, so a file is needed");
  return std::unique_ptr<FileBytes>(
      new FileBytes(path, std::move(fd), {info.st_dev, info.st_ino}, static_cast<std::uint64_t>(info.st_size)));
}

Result<Bytes> FileBytes::read(std::uint64_t first, std::size_t most) {
  Bytes out(first >= size_ ? 0 : std::min<std::uint64_t>(most, size_ - first));
  for (std::size_t done = 0; done < out.size();) {
    const ssize_t n = pread(file_->get(), out.data() + done, out.size() - done, static_cast<off_t>(first + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unreadable(path_);
    if (n == 0) return fail(ErrorCode::kIo, path_.string() + ": became shorter while it was read");
    done += static_cast<std::size_t>(n);
  }
  return out;
}

Result<Bytes> FetchedBytes::read(std::uint64_t first, std::size_t most) {
  engine::Command command{
      .arguments = {fetching_.program.string(), "range"}, .has_aws_variables = false, .timeout = kFetchLimit};
  command.given_up = fetching_.given_up;
  // On its standard input: a URL may be a key, and arguments are for everybody to see.
  command.input = nlohmann::json{{"url", url_}, {"ca", ca_pem_}, {"first", first}, {"size", most}}.dump();
  BRUME_ASSIGN(const engine::CommandOutput output, engine::run_command(command));
  if (output.exit_code != 0) return std::unexpected(said(output));
  const std::size_t line = output.out.find('\n');
  const auto head = nlohmann::json::parse(output.out.substr(0, line), nullptr, false);
  const bool good = line != output.out.npos && head.is_object() && head.contains("size") &&
                    head["size"].is_number_unsigned() && head.contains("root") && head["root"].is_string() &&
                    head["root"].get_ref<const std::string&>().size() <= kRootSizeLimit;
  if (!good) return malformed("brume-fetch: an answer of another kind; is it of this version?");
  const std::uint64_t size = head["size"].get<std::uint64_t>();
  const std::size_t wanted = first >= size ? 0 : std::min<std::uint64_t>(most, size - first);
  if (output.out.size() - line - 1 != wanted) return malformed("brume-fetch: not as many bytes as it says");
  if (size_ != 0 && size_ != size) return fail(ErrorCode::kIo, "the file changed its size while it was read");
  size_ = size;
  root_ = head["root"].get<std::string>();
  return to_bytes(as_bytes(std::string_view(output.out).substr(line + 1)));
}

}  // namespace brume::master
