#include "cli/job_image.h"

#include <algorithm>

#include "files/input_file.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

std::string job_name(std::string asked) {
  std::ranges::replace(asked, '_', '-');
  return asked;
}

}  // namespace

Result<image::ReferenceValues> read_reference(const fs::path& image_dir) {
  BRUME_ASSIGN(const std::string text, master::read_text_file(image_dir / kReferenceFile, kReferenceSizeLimit));
  return image::parse_reference_values(text);
}

Status check_job(const std::string& asked, const Cluster& cluster) {
  std::vector<std::string> images = cluster.more_images;
  images.insert(images.begin(), cluster.spec.image_layout.string());
  const std::string name = job_name(asked);
  std::string held;
  for (const std::string& image : images) {
    const auto text = master::read_text_file(fs::path(image) / kReferenceFile, kReferenceSizeLimit);
    if (!text) return {};  // moved since: the program decides
    BRUME_ASSIGN(const image::ReferenceValues reference, image::parse_reference_values(*text));
    if (reference.job_name == name) return {};
    held += (held.empty() ? "" : ", ") + reference.job_name;
  }
  return fail(ErrorCode::kUsage, "run: the cluster's image holds the job " + held + ", not " + name +
                                     " (a job is named after its type: see BRUME_JOB)");
}

Result<Measurement> find_program(const std::string& word, const std::string& job) {
  if (const auto measurement = Measurement::parse_hex(word)) return *measurement;
  std::error_code error;
  fs::path path = word;
  if (fs::is_directory(path, error)) path /= kReferenceFile;
  if (!fs::exists(path, error))
    return fail(ErrorCode::kNotFound,
                "--measurement " + word + ": expected 64 hex digits, an image's folder, or its " + kReferenceFile);
  BRUME_ASSIGN(const std::string text, files::read_small_file(path.string(), kReferenceSizeLimit));
  const auto reference = image::parse_reference_values(text);
  if (!reference) return within(path.string(), reference.error());
  if (reference->job_name == job_name(job)) return reference->measurement;
  return fail(ErrorCode::kUsage,
              "--measurement " + word + ": the image holds the job " + reference->job_name + ", not " + job_name(job));
}

}  // namespace brume::cli
