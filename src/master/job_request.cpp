#include "master/job_request.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace brume::master {
namespace {

using nlohmann::json;

Result<std::vector<NamedInput>> parse_places(const json& request, const char* what) {
  std::vector<NamedInput> out;
  if (!request.contains(what)) return out;
  for (const json& entry : request.at(what)) {
    NamedInput input{entry.value("name", ""), {}};
    BRUME_ASSIGN(input.place, InputName::parse(entry.value("place", "")));
    if (!input.place.remote() && !input.place.text.starts_with('/'))
      return fail(ErrorCode::kUsage, std::string("run: ") + what + ": a file's path must be absolute");
    out.push_back(std::move(input));
  }
  return out;
}

}  // namespace

Result<JobRequest> parse_job_request(const json& request) {
  JobRequest out;
  out.job_name = request.value("job", "");
  std::ranges::replace(out.job_name, '_', '-');
  BRUME_ASSIGN(out.inputs, parse_places(request, "inputs"));
  if (out.inputs.empty()) return fail(ErrorCode::kUsage, "run: no input");
  if (out.inputs.size() > mapreduce::kInputLimit)
    return fail(ErrorCode::kLimit, "run: at most " + std::to_string(mapreduce::kInputLimit) + " inputs");
  BRUME_ASSIGN(out.sides, parse_places(request, "sides"));
  std::ranges::sort(out.sides, {}, &NamedInput::name);
  BRUME_ASSIGN(out.compression, formats::parse_compression(request.value("compression", "auto")));
  BRUME_ASSIGN(out.access, parse_access(request.value("access", json::object())));
  out.output = request.value("output", "");
  if (!out.output.is_absolute()) return fail(ErrorCode::kUsage, "run: the output's path must be absolute");
  const json outputs = request.value("outputs", json::object());
  for (const auto& [name, path] : outputs.items()) {
    out.outputs[name] = path.get<std::string>();
    if (!out.outputs[name].is_absolute()) return fail(ErrorCode::kUsage, "run: an output's path must be absolute");
  }
  out.output_recipient = request.value("recipient", "");
  out.padded = request.value("pad", false);
  out.partition_count = request.value("partitions", 0u);
  out.split_size = request.value("split_size", std::uint64_t{0});
  const json parameters = request.value("parameters", json::object());
  for (const auto& [key, value] : parameters.items()) out.parameters.push_back({key, value.get<std::string>()});
  return out;
}

}  // namespace brume::master
