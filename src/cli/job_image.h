// What the tool learns of images from their reference values: who made one, which job it holds, its measurements.
#pragma once

#include <filesystem>

#include "cli/cluster.h"
#include "image/reference_values.h"

namespace brume::cli {

inline constexpr const char* kReferenceFile = "reference-values.json";
inline constexpr std::size_t kReferenceSizeLimit = 64u << 10;

// Of an image's folder. Errors: as those of read_text_file() and parse_reference_values().
Result<image::ReferenceValues> read_reference(const std::filesystem::path& image_dir);

// The program would refuse every order of another job; this says so before anything is sealed or sent. An image that is
// not there any more is not asked.
Status check_job(const std::string& asked, const Cluster& cluster);

// The only program that may do a run, as the owner names it: 64 hex digits, reference-values.json, or the image's
// folder with it. Refuses an image of another job. Errors: kUsage, kNotFound, kMalformed.
Result<Measurement> find_program(const std::string& word, const std::string& job);

}  // namespace brume::cli
