// `brume image`: build, measure, compare (and, to show that it is noticed, tamper with) images.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/job_image.h"
#include "cli/job_program.h"
#include "cli/verbs.h"
#include "image/image_build.h"
#include "image/image_diff.h"
#include "image/oci_layout.h"
#include "master/home.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

struct BuildOptions {
  std::string job;
  std::string out;
  std::string signer;
  std::uint64_t heap_mb = 1024;
  std::uint16_t svn = 1;
  bool force = false;
  bool json = false;
};

Status write_image(const fs::path& out, const image::ImageFiles& files, const image::ImageSettings& settings,
                   image::ReferenceValues reference) {
  BRUME_ASSIGN(reference.manifest_digest, image::write_oci_layout(out, files, settings));
  std::ofstream file(out / kReferenceFile);
  file << image::encode_reference_values(reference);
  file.close();
  if (!file) return fail(ErrorCode::kIo, (out / kReferenceFile).string() + ": could not be written");
  return {};
}

void print_reference(const image::ReferenceValues& values, bool as_json) {
  if (as_json) {
    std::cout << image::encode_reference_values(values);
    return;
  }
  std::cout << "job          " << values.job_name << "\nmeasurement  " << values.measurement.hex() << "\nsigner       "
            << values.signer.hex() << "\nimage digest " << values.image_digest.hex()
            << "\nmanifest     sha256:" << values.manifest_digest.hex() << "\nmaster       " << values.master.hex()
            << "\n";
}

Result<crypto::Rsa3072Key> signer_key(const std::string& path) {
  BRUME_ASSIGN(master::Home home, master::Home::from_environment());
  if (path.empty()) return master::load_or_make_signer_key(home);
  BRUME_ASSIGN(std::string pem, master::read_text_file(path, kReferenceSizeLimit));
  auto key = crypto::Rsa3072Key::from_pkcs8_pem(pem);
  if (!key) return within(path, key.error());
  return key;
}

// Before a job is compiled for nothing.
Status check_free(const BuildOptions& options) {
  std::error_code error;
  const fs::path out = options.out;
  if (!fs::exists(out, error) || fs::is_empty(out, error)) return {};
  const bool image = fs::exists(out / "oci-layout", error);
  if (image && options.force) return {};
  return fail(ErrorCode::kUsage, options.out + (image ? ": an image is there; --force replaces it"
                                                      : ": is there and holds no image; name another folder"));
}

Status build(const BuildOptions& options) {
  BRUME_TRY(check_free(options));
  BRUME_ASSIGN(master::Home home, master::Home::from_environment());
  BRUME_ASSIGN(crypto::EcKey master_key, master::load_or_make_master_key(home));
  BRUME_ASSIGN(crypto::Rsa3072Key signer, signer_key(options.signer));
  image::ImageInputs inputs;
  BRUME_ASSIGN(JobProgramFile job, find_job_program(options.job));
  inputs.job_name = job.name;
  inputs.enclave_program = std::move(job.program);
  BRUME_ASSIGN(inputs.node_program, find_node_program());
  inputs.config.heap_size = options.heap_mb << 20;
  inputs.config.master = master_key.public_key().spki_hash();
  inputs.isv_svn = options.svn;
  BRUME_ASSIGN(image::BuiltImage built, image::assemble_image(inputs, signer));
  std::error_code error;
  if (options.force) fs::remove_all(options.out, error);
  BRUME_TRY(write_image(options.out, built.files, built.settings, built.reference));
  BRUME_ASSIGN(const image::ReferenceValues written, read_reference(options.out));
  print_reference(written, options.json);
  return {};
}

Status measure(const std::string& dir, bool as_json) {
  BRUME_ASSIGN(image::OciImage image, image::read_oci_layout(dir));
  BRUME_ASSIGN(image::ReferenceValues values, image::measure_image(image.files));
  values.manifest_digest = image.manifest_digest;
  print_reference(values, as_json);
  std::error_code error;
  if (!fs::exists(fs::path(dir) / kReferenceFile, error)) return {};
  BRUME_ASSIGN(const image::ReferenceValues written, read_reference(dir));
  if (written != values)
    return fail(ErrorCode::kAuthFailed, dir + ": the image is not what its " + kReferenceFile +
                                            " says; rebuild it, or see 'brume image diff' against a good copy");
  return {};
}

Status diff(const std::string& before_dir, const std::string& after_dir, bool as_json) {
  BRUME_ASSIGN(image::OciImage before, image::read_oci_layout(before_dir));
  BRUME_ASSIGN(image::OciImage after, image::read_oci_layout(after_dir));
  auto differences = image::diff_images(before.files, after.files);
  if (as_json) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& d : differences) list.push_back({{"path", d.path}, {"what", d.what}});
    std::cout << list.dump(2) << "\n";
  } else {
    for (const auto& d : differences) std::cout << d.path << ": " << d.what << "\n";
    if (differences.empty()) std::cout << "the images hold the same files\n";
  }
  if (!differences.empty()) throw CLI::RuntimeError(kExitFailed);
  return {};
}

struct TamperOptions {
  std::string in;
  std::string out;
  std::string file = "brume-node";
  std::string how = "byte";
};

// Changes one thing. reference-values.json is copied from the good image: it is what is expected.
Status tamper(const TamperOptions& options) {
  BRUME_ASSIGN(image::OciImage image, image::read_oci_layout(options.in));
  BRUME_ASSIGN(std::string reference,
               master::read_text_file(fs::path(options.in) / kReferenceFile, kReferenceSizeLimit));
  std::string path = options.file.starts_with('/') ? options.file.substr(1) : options.file;
  auto found = image.files.find(path);
  if (options.how == "add") {
    image.files[path] = {image::FileKind::kRegular, 0644, to_bytes(as_bytes("one file more\n")), {}};
  } else if (found == image.files.end()) {
    return fail(ErrorCode::kUsage, options.in + ": has no /" + path);
  } else if (options.how == "remove") {
    image.files.erase(found);
  } else if (options.how == "mode") {
    found->second.mode ^= 0002;
  } else if (found->second.content.empty()) {
    return fail(ErrorCode::kUsage, "/" + path + ": is empty, so no byte of it can change");
  } else {
    // The last byte that is not zero: in an ELF file that is data nobody runs or parses first.
    Bytes& content = found->second.content;
    std::size_t at = content.size() - 1;
    while (at > 0 && content[at] == 0) --at;
    content[at] = static_cast<std::uint8_t>(content[at] ^ 1);
  }
  BRUME_TRY(image::write_oci_layout(options.out, image.files, image.settings));
  std::ofstream(fs::path(options.out) / kReferenceFile) << reference;
  std::cout << options.out << ": a copy of " << options.in << " with /" << path << " changed (" << options.how << ")\n";
  return {};
}

}  // namespace

void add_image(CLI::App& app) {
  auto* verb = app.add_subcommand("image", "Build, measure and compare container images");
  verb->require_subcommand(1);

  auto build_options = std::make_shared<BuildOptions>();
  auto* build_verb =
      verb->add_subcommand("build", "Pack a job into a reproducible OCI image with its reference values");
  build_verb
      ->add_option("JOB", build_options->job,
                   "A job that ships (word_count), a folder with a job's C++ sources, or an enclave program")
      ->required();
  build_verb
      ->add_option("-o,--output", build_options->out, "Folder to make: OCI image layout and reference-values.json")
      ->required();
  build_verb->add_option("--signer", build_options->signer,
                         "RSA-3072 key (PEM) that signs the enclave; default: this home's own");
  build_verb
      ->add_option("--heap-mb", build_options->heap_mb,
                   "Memory the enclave may use, in MiB (address space; touched as needed)")
      ->check(CLI::Range(64, 65536))
      ->capture_default_str();
  build_verb->add_option("--svn", build_options->svn, "Security version of the enclave")->capture_default_str();
  build_verb->add_flag("--force", build_options->force, "Replace an image that is there");
  build_verb->add_flag("--json", build_options->json, "Print the reference values as JSON");
  build_verb->callback([build_options] { finish(build(*build_options)); });

  auto dir = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  auto* measure_verb =
      verb->add_subcommand("measure", "Recompute an image's reference values and compare them with its file");
  measure_verb->add_option("DIR", *dir, "OCI image layout")->required();
  measure_verb->add_flag("--json", *as_json, "Print JSON");
  measure_verb->callback([dir, as_json] { finish(measure(*dir, *as_json)); });

  auto other = std::make_shared<std::string>();
  auto* diff_verb =
      verb->add_subcommand("diff", "Say which files, and which pages of the enclave program, differ (exit 1 if any)");
  diff_verb->add_option("BEFORE", *dir, "OCI image layout")->required();
  diff_verb->add_option("AFTER", *other, "OCI image layout")->required();
  diff_verb->add_flag("--json", *as_json, "Print JSON");
  diff_verb->callback([dir, other, as_json] { finish(diff(*dir, *other, *as_json)); });

  auto tamper_options = std::make_shared<TamperOptions>();
  auto* tamper_verb = verb->add_subcommand("tamper", "Copy an image with one thing changed, to see that it is refused");
  tamper_verb->add_option("DIR", tamper_options->in, "OCI image layout")->required();
  tamper_verb->add_option("-o,--output", tamper_options->out, "Folder to make")->required();
  tamper_verb->add_option("--file", tamper_options->file, "Which file")->capture_default_str();
  tamper_verb->add_option("--how", tamper_options->how, "byte, mode, add or remove")
      ->check(CLI::IsMember({"byte", "mode", "add", "remove"}))
      ->capture_default_str();
  tamper_verb->callback([tamper_options] { finish(tamper(*tamper_options)); });
}

}  // namespace brume::cli
