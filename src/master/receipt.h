// What an owner gets beside a result: which code, on which attested nodes, made it from which input.
// Format: docs/formats/receipt.md.
#pragma once

#include <nlohmann/json.hpp>

#include "mapreduce/passes.h"
#include "mapreduce/run.h"
#include "master/result_file.h"
#include "master/run_inputs.h"

namespace brume::master {

// Of one pass.
nlohmann::json describe_pass(const mapreduce::RunCore& core, std::uint32_t repetition);

struct WrittenOutput {
  std::string name;  // empty: the first
  const ResultFile* file = nullptr;
};

// What is told of a whole job.
struct JobFacts {
  nlohmann::json counters;
  nlohmann::json malformed_places;  // inputs by their names
  nlohmann::json notes;
};
JobFacts describe_job(const mapreduce::Passes& passes, const RunInputs& given);

// inputs and sides: what the owner gave. last: the pass that made the result.
nlohmann::json make_receipt(const mapreduce::RunCore& last, const RunInputs& given, nlohmann::json passes,
                            const JobFacts& facts, const std::vector<WrittenOutput>& outputs,
                            const mapreduce::MergeTotals& totals);

}  // namespace brume::master
