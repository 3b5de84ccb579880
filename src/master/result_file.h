// Where a run's result goes: a file that appears whole or not at all, plain or sealed with age.
#pragma once

#include <filesystem>
#include <optional>

#include "crypto/hash.h"
#include "files/atomic_file.h"
#include "mapreduce/merge.h"
#include "sealed/age.h"

namespace brume::master {

class ResultFile final : public mapreduce::LineSink {
 public:
  // To be written to `path`. recipient: empty for plain text.
  static Result<std::unique_ptr<ResultFile>> create(const std::filesystem::path& path, const std::string& recipient,
                                                    Random& random);

  const std::filesystem::path& path() const { return path_; }
  Status write(ByteView text) override;
  // Now the file stands at its path. Once.
  Status commit();
  // SHA-256 of the file's bytes, after commit().
  const Sha256Digest& digest() const { return digest_; }
  std::uint64_t size() const { return size_; }

 private:
  ResultFile(std::filesystem::path path, files::AtomicFile file) : path_(std::move(path)), file_(std::move(file)) {}
  Status put(ByteView bytes);

  std::filesystem::path path_;
  files::AtomicFile file_;
  std::optional<sealed::AgeWriter> age_;
  Bytes buffer_;
  crypto::Sha256 hash_;
  Sha256Digest digest_;
  std::uint64_t size_ = 0;
};

}  // namespace brume::master
