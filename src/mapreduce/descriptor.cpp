#include "mapreduce/descriptor.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"

namespace brume::mapreduce {
namespace {

constexpr std::string_view kMagic = "brumejd2";

template <typename Allowed>
bool made_of(std::string_view text, std::size_t limit, Allowed allowed) {
  return !text.empty() && text.size() <= limit && std::ranges::all_of(text, allowed);
}

bool is_low_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_name_char(char c) { return is_low_alnum(c) || c == '.' || c == '_' || c == '-'; }

Status check_parameters(const std::vector<Parameter>& parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    BRUME_TRY(check_parameter(parameters[i]));
    if (i > 0 && parameters[i - 1].key >= parameters[i].key)
      return malformed("parameter keys do not ascend, or one is there twice");
  }
  return check_parameters_size(parameters);
}

Status check_commitment(const InputCommitment& input) {
  if (input.chunk_count == 0) return malformed("descriptor: chunk count is 0");
  if (input.chunk_count > kChunkCountLimit) return fail(ErrorCode::kLimit, "descriptor: chunk count over 2^36");
  if (input.final_chunk_size > kChunkSize) return malformed("descriptor: final chunk over 64 KiB");
  if (input.final_chunk_size == 0 && input.chunk_count != 1) {
    return malformed("descriptor: final chunk is empty though it is not the only one");
  }
  return {};
}

Status check_files(const DescriptorFields& fields) {
  if (fields.inputs.empty()) return malformed("descriptor: no input");
  if (fields.inputs.size() > kInputLimit) return fail(ErrorCode::kLimit, "descriptor: over 4096 inputs");
  if (fields.sides.size() > kSideLimit) return fail(ErrorCode::kLimit, "descriptor: over 16 sides");
  std::uint64_t total = 0;
  for (const RunInput& input : fields.inputs) {
    BRUME_TRY(check_commitment(input.commitment));
    if (input.name.size() > kInputNameSizeLimit) return malformed("descriptor: an input's name is over 255 bytes");
    if (input.encoding > InputEncoding::kZstd) return fail(ErrorCode::kUnsupported, "descriptor: encoding of an input");
    total += input.commitment.chunk_count;
  }
  for (std::size_t i = 0; i < fields.sides.size(); ++i) {
    const RunSide& side = fields.sides[i];
    BRUME_TRY(check_commitment(side.commitment));
    if (!made_of(side.name, kParameterKeySizeLimit, is_name_char)) {
      return malformed("descriptor: a side's name is not [a-z0-9._-]{1,64}");
    }
    if (i > 0 && fields.sides[i - 1].name >= side.name) {
      return malformed("descriptor: names of sides do not ascend, or one is there twice");
    }
    total += side.commitment.chunk_count;
  }
  if (total > kChunkCountLimit) return fail(ErrorCode::kLimit, "descriptor: chunk count over 2^36");
  return {};
}

std::uint64_t chunks_of_inputs(const DescriptorFields& fields) {
  std::uint64_t total = 0;
  for (const RunInput& input : fields.inputs) total += input.commitment.chunk_count;
  return total;
}

// Each is within its input, and what is encoded is whole.
Status check_cover(const DescriptorFields& fields) {
  auto input = fields.inputs.begin();
  std::uint64_t left = input->commitment.chunk_count;
  for (const std::uint32_t count : fields.split_chunk_counts) {
    if (count == 0) return malformed("descriptor: a split without chunks");
    if (left == 0) {
      if (++input == fields.inputs.end()) return malformed("descriptor: splits do not cover the inputs exactly");
      left = input->commitment.chunk_count;
    }
    if (count > left) return malformed("descriptor: a split reaches over the end of its input");
    if (input->encoding != InputEncoding::kNone && count != input->commitment.chunk_count)
      return malformed("descriptor: an encoded input is cut");
    left -= count;
  }
  if (left != 0 || ++input != fields.inputs.end())
    return malformed("descriptor: splits do not cover the inputs exactly");
  return {};
}

Status check_sample(const DescriptorFields& fields) {
  if (!std::ranges::all_of(fields.split_chunk_counts, [](std::uint32_t count) { return count == 1; }))
    return malformed("descriptor: a sample's splits are one chunk each");
  if (fields.split_chunk_counts.size() > chunks_of_inputs(fields))
    return malformed("descriptor: a sample of more chunks than there are");
  for (const RunInput& input : fields.inputs) {
    if (input.encoding != InputEncoding::kNone) return malformed("descriptor: a sample of an encoded input");
  }
  return {};
}

Status check_splits(const DescriptorFields& fields) {
  const std::uint64_t split_count = fields.split_chunk_counts.size();
  if (split_count == 0) return malformed("descriptor: no split");
  if (split_count > kSplitLimit) return fail(ErrorCode::kLimit, "descriptor: over 65536 splits");
  if (fields.partition_count == 0) return malformed("descriptor: no partition");
  if (fields.partition_count > kPartitionLimit) return fail(ErrorCode::kLimit, "descriptor: over 4096 partitions");
  if (split_count * fields.partition_count > kStreamLimit) {
    return fail(ErrorCode::kLimit, "descriptor: splits times partitions over 4194304");
  }
  return fields.is_sample ? check_sample(fields) : check_cover(fields);
}

Status check_fields(const DescriptorFields& fields) {
  if (!made_of(fields.job_name, kJobNameSizeLimit, [](char c) { return is_low_alnum(c) || c == '-'; })) {
    return malformed("descriptor: job name is not [a-z0-9-]{1,64}");
  }
  if (auto status = check_parameters(fields.parameters); !status) return within("descriptor", status.error());
  if (fields.stage >= kStageLimit) return fail(ErrorCode::kLimit, "descriptor: over 64 stages");
  BRUME_TRY(check_files(fields));
  BRUME_TRY(check_splits(fields));
  if (!fields.output_recipient.empty() && !made_of(fields.output_recipient, kRecipientSizeLimit, is_low_alnum)) {
    return malformed("descriptor: output recipient is not [a-z0-9]{0,128}");
  }
  if (fields.padding_least > kPaddingLeastLimit)
    return fail(ErrorCode::kLimit, "descriptor: least padded size over 1 MiB");
  return {};
}

void write(Writer& out, const InputCommitment& input) {
  out.raw(input.header_hash.view()).raw(input.payload_key_commitment.view());
  out.u64le(input.chunk_count).u32le(input.final_chunk_size);
}

InputCommitment read_commitment(Reader& in) {
  InputCommitment input;
  input.header_hash.bytes = in.array<32>();
  input.payload_key_commitment.bytes = in.array<32>();
  input.chunk_count = in.u64le();
  input.final_chunk_size = in.u32le();
  return input;
}

constexpr std::size_t kCommitmentSize = 32 + 32 + 8 + 4;

Bytes encode(const DescriptorFields& fields) {
  Writer out;
  out.raw(as_bytes(kMagic)).raw(fields.run.view()).text(fields.job_name).raw(fields.measurement.view());
  out.u32le(static_cast<std::uint32_t>(fields.parameters.size()));
  for (const Parameter& parameter : fields.parameters) out.text(parameter.key).text(parameter.value);
  out.u32le(fields.stage).u32le(static_cast<std::uint32_t>(fields.inputs.size()));
  for (const RunInput& input : fields.inputs) {
    write(out, input.commitment);
    out.text(input.name).u8(static_cast<std::uint8_t>(input.encoding));
  }
  out.u32le(static_cast<std::uint32_t>(fields.sides.size()));
  for (const RunSide& side : fields.sides) {
    write(out, side.commitment);
    out.text(side.name);
  }
  out.u8(fields.is_sample ? 1 : 0).u32le(static_cast<std::uint32_t>(fields.split_chunk_counts.size()));
  for (std::uint32_t count : fields.split_chunk_counts) out.u32le(count);
  out.u32le(fields.partition_count).text(fields.output_recipient).raw(fields.policy_hash.view());
  out.u64le(fields.epoch).u32le(fields.padding_least);
  return out.take();
}

}  // namespace

Status check_parameter(const Parameter& parameter) {
  if (!made_of(parameter.key, kParameterKeySizeLimit, is_name_char))
    return malformed("a parameter's key is not [a-z0-9._-]{1,64}");
  if (parameter.value.size() > kParametersSizeLimit)
    return fail(ErrorCode::kLimit, "a parameter's value is over " + std::to_string(kParametersSizeLimit) + " bytes");
  return {};
}

Status check_parameters_size(const std::vector<Parameter>& parameters) {
  if (parameters.size() > kParameterCountLimit)
    return fail(ErrorCode::kLimit, "over " + std::to_string(kParameterCountLimit) + " parameters");
  std::size_t size = 0;
  for (const Parameter& parameter : parameters) size += 8 + parameter.key.size() + parameter.value.size();
  if (size > kParametersSizeLimit)
    return fail(ErrorCode::kLimit,
                "parameters over " + std::to_string(kParametersSizeLimit) + " bytes in all, with 8 for each one");
  return {};
}

Result<Descriptor> Descriptor::create(DescriptorFields fields) {
  BRUME_TRY(check_fields(fields));
  Descriptor out;
  out.encoded_ = encode(fields);
  out.hash_ = crypto::sha256(out.encoded_);
  out.lay_out(fields);
  if (out.encoded_.size() > kDescriptorSizeLimit) return fail(ErrorCode::kLimit, "descriptor: over 1 MiB");
  out.fields_ = std::move(fields);
  for (std::uint32_t split = 0; split < out.split_count(); ++split) {
    if (out.is_cut(split)) out.cut_splits_.push_back(split);
  }
  return out;
}

void Descriptor::lay_out(const DescriptorFields& fields) {
  std::uint64_t end = 0;
  const auto add_file = [&](const InputCommitment& file) {
    first_of_file_.push_back(end);
    end += file.chunk_count;
  };
  for (const RunInput& input : fields.inputs) add_file(input.commitment);
  const std::uint64_t inputs_end = end;
  for (const RunSide& side : fields.sides) add_file(side.commitment);
  first_of_file_.push_back(end);
  const std::size_t split_count = fields.split_chunk_counts.size();
  first_chunks_.reserve(split_count);
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < split_count; ++i) {
    if (fields.is_sample) first = i * inputs_end / split_count;
    first_chunks_.push_back(first);
    first += fields.split_chunk_counts[i];
  }
}

Result<Descriptor> Descriptor::parse(ByteView bytes) {
  if (bytes.size() > kDescriptorSizeLimit) return fail(ErrorCode::kLimit, "descriptor: over 1 MiB");
  Reader in(bytes);
  if (as_chars(in.take(kMagic.size())) != kMagic) {
    return fail(ErrorCode::kUnsupported, "descriptor: does not begin with \"brumejd2\"");
  }
  DescriptorFields fields;
  fields.run.bytes = in.array<RunId::kSize>();
  fields.job_name = in.text(kJobNameSizeLimit);
  fields.measurement.bytes = in.array<32>();
  for (std::uint32_t i = in.count(kParameterCountLimit, 8); i > 0 && in.ok(); --i) {
    Parameter parameter;
    parameter.key = in.text(kParameterKeySizeLimit);
    parameter.value = in.text(kParametersSizeLimit);
    fields.parameters.push_back(std::move(parameter));
  }
  fields.stage = in.u32le();
  fields.inputs.resize(in.count(kInputLimit, kCommitmentSize + 5));
  for (RunInput& input : fields.inputs) {
    input.commitment = read_commitment(in);
    input.name = in.text(kInputNameSizeLimit);
    input.encoding = static_cast<InputEncoding>(in.u8());
  }
  fields.sides.resize(in.count(kSideLimit, kCommitmentSize + 4));
  for (RunSide& side : fields.sides) {
    side.commitment = read_commitment(in);
    side.name = in.text(kParameterKeySizeLimit);
  }
  const std::uint8_t is_sample = in.u8();
  if (is_sample > 1) in.fault();
  fields.is_sample = is_sample == 1;
  fields.split_chunk_counts.resize(in.count(kSplitLimit, 4));
  for (std::uint32_t& count : fields.split_chunk_counts) count = in.u32le();
  fields.partition_count = in.u32le();
  fields.output_recipient = in.text(kRecipientSizeLimit);
  fields.policy_hash.bytes = in.array<32>();
  fields.epoch = in.u64le();
  fields.padding_least = in.u32le();
  BRUME_TRY(in.done("descriptor"));
  return create(std::move(fields));
}

ChunkRange Descriptor::range(std::uint32_t split) const {
  BRUME_CHECK(split < split_count());
  return {first_chunks_[split], fields_.split_chunk_counts[split]};
}

std::uint32_t Descriptor::file_of(std::uint64_t chunk) const {
  BRUME_CHECK(chunk < chunk_count());
  const auto after = std::ranges::upper_bound(first_of_file_, chunk);
  return static_cast<std::uint32_t>(after - first_of_file_.begin() - 1);
}

const InputCommitment& Descriptor::commitment_of(std::uint32_t file) const {
  const std::size_t inputs = fields_.inputs.size();
  return file < inputs ? fields_.inputs[file].commitment : fields_.sides[file - inputs].commitment;
}

std::uint32_t Descriptor::input_of(std::uint32_t split) const { return file_of(range(split).first); }

ChunkRange Descriptor::input_range(std::uint32_t input) const {
  BRUME_CHECK(input < fields_.inputs.size());
  return {first_of_file_[input], fields_.inputs[input].commitment.chunk_count};
}

ChunkRange Descriptor::side_range(std::uint32_t side) const {
  BRUME_CHECK(side < fields_.sides.size());
  return {first_of_file_[fields_.inputs.size() + side], fields_.sides[side].commitment.chunk_count};
}

Descriptor::ChunkPlace Descriptor::place_of(std::uint64_t chunk) const {
  const std::uint32_t file = file_of(chunk);
  const InputCommitment& commitment = commitment_of(file);
  const std::uint64_t index = chunk - first_of_file_[file];
  const bool is_last = index + 1 == commitment.chunk_count;
  return {index, is_last ? commitment.final_chunk_size : kChunkSize, is_last};
}

std::uint64_t Descriptor::begin_of(std::uint32_t split) const {
  return (range(split).first - first_of_file_[input_of(split)]) * kChunkSize;
}

std::uint64_t Descriptor::end_of(std::uint32_t split) const {
  const std::uint64_t count = fields_.split_chunk_counts[split];
  const ChunkPlace last = place_of(range(split).first + count - 1);
  return begin_of(split) + (count - 1) * kChunkSize + last.size;
}

std::uint64_t Descriptor::input_size() const {
  std::uint64_t size = 0;
  for (const RunInput& input : fields_.inputs) {
    size += (input.commitment.chunk_count - 1) * kChunkSize + input.commitment.final_chunk_size;
  }
  return size;
}

bool Descriptor::is_cut(std::uint32_t split) const {
  return !fields_.is_sample && range(split).count != input_range(input_of(split)).count;
}

Piece begin_of(const Descriptor& descriptor, std::uint32_t split) {
  const std::uint32_t input = descriptor.input_of(split);
  return {{}, descriptor.begin_of(split), input, descriptor.fields().inputs[input].name};
}

std::string map_name(std::uint64_t split, const Piece& begin) {
  return "map " + std::to_string(split) + " (" + std::string(begin.source) + ", from byte " +
         std::to_string(begin.offset) + ")";
}

std::vector<std::uint32_t> plan_splits(std::uint64_t chunk_count, std::uint64_t chunks_per_split) {
  BRUME_CHECK(chunk_count > 0 && chunk_count <= kChunkCountLimit);
  chunks_per_split = std::clamp<std::uint64_t>(chunks_per_split, 1, std::numeric_limits<std::uint32_t>::max());
  const std::uint64_t wanted = (chunk_count + chunks_per_split - 1) / chunks_per_split;
  const std::uint64_t count = std::min<std::uint64_t>(wanted, kSplitLimit);
  std::vector<std::uint32_t> counts(count, static_cast<std::uint32_t>(chunk_count / count));
  for (std::uint64_t i = 0; i < chunk_count % count; ++i) ++counts[i];
  return counts;
}

std::vector<std::uint32_t> plan_falling_splits(std::uint64_t chunk_count, std::uint64_t chunks_per_split,
                                               std::uint64_t least, std::uint32_t mappers) {
  least = std::max<std::uint64_t>(1, least);
  mappers = std::max(1u, mappers);
  chunks_per_split = std::min<std::uint64_t>(chunks_per_split, std::numeric_limits<std::uint32_t>::max());
  const bool one_each = chunk_count / mappers <= chunks_per_split;
  if (one_each || chunks_per_split <= least || chunk_count / least > kSplitLimit)
    return plan_splits(chunk_count, chunks_per_split);
  std::vector<std::uint32_t> counts;
  for (std::uint64_t left = chunk_count; left > 0; left -= counts.back()) {
    const std::uint64_t next = std::clamp(left / mappers, least, chunks_per_split);
    counts.push_back(static_cast<std::uint32_t>(left < next + least ? left : next));
  }
  return counts;
}

}  // namespace brume::mapreduce
