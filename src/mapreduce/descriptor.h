// What a run is, in one record that every admitted enclave holds and whose hash enters every key
// and every block: a block of another run, of another split plan or of other parameters opens nowhere.
//
// Format: docs/formats/descriptor.md. Made by the master's core only; enclaves take it from the
// master's channel only.
#pragma once

#include <brume/input.h>

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
inline constexpr std::uint32_t kInputLimit = 4096;  // all of them stand in a descriptor of at most 1 MiB
inline constexpr std::uint32_t kSideLimit = 16;
inline constexpr std::size_t kInputNameSizeLimit = 255;  // a file name
inline constexpr std::uint32_t kStageLimit = 64;
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

// The rules of a run's parameters, of one and of all together, for whoever takes them from people: an enclave that is
// sent others ends.
Status check_parameter(const Parameter& parameter);
Status check_parameters_size(const std::vector<Parameter>& parameters);

// What the master authenticated about a sealed file before it planned anything.
struct InputCommitment {
  Sha256Digest header_hash;             // of the age header's bytes
  Sha256Digest payload_key_commitment;  // sealed/age.h
  std::uint64_t chunk_count = 0;        // at least 1
  std::uint32_t final_chunk_size = 0;   // plaintext; 0 only if the whole input is empty
  friend bool operator==(const InputCommitment&, const InputCommitment&) = default;
};

// How an input's plaintext is encoded. What is encoded cannot be cut.
enum class InputEncoding : std::uint8_t { kNone = 0, kGzip = 1, kZstd = 2 };

struct RunInput {
  InputCommitment commitment;
  std::string name;  // for the job and for people; any bytes
  InputEncoding encoding = InputEncoding::kNone;
  friend bool operator==(const RunInput&, const RunInput&) = default;
};

// Data that every task gets whole.
struct RunSide {
  InputCommitment commitment;
  std::string name;  // [a-z0-9._-]+
  friend bool operator==(const RunSide&, const RunSide&) = default;
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
  std::uint32_t stage = 0;            // of the job's stages
  // Chunks are numbered through all inputs, then through all sides.
  std::vector<RunInput> inputs;  // at least 1
  std::vector<RunSide> sides;    // ascending names, none twice
  // N of them, each at least 1. They cover the inputs exactly and none reaches over an input's end; or, of a sample,
  // each is one chunk, and they stand evenly over all inputs.
  std::vector<std::uint32_t> split_chunk_counts;
  bool is_sample = false;             // what borders of splits cut is left out
  std::uint32_t partition_count = 1;  // R
  std::string output_recipient;       // age recipient; empty: plain at the owner's
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
  // Which input a split is a part of.
  std::uint32_t input_of(std::uint32_t split) const;
  // The chunks of an input, and of a side.
  ChunkRange input_range(std::uint32_t input) const;
  ChunkRange side_range(std::uint32_t side) const;
  std::uint64_t chunk_count() const { return first_of_file_.back(); }
  // Where a chunk stands in its own file, and whether it is that file's last. chunk < chunk_count().
  struct ChunkPlace {
    std::uint64_t index = 0;
    std::uint32_t size = 0;  // of its plaintext
    bool is_last = false;
  };
  ChunkPlace place_of(std::uint64_t chunk) const;
  // Where a split begins and ends, in bytes of its input's plaintext.
  std::uint64_t begin_of(std::uint32_t split) const;
  std::uint64_t end_of(std::uint32_t split) const;
  // Of all inputs.
  std::uint64_t input_size() const;
  // A split that is not its whole input has cut records at its ends, unless it is a sample.
  bool is_cut(std::uint32_t split) const;
  // Splits that are cut, ascending. None: no fragments exist, and no stitch task.
  const std::vector<std::uint32_t>& cut_splits() const { return cut_splits_; }
  bool has_stitch() const { return !cut_splits_.empty(); }
  // Streams of one map attempt: R, and the fragments as stream R.
  std::uint32_t map_stream_count(std::uint32_t split) const { return partition_count() + (is_cut(split) ? 1 : 0); }
  // Splits as readers see them: N, and the stitch as split N.
  std::uint32_t source_count() const { return split_count() + (has_stitch() ? 1 : 0); }

 private:
  Descriptor() = default;
  void lay_out(const DescriptorFields& fields);
  std::uint32_t file_of(std::uint64_t chunk) const;
  const InputCommitment& commitment_of(std::uint32_t file) const;

  DescriptorFields fields_;
  std::vector<std::uint64_t> first_chunks_;   // of splits
  std::vector<std::uint64_t> first_of_file_;  // of inputs and sides, and the end
  std::vector<std::uint32_t> cut_splits_;
  Bytes encoded_;
  Sha256Digest hash_;
};

// Where a split begins in its input, as the job will see it, without text. Its name is the descriptor's.
Piece begin_of(const Descriptor& descriptor, std::uint32_t split);
// What people call a map task: "map 3 (a.txt, from byte 0)".
std::string map_name(std::uint64_t split, const Piece& begin);

// Cuts `chunk_count` chunks into ranges of about `chunks_per_split`, equal to within one chunk, and
// never more than kSplitLimit of them.
std::vector<std::uint32_t> plan_splits(std::uint64_t chunk_count, std::uint64_t chunks_per_split);

// Where every mapper gets more than one range: the last ones fall to `least`, each no more than a mapper's share of
// what is left, so that mappers end together (guided self-scheduling: Polychronopoulos and Kuck, IEEE Transactions on
// Computers C-36(12), 1987).
std::vector<std::uint32_t> plan_falling_splits(std::uint64_t chunk_count, std::uint64_t chunks_per_split,
                                               std::uint64_t least, std::uint32_t mappers);

}  // namespace brume::mapreduce
