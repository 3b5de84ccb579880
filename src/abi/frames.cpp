#include "abi/frames.h"

#include "base/reader.h"
#include "base/writer.h"

namespace brume::abi {
namespace {

void write_name(Writer& out, const StreamName& name) {
  out.raw(name.run.view()).u8(static_cast<std::uint8_t>(name.stage));
  out.u32le(name.split).u32le(name.partition).raw(name.salt.view());
}

StreamName read_name(Reader& in) {
  StreamName name;
  name.run.bytes = in.array<16>();
  const std::uint8_t stage = in.u8();
  if (stage < 1 || stage > 4) in.fault();
  name.stage = static_cast<Stage>(stage);
  name.split = in.u32le();
  name.partition = in.u32le();
  name.salt.bytes = in.array<32>();
  return name;
}

void write_part(Writer& out, const StreamPart& part) {
  write_name(out, part.name);
  out.u64le(part.offset).u64le(part.size);
}

StreamPart read_part(Reader& in) {
  StreamPart part;
  part.name = read_name(in);
  part.offset = in.u64le();
  part.size = in.u64le();
  return part;
}

}  // namespace

Bytes encode_start(const Start& start) {
  Writer out;
  out.text(start.role).text(start.node_name).u8(static_cast<std::uint8_t>(start.tee)).sized(start.qe_target_info);
  return out.take();
}

Result<Start> parse_start(ByteView payload) {
  Reader in(payload);
  Start start;
  start.role = in.text(kRoleLimit);
  start.node_name = in.text(kNodeNameLimit);
  const std::uint8_t tee = in.u8();
  if (tee > static_cast<std::uint8_t>(Tee::kSgxSim)) return fail(ErrorCode::kUnsupported, "start: tee");
  start.tee = static_cast<Tee>(tee);
  start.qe_target_info = to_bytes(in.sized(kTargetInfoSize));
  BRUME_TRY(in.done("start"));
  if (!start.qe_target_info.empty() && start.qe_target_info.size() != kTargetInfoSize)
    return malformed("start: target info must be 512 bytes or none");
  return start;
}

Bytes encode_stream_name(const StreamName& name) {
  Writer out;
  write_name(out, name);
  return out.take();
}

Result<StreamName> parse_stream_name(ByteView bytes) {
  Reader in(bytes);
  StreamName name = read_name(in);
  BRUME_TRY(in.done("stream name"));
  return name;
}

Bytes encode_input_range(const InputRange& range) {
  Writer out;
  out.raw(range.run.view()).u64le(range.first_chunk).u64le(range.chunk_count);
  return out.take();
}

Result<InputRange> parse_input_range(ByteView payload) {
  Reader in(payload);
  InputRange range;
  range.run.bytes = in.array<16>();
  range.first_chunk = in.u64le();
  range.chunk_count = in.u64le();
  BRUME_TRY(in.done("input range"));
  return range;
}

Bytes encode_stream_part(const StreamPart& part) {
  Writer out;
  write_part(out, part);
  return out.take();
}

Result<StreamPart> parse_stream_part(ByteView bytes) {
  Reader in(bytes);
  StreamPart part = read_part(in);
  BRUME_TRY(in.done("part of a stream"));
  return part;
}

Bytes encode_fetch_stream(const FetchStream& fetch) {
  Writer out;
  write_part(out, fetch.part);
  out.u32le(fetch.holder.value);
  return out.take();
}

Result<FetchStream> parse_fetch_stream(ByteView payload) {
  Reader in(payload);
  FetchStream fetch;
  fetch.part = read_part(in);
  fetch.holder.value = in.u32le();
  BRUME_TRY(in.done("fetch stream"));
  return fetch;
}

Result<PutBlock> parse_put_block(ByteView payload) {
  Reader in(payload);
  PutBlock put;
  put.name = read_name(in);
  put.blocks = in.rest();
  BRUME_TRY(in.done("put block"));
  return put;
}

Result<std::vector<ByteView>> split_blocks(ByteView blocks, std::size_t block_limit) {
  std::vector<ByteView> out;
  Reader in(blocks);
  while (in.remaining() > 0) {
    const ByteView block = in.sized(block_limit);
    if (block.empty()) in.fault();
    out.push_back(block);
  }
  BRUME_TRY(in.done("sealed blocks"));
  return out;
}

}  // namespace brume::abi
