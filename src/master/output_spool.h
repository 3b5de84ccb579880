// Sealed outputs of a run's partitions on disk, between collecting and merging: results may be larger than
// memory. Nothing in it needs trust; what comes back is opened and checked again.
#pragma once

#include <filesystem>

#include "base/unique_fd.h"
#include "mapreduce/output_store.h"

namespace brume::master {

class OutputSpool final : public mapreduce::OutputStore {
 public:
  // Files in `folder`, already unlinked: nothing stays behind, whatever happens.
  static Result<std::unique_ptr<OutputSpool>> create(const std::filesystem::path& folder,
                                                     std::uint32_t partition_count);

  Status put(std::uint32_t partition, ByteView block) override;
  void discard(std::uint32_t partition) override;
  Result<ByteView> get(std::uint32_t partition, std::uint64_t index) override;

 private:
  struct Partition {
    UniqueFd file;
    std::vector<std::uint64_t> ends;  // of each block in the file
    Bytes buffer;
  };
  OutputSpool(std::filesystem::path folder, std::vector<Partition> partitions)
      : folder_(std::move(folder)), partitions_(std::move(partitions)) {}
  std::filesystem::path folder_;
  std::vector<Partition> partitions_;
};

}  // namespace brume::master
