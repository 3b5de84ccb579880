// The bytes of an input, wherever it lies, as the owner's side reads a few of them: the header and the last chunk.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace brume::master {

class InputBytes {
 public:
  virtual ~InputBytes() = default;
  // At most `most` bytes from `first` on; fewer only where the file ends. After the first read, size() is known.
  virtual Result<Bytes> read(std::uint64_t first, std::size_t most) = 0;
  // Of the whole file: a claim of whoever keeps it.
  virtual std::uint64_t claimed_size() const = 0;
};

// Which file it is, whatever its path comes to mean.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileId&, const FileId&) = default;
};

class FileBytes final : public InputBytes {
 public:
  // A regular file. Errors: kNotFound, kIo, kUsage, with the path.
  static Result<std::unique_ptr<FileBytes>> open(const std::filesystem::path& path);
  Result<Bytes> read(std::uint64_t first, std::size_t most) override;
  std::uint64_t claimed_size() const override { return size_; }
  const std::shared_ptr<const UniqueFd>& file() const { return file_; }
  const FileId& id() const { return id_; }

 private:
  FileBytes(std::filesystem::path path, UniqueFd file, FileId id, std::uint64_t size)
      : path_(std::move(path)), file_(std::make_shared<const UniqueFd>(std::move(file))), id_(id), size_(size) {}
  std::filesystem::path path_;
  std::shared_ptr<const UniqueFd> file_;
  FileId id_;
  std::uint64_t size_ = 0;
};

// How files on servers are asked for.
struct Fetching {
  std::filesystem::path program;        // brume-fetch
  std::function<bool()> given_up = {};  // asked while a server is waited for: true ends that
};

// By the program `brume-fetch range`: it talks to servers, so that the process which holds the owner's keys does not.
class FetchedBytes final : public InputBytes {
 public:
  // `ca_pem` empty: the system's CAs.
  FetchedBytes(Fetching fetching, std::string url, std::string ca_pem)
      : fetching_(std::move(fetching)), url_(std::move(url)), ca_pem_(std::move(ca_pem)) {}
  Result<Bytes> read(std::uint64_t first, std::size_t most) override;
  std::uint64_t claimed_size() const override { return size_; }
  // PEM of the root under which an https server's certificate was good; after a read.
  const std::string& root() const { return root_; }

 private:
  Fetching fetching_;
  std::string url_;
  std::string ca_pem_;
  std::uint64_t size_ = 0;
  std::string root_;
};

}  // namespace brume::master
