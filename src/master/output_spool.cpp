#include "master/output_spool.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

namespace brume::master {

Result<std::unique_ptr<OutputSpool>> OutputSpool::create(const std::filesystem::path& folder,
                                                         std::uint32_t partition_count) {
  std::vector<Partition> partitions(partition_count);
  for (Partition& partition : partitions) {
    partition.file.reset(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!partition.file) return fail(ErrorCode::kIo, folder.string() + ": " + std::strerror(errno));
  }
  return std::unique_ptr<OutputSpool>(new OutputSpool(folder, std::move(partitions)));
}

Status OutputSpool::put(std::uint32_t index, ByteView block) {
  Partition& partition = partitions_[index];
  std::uint64_t at = partition.ends.empty() ? 0 : partition.ends.back();
  for (std::size_t done = 0; done < block.size();) {
    ssize_t n = pwrite(partition.file.get(), block.data() + done, block.size() - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return fail(ErrorCode::kIo,
                  folder_.string() + ": the sealed result is kept there: " + std::strerror(n < 0 ? errno : EIO));
    done += static_cast<std::size_t>(n);
  }
  partition.ends.push_back(at + block.size());
  return {};
}

void OutputSpool::discard(std::uint32_t index) { partitions_[index].ends.clear(); }

Result<ByteView> OutputSpool::get(std::uint32_t index, std::uint64_t block) {
  Partition& partition = partitions_[index];
  if (block >= partition.ends.size()) return ByteView();
  std::uint64_t begin = block == 0 ? 0 : partition.ends[block - 1];
  partition.buffer.resize(partition.ends[block] - begin);
  for (std::size_t done = 0; done < partition.buffer.size();) {
    ssize_t n = pread(partition.file.get(), partition.buffer.data() + done, partition.buffer.size() - done,
                      static_cast<off_t>(begin + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0)
      return fail(ErrorCode::kIo, folder_.string() + ": the sealed result that was kept there cannot be read back: " +
                                      std::strerror(n < 0 ? errno : EIO));
    done += static_cast<std::size_t>(n);
  }
  return ByteView(partition.buffer);
}

}  // namespace brume::master
