#include "master/result_file.h"

#include <future>
#include <system_error>

namespace brume::master {

namespace {

// As much as is worth a thread: it is hashed while it is written out.
constexpr std::size_t kHashedBeside = 256u << 10;

}  // namespace

Result<std::unique_ptr<ResultFile>> ResultFile::create(const std::filesystem::path& path, const std::string& recipient,
                                                       Random& random) {
  BRUME_ASSIGN(files::AtomicFile file,
               files::AtomicFile::create(path.string(), {.force = true, .mode = 0600, .follow = false}));
  std::unique_ptr<ResultFile> result(new ResultFile(path, std::move(file)));
  if (!recipient.empty()) {
    BRUME_ASSIGN(sealed::AgeRecipient parsed, sealed::AgeRecipient::parse(recipient));
    BRUME_ASSIGN(result->age_, sealed::AgeWriter::create(std::span(&parsed, 1), random));
    BRUME_TRY(result->put(result->age_->prefix()));
  }
  return result;
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
  BRUME_TRY(file_.commit());
  digest_ = hash_.finish();
  return {};
}

Status ResultFile::put(ByteView bytes) {
  size_ += bytes.size();
  std::future<void> hashed;  // waited for at the end
  try {
    const auto how = bytes.size() < kHashedBeside ? std::launch::deferred : std::launch::async;
    hashed = std::async(how, [&] { hash_.update(bytes); });
  } catch (const std::system_error&) {  // no more threads for now
    hash_.update(bytes);
  }
  const Status written = file_.write(bytes);
  if (hashed.valid()) hashed.get();
  return written;
}

}  // namespace brume::master
