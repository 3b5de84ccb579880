// What `brume run` learns of images from their reference values: which job one holds, and its program's measurement.
#pragma once

#include "cli/cluster.h"

namespace brume::cli {

// The program would refuse every order of another job; this says so before anything is sealed or sent. An image that is
// not there any more is not asked.
Status check_job(const std::string& asked, const Cluster& cluster);

// The only program that may do a run, as the owner names it: 64 hex digits, reference-values.json, or the image's
// folder with it. Refuses an image of another job. Errors: kUsage, kNotFound, kMalformed.
Result<Measurement> find_program(const std::string& word, const std::string& job);

}  // namespace brume::cli
