#include "mapreduce/descriptor.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/reader.h"
#include "base/writer.h"
#include "crypto/hash.h"

namespace brume::mapreduce {
namespace {

constexpr std::string_view kMagic = "brumejd1";

template <typename Allowed>
bool made_of(std::string_view text, std::size_t limit, Allowed allowed) {
  return !text.empty() && text.size() <= limit && std::ranges::all_of(text, allowed);
}

bool is_low_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

Status check_parameters(const std::vector<Parameter>& parameters) {
  if (parameters.size() > kParameterCountLimit) return fail(ErrorCode::kLimit, "descriptor: too many parameters");
  std::size_t size = 0;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Parameter& parameter = parameters[i];
    if (!made_of(parameter.key, kParameterKeySizeLimit,
                 [](char c) { return is_low_alnum(c) || c == '.' || c == '_' || c == '-'; })) {
      return malformed("descriptor: parameter key is not [a-z0-9._-]{1,64}");
    }
    if (i > 0 && parameters[i - 1].key >= parameter.key) {
      return malformed("descriptor: parameter keys do not ascend, or one is there twice");
    }
    size += 8 + parameter.key.size();
    if (parameter.value.size() > kParametersSizeLimit) return fail(ErrorCode::kLimit, "descriptor: parameter too long");
    size += parameter.value.size();
  }
  if (size > kParametersSizeLimit) return fail(ErrorCode::kLimit, "descriptor: parameters over 64 KiB");
  return {};
}

Status check_input(const InputCommitment& input) {
  if (input.chunk_count == 0) return malformed("descriptor: chunk count is 0");
  if (input.chunk_count > kChunkCountLimit) return fail(ErrorCode::kLimit, "descriptor: chunk count over 2^36");
  if (input.final_chunk_size > kChunkSize) return malformed("descriptor: final chunk over 64 KiB");
  if (input.final_chunk_size == 0 && input.chunk_count != 1) {
    return malformed("descriptor: final chunk is empty though it is not the only one");
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
  std::uint64_t total = 0;
  for (std::uint32_t count : fields.split_chunk_counts) {
    if (count == 0) return malformed("descriptor: a split without chunks");
    total += count;
  }
  if (total != fields.input.chunk_count) return malformed("descriptor: splits do not cover the input exactly");
  return {};
}

Status check_fields(const DescriptorFields& fields) {
  if (!made_of(fields.job_name, kJobNameSizeLimit, [](char c) { return is_low_alnum(c) || c == '-'; })) {
    return malformed("descriptor: job name is not [a-z0-9-]{1,64}");
  }
  BRUME_TRY(check_parameters(fields.parameters));
  BRUME_TRY(check_input(fields.input));
  BRUME_TRY(check_splits(fields));
  if (!fields.output_recipient.empty() && !made_of(fields.output_recipient, kRecipientSizeLimit, is_low_alnum)) {
    return malformed("descriptor: output recipient is not [a-z0-9]{0,128}");
  }
  if (fields.padding_least > kPaddingLeastLimit)
    return fail(ErrorCode::kLimit, "descriptor: least padded size over 1 MiB");
  return {};
}

Bytes encode(const DescriptorFields& fields) {
  Writer out;
  out.raw(as_bytes(kMagic)).raw(fields.run.view()).text(fields.job_name).raw(fields.measurement.view());
  out.u32le(static_cast<std::uint32_t>(fields.parameters.size()));
  for (const Parameter& parameter : fields.parameters) out.text(parameter.key).text(parameter.value);
  out.raw(fields.input.header_hash.view()).raw(fields.input.payload_key_commitment.view());
  out.u64le(fields.input.chunk_count).u32le(fields.input.final_chunk_size);
  out.u32le(static_cast<std::uint32_t>(fields.split_chunk_counts.size()));
  for (std::uint32_t count : fields.split_chunk_counts) out.u32le(count);
  out.u32le(fields.partition_count).text(fields.output_recipient).raw(fields.policy_hash.view());
  out.u64le(fields.epoch).u32le(fields.padding_least);
  return out.take();
}

}  // namespace

Result<Descriptor> Descriptor::create(DescriptorFields fields) {
  BRUME_TRY(check_fields(fields));
  Descriptor out;
  out.encoded_ = encode(fields);
  out.hash_ = crypto::sha256(out.encoded_);
  out.first_chunks_.reserve(fields.split_chunk_counts.size());
  std::uint64_t first = 0;
  for (std::uint32_t count : fields.split_chunk_counts) {
    out.first_chunks_.push_back(first);
    first += count;
  }
  out.fields_ = std::move(fields);
  return out;
}

Result<Descriptor> Descriptor::parse(ByteView bytes) {
  if (bytes.size() > kDescriptorSizeLimit) return fail(ErrorCode::kLimit, "descriptor: over 1 MiB");
  Reader in(bytes);
  if (as_chars(in.take(kMagic.size())) != kMagic) {
    return fail(ErrorCode::kUnsupported, "descriptor: does not begin with \"brumejd1\"");
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
  fields.input.header_hash.bytes = in.array<32>();
  fields.input.payload_key_commitment.bytes = in.array<32>();
  fields.input.chunk_count = in.u64le();
  fields.input.final_chunk_size = in.u32le();
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

std::uint64_t Descriptor::end_of(std::uint32_t split) const {
  const ChunkRange chunks = range(split);
  return std::min((chunks.first + chunks.count) * kChunkSize, input_size());
}

std::uint32_t Descriptor::chunk_size(std::uint64_t chunk) const {
  BRUME_CHECK(chunk < fields_.input.chunk_count);
  return chunk + 1 == fields_.input.chunk_count ? fields_.input.final_chunk_size : kChunkSize;
}

std::uint64_t Descriptor::input_size() const {
  return (fields_.input.chunk_count - 1) * kChunkSize + fields_.input.final_chunk_size;
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

}  // namespace brume::mapreduce
