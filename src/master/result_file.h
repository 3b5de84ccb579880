// Where a run's result goes: a file that appears whole or not at all, plain or sealed with age.
#pragma once

#include <filesystem>
#include <optional>

#include "base/unique_fd.h"
#include "crypto/hash.h"
#include "mapreduce/merge.h"
#include "sealed/age.h"

namespace brume::master {

class ResultFile final : public mapreduce::LineSink {
 public:
  // Writes to a temporary file beside `path`. recipient: empty for plain text.
  static Result<std::unique_ptr<ResultFile>> create(const std::filesystem::path& path, const std::string& recipient,
                                                    Random& random);
  ~ResultFile() override;  // removes what was not committed

  const std::filesystem::path& path() const { return path_; }
  Status write(ByteView text) override;
  // Now the file stands at its path. Once.
  Status commit();
  // SHA-256 of the file's bytes, after commit().
  const Sha256Digest& digest() const { return digest_; }
  std::uint64_t size() const { return size_; }

 private:
  ResultFile(std::filesystem::path path, std::filesystem::path temporary, UniqueFd file)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(std::move(file)) {}
  Status put(ByteView bytes);
  Status write_out(ByteView bytes);

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  UniqueFd file_;
  std::optional<sealed::AgeWriter> age_;
  Bytes buffer_;
  crypto::Sha256 hash_;
  Sha256Digest digest_;
  std::uint64_t size_ = 0;
  bool committed_ = false;
};

}  // namespace brume::master
