// What a run is, in one record that every admitted enclave holds and whose hash enters every key
// and every block: a block of another run, of another split plan or of other parameters opens nowhere.
//
// Format: docs/formats/descriptor.md. Made by the master's core only; enclaves take it from the
// master's channel only.
#pragma once

#include <vector>

#include "base/ids.h"

namespace brume::mapreduce {

// Limits, and what they bound.
inline constexpr std::uint32_t kSplitLimit = 65536;             // N: a reduce task names N + 1 streams
inline constexpr std::uint32_t kPartitionLimit = 4096;          // R: a map attempt reports R + 1 streams
inline constexpr std::uint64_t kStreamLimit = 4u << 20;         // N * R: the master keeps 48 bytes for each
inline constexpr std::uint64_t kChunkCountLimit = 1ull << 36;   // 4 PiB of input
inline constexpr std::size_t kParametersSizeLimit = 64u << 10;  // all of them, encoded
inline constexpr std::uint32_t kParameterCountLimit = 256;
inline constexpr std::size_t kParameterKeySizeLimit = 64;
inline constexpr std::size_t kJobNameSizeLimit = 64;
inline constexpr std::size_t kRecipientSizeLimit = 128;
inline constexpr std::uint32_t kPaddingLeastLimit = 1u << 20;
inline constexpr std::size_t kDescriptorSizeLimit = 1u << 20;
// Plaintext of one chunk of an age file (age-encryption.org/v1, "Payload").
inline constexpr std::uint32_t kChunkSize = 65536;

// A job's parameter; keys are [a-z0-9._-]+, values any bytes.
struct Parameter {
  std::string key;
  std::string value;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};

// What the master authenticated about the sealed input before it planned anything.
struct InputCommitment {
  Sha256Digest header_hash;             // of the age header's bytes
  Sha256Digest payload_key_commitment;  // sealed/age.h
  std::uint64_t chunk_count = 0;        // at least 1
  std::uint32_t final_chunk_size = 0;   // plaintext; 0 only if the whole input is empty
  friend bool operator==(const InputCommitment&, const InputCommitment&) = default;
};

struct ChunkRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

struct DescriptorFields {
  RunId run;
  std::string job_name;  // [a-z0-9-]+
  Measurement measurement;
  std::vector<Parameter> parameters;  // ascending keys, none twice
  InputCommitment input;
  std::vector<std::uint32_t> split_chunk_counts;  // N of them, each at least 1, together chunk_count
  std::uint32_t partition_count = 1;              // R
  std::string output_recipient;                   // age recipient; empty: plain at the owner's
  Sha256Digest policy_hash;
  std::uint64_t epoch = 0;
  std::uint32_t padding_least = 0;  // each stream is padded by PADMÉ to at least so many bytes; 0: off
  friend bool operator==(const DescriptorFields&, const DescriptorFields&) = default;
};

// Exists only if every rule above holds.
class Descriptor {
 public:
  static Result<Descriptor> create(DescriptorFields fields);
  // Refuses unknown versions, trailing bytes and every value that create() refuses.
  static Result<Descriptor> parse(ByteView bytes);

  const DescriptorFields& fields() const { return fields_; }
  const RunId& run() const { return fields_.run; }
  const Bytes& encoded() const { return encoded_; }
  // SHA-256 of encoded().
  const Sha256Digest& hash() const { return hash_; }

  std::uint32_t split_count() const { return static_cast<std::uint32_t>(fields_.split_chunk_counts.size()); }
  std::uint32_t partition_count() const { return fields_.partition_count; }
  ChunkRange range(std::uint32_t split) const;
  // Where a split ends, in bytes of the plaintext.
  std::uint64_t end_of(std::uint32_t split) const;
  // Plaintext size of a chunk of the input.
  std::uint32_t chunk_size(std::uint64_t chunk) const;
  std::uint64_t input_size() const;
  // With one split nothing is cut, so no fragments exist and no stitch task.
  bool has_stitch() const { return split_count() > 1; }
  // Streams of one map attempt: R, and the fragments as stream R.
  std::uint32_t map_stream_count() const { return partition_count() + (has_stitch() ? 1 : 0); }
  // Splits as readers see them: N, and the stitch as split N.
  std::uint32_t source_count() const { return split_count() + (has_stitch() ? 1 : 0); }

 private:
  Descriptor() = default;
  DescriptorFields fields_;
  std::vector<std::uint64_t> first_chunks_;
  Bytes encoded_;
  Sha256Digest hash_;
};

// Cuts `chunk_count` chunks into ranges of about `chunks_per_split`, equal to within one chunk, and
// never more than kSplitLimit of them.
std::vector<std::uint32_t> plan_splits(std::uint64_t chunk_count, std::uint64_t chunks_per_split);

}  // namespace brume::mapreduce
