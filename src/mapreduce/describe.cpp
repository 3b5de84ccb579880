#include "mapreduce/describe.h"

#include <brume/output_format.h>

#include <algorithm>

#include "base/reader.h"
#include "base/writer.h"

namespace brume::mapreduce {
namespace {

constexpr std::size_t kNameLimit = kParameterKeySizeLimit;
constexpr std::size_t kLeastStageSize = 1 + 4 + 4 + 4 + 4 + 4 + 1 + 1 + 4 + 4;

void put(Writer& out, const StageFacts& stage) {
  out.u8(static_cast<std::uint8_t>(stage.reads)).text(stage.carries).u32le(stage.sample_chunks);
  out.text(stage.until_zero).u32le(stage.at_most).u32le(stage.partitions).u8(stage.may_cut ? 1 : 0);
  out.u8(stage.merges ? 1 : 0);
  out.u32le(static_cast<std::uint32_t>(stage.outputs.size()));
  for (const std::string& output : stage.outputs) out.text(output);
  out.u32le(static_cast<std::uint32_t>(stage.sides.size()));
  for (const StageFacts::Side& side : stage.sides) out.text(side.name).u8(side.needed ? 1 : 0);
}

bool flag(Reader& in) {
  const std::uint8_t value = in.u8();
  if (value > 1) in.fault();
  return value == 1;
}

StageFacts take_stage(Reader& in) {
  StageFacts stage;
  const std::uint8_t reads = in.u8();
  if (reads < 1 || reads > 3) in.fault();
  stage.reads = static_cast<Reads>(reads);
  stage.carries = in.text(kNameLimit);
  stage.sample_chunks = in.u32le();
  stage.until_zero = in.text(kNameLimit);
  stage.at_most = in.u32le();
  stage.partitions = in.u32le();
  stage.may_cut = flag(in);
  stage.merges = flag(in);
  for (std::uint32_t left = in.count(kOutputLimit - 1, 4); left > 0; --left)
    stage.outputs.push_back(in.text(kNameLimit));
  for (std::uint32_t left = in.count(kSideLimit, 5); left > 0; --left) {
    StageFacts::Side side;
    side.name = in.text(kNameLimit);
    side.needed = flag(in);
    stage.sides.push_back(std::move(side));
  }
  return stage;
}

}  // namespace

Message encode(const DescribeOrder& message) {
  Writer out;
  out.u64le(message.query).text(message.job_name).u32le(static_cast<std::uint32_t>(message.parameters.size()));
  for (const Parameter& parameter : message.parameters) out.text(parameter.key).text(parameter.value);
  return {MessageType::kDescribe, out.take()};
}

Message encode(const JobDescription& message) {
  Writer out;
  out.u64le(message.query).text(printable(message.refused, kDescriptionTextLimit));
  out.u32le(static_cast<std::uint32_t>(message.stages.size()));
  for (const StageFacts& stage : message.stages) put(out, stage);
  out.u64le(message.memory_budget);
  return {MessageType::kDescribed, out.take()};
}

Result<DescribeOrder> parse_describe_order(ByteView body) {
  Reader in(body);
  DescribeOrder out;
  out.query = in.u64le();
  out.job_name = in.text(kJobNameSizeLimit);
  for (std::uint32_t left = in.count(kParameterCountLimit, 8); left > 0; --left) {
    std::string name = in.text(kParameterKeySizeLimit);
    out.parameters.push_back({std::move(name), in.text(kParametersSizeLimit)});
  }
  BRUME_TRY(in.done("describe"));
  return out;
}

Result<JobDescription> parse_job_description(ByteView body) {
  Reader in(body);
  JobDescription out;
  out.query = in.u64le();
  out.refused = in.text(kDescriptionTextLimit);
  if (printable(out.refused, kDescriptionTextLimit) != out.refused) in.fault();
  for (std::uint32_t left = in.count(kStageLimit, kLeastStageSize); left > 0; --left)
    out.stages.push_back(take_stage(in));
  out.memory_budget = in.u64le();
  if (out.refused.empty() == out.stages.empty()) in.fault();
  BRUME_TRY(in.done("job description"));
  return out;
}

}  // namespace brume::mapreduce
