#include "mapreduce/keys.h"

#include "base/writer.h"
#include "crypto/hash.h"

namespace brume::mapreduce {
namespace {

constexpr std::string_view kTaskLabel = "brume/1 task key";
constexpr std::string_view kPartitionHashLabel = "brume/1 partition hash key";
constexpr std::string_view kStreamLabel = "brume/1 stream key";
constexpr std::string_view kScratchLabel = "brume/1 scratch key";

crypto::Key32 derive(const crypto::Key32& task_key, const Salt& salt, std::string_view label, std::uint32_t number) {
  const Bytes info = Writer().raw(as_bytes(label)).u32le(number).take();
  return crypto::hkdf<32>(task_key.reveal(), salt.view(), info);
}

}  // namespace

const char* stage_name(Stage stage) {
  switch (stage) {
    case Stage::kMap:
      return "map";
    case Stage::kStitch:
      return "stitch";
    case Stage::kReduce:
      return "reduce";
  }
  return "unknown";
}

std::string to_string(const TaskId& task) {
  return std::string(stage_name(task.stage)) + " " + std::to_string(task.index);
}

RunKeys::RunKeys(const crypto::Key32& run_key, const Sha256Digest& descriptor_hash)
    : run_key_(run_key), descriptor_hash_(descriptor_hash) {}

crypto::Key32 RunKeys::task_key(const TaskId& task) const {
  const Bytes info =
      Writer().raw(as_bytes(kTaskLabel)).u8(static_cast<std::uint8_t>(task.stage)).u32le(task.index).take();
  return crypto::hkdf<32>(run_key_.reveal(), descriptor_hash_.view(), info);
}

crypto::Key32 RunKeys::partition_hash_key() const {
  return crypto::hkdf<32>(run_key_.reveal(), descriptor_hash_.view(), as_bytes(kPartitionHashLabel));
}

crypto::Key32 derive_stream_key(const crypto::Key32& task_key, const Salt& salt, std::uint32_t partition) {
  return derive(task_key, salt, kStreamLabel, partition);
}

crypto::Key32 derive_scratch_key(const crypto::Key32& task_key, const Salt& salt, std::uint32_t run) {
  return derive(task_key, salt, kScratchLabel, run);
}

}  // namespace brume::mapreduce
