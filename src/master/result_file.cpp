#include "master/result_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <future>

#include "master/home.h"

namespace brume::master {

namespace {

// As much as is worth a thread: it is hashed while it is written.
constexpr std::size_t kHashedBeside = 256u << 10;

}  // namespace

Result<std::unique_ptr<ResultFile>> ResultFile::create(const std::filesystem::path& path, const std::string& recipient,
                                                       Random& random) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return fail(ErrorCode::kUsage, path.string() + ": is a folder; name a file for the result");
  std::filesystem::path temporary = path;
  temporary += ".part-" + std::to_string(getpid());
  BRUME_ASSIGN(UniqueFd file, create_private_file(temporary));
  std::unique_ptr<ResultFile> result(new ResultFile(path, temporary, std::move(file)));
  if (!recipient.empty()) {
    BRUME_ASSIGN(sealed::AgeRecipient parsed, sealed::AgeRecipient::parse(recipient));
    BRUME_ASSIGN(result->age_, sealed::AgeWriter::create(std::span(&parsed, 1), random));
    BRUME_TRY(result->put(result->age_->prefix()));
  }
  return result;
}

ResultFile::~ResultFile() {
  if (!committed_) unlink(temporary_.c_str());
}

Status ResultFile::write(ByteView text) {
  if (!age_) return put(text);
  buffer_.resize(sealed::AgeWriter::push_limit(text.size()));
  std::size_t size = age_->push(text, MutableByteView(buffer_));
  return put(ByteView(buffer_).first(size));
}

Status ResultFile::commit() {
  if (age_) {
    buffer_.resize(sealed::kAgeSealedChunkSize);
    std::size_t size = age_->finish(MutableByteView(buffer_));
    BRUME_TRY(put(ByteView(buffer_).first(size)));
  }
  if (rename(temporary_.c_str(), path_.c_str()) != 0)
    return fail(ErrorCode::kIo, path_.string() + ": " + std::strerror(errno));
  committed_ = true;
  digest_ = hash_.finish();
  return {};
}

Status ResultFile::put(ByteView bytes) {
  size_ += bytes.size();
  if (bytes.size() < kHashedBeside) {
    hash_.update(bytes);
    return write_out(bytes);
  }
  const auto hashed = std::async(std::launch::async, [&] { hash_.update(bytes); });
  return write_out(bytes);
}

Status ResultFile::write_out(ByteView bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(ErrorCode::kIo, temporary_.string() + ": " + std::strerror(errno));
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace brume::master
