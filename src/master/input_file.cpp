#include "master/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "sealed/age.h"

namespace brume::master {

namespace {

constexpr std::string_view kAgeMagic = "age-encryption.org/v1\n";

std::unexpected<Error> unreadable(const std::filesystem::path& path) {
  ErrorCode code = errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return fail(code, path.string() + ": " + std::strerror(errno));
}

Result<std::size_t> read_at(int fd, std::uint64_t offset, MutableByteView out) {
  std::size_t done = 0;
  while (done < out.size()) {
    ssize_t n = pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(ErrorCode::kIo, std::strerror(errno));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

Result<UniqueFd> open_regular(const std::filesystem::path& path, std::uint64_t& size) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return unreadable(path);
  struct stat info{};
  if (fstat(fd.get(), &info) != 0) return unreadable(path);
  if (!S_ISREG(info.st_mode))
    return fail(ErrorCode::kUsage,
                path.string() + ": is no regular file; splits are read at random, so a file is needed");
  size = static_cast<std::uint64_t>(info.st_size);
  return fd;
}

}  // namespace

Result<bool> is_age_file(const std::filesystem::path& path) {
  std::uint64_t size = 0;
  BRUME_ASSIGN(UniqueFd fd, open_regular(path, size));
  Bytes begin(kAgeMagic.size());
  BRUME_ASSIGN(std::size_t n, read_at(fd.get(), 0, begin));
  return n == begin.size() && as_chars(begin) == kAgeMagic;
}

Result<InputFile> InputFile::open(const std::filesystem::path& path, std::span<const sealed::AgeIdentity> identities) {
  std::uint64_t size = 0;
  BRUME_ASSIGN(UniqueFd fd, open_regular(path, size));
  Bytes prefix(std::min<std::uint64_t>(size, sealed::kAgeHeaderSizeLimit + sealed::kAgeNonceSize));
  BRUME_ASSIGN(std::size_t n, read_at(fd.get(), 0, prefix));
  auto header = sealed::AgeHeader::parse(ByteView(prefix).first(n));
  if (!header) return within(path.string(), header.error());
  if (!*header) return malformed(path.string() + ": the age header is cut");
  auto opening = (*header)->open(identities);
  if (!opening) {
    if (opening.error().code == ErrorCode::kNotFound)
      opening.error().what += "; seal the input to this cluster: brume seal -r \"$(brume status --recipient)\"";
    opening.error().code = ErrorCode::kAuthFailed;
    return within(path.string(), opening.error());
  }
  auto claimed = sealed::ClaimedAgeLayout::from_file_size(opening->payload_offset, size);
  if (!claimed) return within(path.string(), claimed.error());
  std::uint64_t last = claimed->chunk_count - 1;
  Bytes sealed(claimed->final_sealed_size);
  BRUME_ASSIGN(n, read_at(fd.get(), claimed->chunk_offset(last), sealed));
  if (n != sealed.size()) return fail(ErrorCode::kIo, path.string() + ": became shorter while it was read");
  Bytes plain(claimed->final_chunk_size());
  sealed::ChunkCipher cipher(opening->payload_key);
  auto layout = sealed::verify_final_chunk(*claimed, cipher, sealed, plain);
  crypto::wipe(plain);
  if (!layout) return within(path.string(), layout.error());
  return InputFile(std::make_shared<const UniqueFd>(std::move(fd)), std::move(*opening), *layout);
}

std::expected<std::unique_ptr<transport::FetchSource>, transport::FetchFailure> InputFile::chunks(
    std::uint64_t first, std::uint64_t count) const {
  const auto& layout = layout_.layout();
  transport::UnitRange range;
  range.file = file_;
  range.first_offset = layout.payload_offset;
  range.end_offset = layout.file_size();
  range.unit_size = sealed::kAgeSealedChunkSize;
  range.first = first;
  range.count = count;
  return transport::make_unit_source(range);
}

}  // namespace brume::master
