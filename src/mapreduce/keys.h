// From one run key to every stream's key, so that no key and nonce ever meet twice and a node can
// be given its own tasks' keys and nothing else. Derivations: docs/formats/keys.md.
//
//   run key --(descriptor hash, stage, index)--> task key --(attempt's salt, partition)--> stream key
//
// The run key stays in the master's core. A task's enclave gets the task key, draws the salt, and
// derives the keys of its own streams; a reader gets the stream keys of its own partition.
#pragma once

#include "base/ids.h"
#include "crypto/secret.h"

namespace brume::mapreduce {

enum class Stage : std::uint8_t { kMap = 1, kStitch = 2, kReduce = 3 };
const char* stage_name(Stage stage);

// A task of a run. index: split (map), 0 (stitch; its streams stand as split N), partition (reduce).
struct TaskId {
  Stage stage = Stage::kMap;
  std::uint32_t index = 0;
  friend auto operator<=>(const TaskId&, const TaskId&) = default;
};
// "map 3", for people.
std::string to_string(const TaskId& task);

class RunKeys {
 public:
  RunKeys(const crypto::Key32& run_key, const Sha256Digest& descriptor_hash);

  crypto::Key32 task_key(const TaskId& task) const;
  // The same for all tasks of the run: keys the hash that chooses partitions.
  crypto::Key32 partition_hash_key() const;

 private:
  crypto::Key32 run_key_;
  Sha256Digest descriptor_hash_;
};

crypto::Key32 derive_stream_key(const crypto::Key32& task_key, const Salt& salt, std::uint32_t partition);
// Of what a task keeps at its own host, run by run: nobody else ever has it.
crypto::Key32 derive_scratch_key(const crypto::Key32& task_key, const Salt& salt, std::uint32_t run);

}  // namespace brume::mapreduce
