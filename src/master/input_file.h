// A run's input: an age file at the owner's, authenticated before anything is planned, and served to
// hosts chunk by chunk as it lies there.
#pragma once

#include <filesystem>
#include <memory>

#include "base/unique_fd.h"
#include "sealed/age_header.h"
#include "sealed/age_keys.h"
#include "sealed/age_payload.h"
#include "transport/fetch_source.h"

namespace brume::master {

class InputFile {
 public:
  // Checks the header's MAC and that the final chunk is final: the file's size is a claim until then.
  static Result<InputFile> open(const std::filesystem::path& path, std::span<const sealed::AgeIdentity> identities);

  const sealed::AgeOpening& opening() const { return opening_; }
  const sealed::AgeLayout& layout() const { return layout_; }
  std::expected<std::unique_ptr<transport::FetchSource>, transport::FetchFailure> chunks(std::uint64_t first,
                                                                                         std::uint64_t count) const;

 private:
  InputFile(std::shared_ptr<const UniqueFd> file, sealed::AgeOpening opening, sealed::AgeLayout layout)
      : file_(std::move(file)), opening_(std::move(opening)), layout_(layout) {}

  std::shared_ptr<const UniqueFd> file_;
  sealed::AgeOpening opening_;
  sealed::AgeLayout layout_;
};

// Whether the file begins as an age file does.
Result<bool> is_age_file(const std::filesystem::path& path);

}  // namespace brume::master
