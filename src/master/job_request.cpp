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
    if (entry.contains("pin")) {
      const auto pin = Sha256Digest::parse_hex(entry.value("pin", ""));
      if (!pin) return within(std::string("run: ") + what + ": pin", pin.error());
      input.pin = *pin;
    }
    out.push_back(std::move(input));
  }
  return out;
}

// In the order of their keys.
Result<std::vector<mapreduce::Parameter>> parse_parameters(const json& request) {
  const auto unfit = [](const std::string& what, const Error& error) {
    return fail(ErrorCode::kUsage, "-p" + what + ": " + error.what);
  };
  std::vector<mapreduce::Parameter> out;
  const json parameters = request.value("parameters", json::object());
  for (const auto& [key, value] : parameters.items()) {
    out.push_back({key, value.get<std::string>()});
    if (auto status = mapreduce::check_parameter(out.back()); !status) return unfit(" " + key, status.error());
  }
  if (auto status = mapreduce::check_parameters_size(out); !status) return unfit("", status.error());
  return out;
}

}  // namespace

Result<JobRequest> parse_job_request(const json& request) {
  JobRequest out;
  out.job_name = request.value("job", "");
  std::ranges::replace(out.job_name, '_', '-');
  if (out.job_name.empty() || out.job_name.size() > mapreduce::kJobNameSizeLimit)
    return fail(ErrorCode::kUsage,
                "run: a job's name has 1 to " + std::to_string(mapreduce::kJobNameSizeLimit) + " bytes");
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
  if (request.contains("measurement")) {
    const auto measurement = Measurement::parse_hex(request.value("measurement", ""));
    if (!measurement) return within("run: measurement", measurement.error());
    out.measurement = *measurement;
  }
  out.output_recipient = request.value("recipient", "");
  out.padded = request.value("pad", false);
  out.partition_count = request.value("partitions", 0u);
  out.split_size = request.value("split_size", std::uint64_t{0});
  BRUME_ASSIGN(out.parameters, parse_parameters(request));
  return out;
}

}  // namespace brume::master
