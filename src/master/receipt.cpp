#include "master/receipt.h"

namespace brume::master {
namespace {

using nlohmann::json;

json describe_file(const RunFile& file) {
  json out{{"name", file.name},
           {"header", file.file->opening().commitment.header.hex()},
           {"payload_key_commitment", file.file->opening().commitment.payload_key.hex()},
           {"size", file.file->layout().layout().plaintext_size()}};
  if (file.file->is_remote()) out["location"] = file.file->shown();
  if (const auto compression = file.file->compression(); compression != formats::Compression::kNone)
    out["compression"] = formats::compression_name(compression);
  return out;
}

json describe_files(const std::vector<RunFile>& files) {
  json out = json::array();
  for (const RunFile& file : files) out.push_back(describe_file(file));
  return out;
}

json describe_counters(const std::vector<JobCounter>& counters) {
  json out = json::object();
  for (const JobCounter& counter : counters) out[counter.name] = counter.sum;
  return out;
}

}  // namespace

JobFacts describe_job(const mapreduce::Passes& passes, const RunInputs& given) {
  json places = json::array();
  for (const RecordPlace& place : passes.told_places()) {
    const bool is_given = place.input < given.inputs().size();
    const std::string name = is_given ? given.inputs()[place.input].name : std::string(kPreviousInput);
    places.push_back({{"input", name}, {"offset", place.offset}});
  }
  return {describe_counters(passes.told_counters()), std::move(places), passes.notes()};
}

json describe_pass(const mapreduce::RunCore& core, std::uint32_t repetition) {
  const mapreduce::Descriptor& descriptor = core.descriptor();
  json tasks = json::array();
  const auto add_task = [&](const mapreduce::TaskId& id) {
    const auto* committed = core.ledger().find(id);
    if (committed == nullptr) return;
    json digests = json::array();
    for (const auto& totals : committed->totals) digests.push_back(totals.digest.hex());
    tasks.push_back({{"task", mapreduce::to_string(id)},
                     {"node", committed->node.value},
                     {"attempt", committed->salt.hex()},
                     {"streams", digests}});
  };
  for (std::uint32_t i = 0; i < descriptor.split_count(); ++i) add_task({mapreduce::Stage::kMap, i});
  if (descriptor.has_stitch()) add_task({mapreduce::Stage::kStitch, 0});
  for (std::uint32_t i = 0; i < descriptor.partition_count(); ++i) add_task({mapreduce::Stage::kReduce, i});
  return {{"run", descriptor.run().hex()},
          {"stage", descriptor.fields().stage},
          {"pass", repetition},
          {"descriptor", descriptor.hash().hex()},
          {"counters", describe_counters(core.ledger().job_counters())},
          {"tasks", tasks}};
}

json make_receipt(const mapreduce::RunCore& last, const RunInputs& given, json passes, const JobFacts& facts,
                  const std::vector<WrittenOutput>& outputs, const mapreduce::MergeTotals& totals) {
  const mapreduce::DescriptorFields& fields = last.descriptor().fields();
  json written = json::array();
  for (const WrittenOutput& output : outputs)
    written.push_back({{"name", output.name}, {"sha256", output.file->digest().hex()}, {"size", output.file->size()}});
  return {{"format", "brume-receipt/2"},
          {"run", fields.run.hex()},
          {"job", fields.job_name},
          {"measurement", fields.measurement.hex()},
          {"policy", fields.policy_hash.hex()},
          {"epoch", fields.epoch},
          {"inputs", describe_files(given.inputs())},
          {"sides", describe_files(given.sides())},
          {"outputs", written},
          {"records", totals.records},
          {"counters", facts.counters},
          {"malformed_places", facts.malformed_places},
          {"passes", std::move(passes)}};
}

}  // namespace brume::master
