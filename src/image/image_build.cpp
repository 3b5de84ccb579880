#include "image/image_build.h"

#include <nlohmann/json.hpp>

#include "crypto/hash.h"
#include "measure/elf_layout.h"
#include "measure/mrenclave.h"
#include "measure/rootfs.h"
#include "measure/sigstruct.h"

namespace brume::image {

namespace {

// What engines mount over or write to: it must exist where the root file system is read-only.
constexpr std::string_view kMountFolders[] = {"dev", "etc", "proc", "run",     "run/brume",
                                              "sys", "tmp", "var",  "var/lib", "var/lib/brume"};
constexpr std::string_view kMountFiles[] = {"etc/hostname", "etc/hosts", "etc/resolv.conf"};

ImageFile folder() { return {FileKind::kDirectory, 0755, {}, {}}; }
ImageFile file(std::uint32_t mode, Bytes content) { return {FileKind::kRegular, mode, std::move(content), {}}; }

measure::RootfsEntry entry_of(const std::string& path, const ImageFile& file) {
  measure::RootfsEntry entry;
  entry.path = "/" + path;
  entry.mode = file.mode;
  switch (file.kind) {
    case FileKind::kDirectory:
      entry.type = measure::EntryType::kDirectory;
      break;
    case FileKind::kSymlink:
      entry.type = measure::EntryType::kSymlink;
      entry.mode = 0777;
      entry.target = file.target;
      break;
    case FileKind::kRegular:
      entry.type = measure::EntryType::kFile;
      entry.size = file.content.size();
      entry.content = crypto::sha256(file.content);
      break;
  }
  return entry;
}

Result<const Bytes*> content_of(const ImageFiles& files, std::string_view absolute) {
  auto found = files.find(std::string(absolute.substr(1)));
  if (found == files.end() || found->second.kind != FileKind::kRegular)
    return fail(ErrorCode::kNotFound,
                "image: " + std::string(absolute) + " is missing; is this an image of 'brume image build'?");
  return &found->second.content;
}

std::string describe(const ImageInputs& inputs) {
  nlohmann::ordered_json out{{"job", inputs.job_name},
                             {"heap_size", inputs.config.heap_size},
                             {"stack_size", inputs.config.stack_size},
                             {"master", inputs.config.master.hex()}};
  return out.dump(2) + "\n";
}

}  // namespace

Result<BuiltImage> assemble_image(const ImageInputs& inputs, const crypto::Rsa3072Key& signer) {
  BRUME_ASSIGN(Bytes program, measure::with_config(inputs.enclave_program, inputs.config));
  BRUME_ASSIGN(measure::EnclaveLayout layout, measure::lay_out_program(program));
  measure::SigstructBody body;
  body.measurement = measure::measure_enclave(layout);
  body.isv_prod_id = inputs.product_id;
  body.isv_svn = inputs.isv_svn;
  BuiltImage image;
  for (std::string_view path : kMountFolders) image.files[std::string(path)] = folder();
  for (std::string_view path : kMountFiles) image.files[std::string(path)] = file(0644, {});
  image.files["enclave"] = folder();
  image.files["brume-node"] = file(0755, inputs.node_program);
  image.files["enclave/sigstruct"] = file(0644, measure::sign_sigstruct(body, signer));
  image.files["enclave/program"] = file(0755, std::move(program));
  image.files[std::string(kImageConfigPath)] = file(0644, to_bytes(as_bytes(describe(inputs))));
  image.settings.entrypoint = {"/brume-node"};
  image.settings.labels = {{"org.opencontainers.image.title", inputs.job_name}};
  BRUME_ASSIGN(image.reference, measure_image(image.files));
  return image;
}

Result<ReferenceValues> measure_image(const ImageFiles& files) {
  BRUME_ASSIGN(const Bytes* program, content_of(files, measure::kProgramPath));
  BRUME_ASSIGN(const Bytes* sigstruct_bytes, content_of(files, measure::kSigstructPath));
  BRUME_ASSIGN(measure::EnclaveLayout layout, measure::lay_out_program(*program));
  BRUME_ASSIGN(measure::Sigstruct sigstruct, measure::verify_sigstruct(*sigstruct_bytes));
  std::vector<measure::RootfsEntry> entries;
  for (const auto& [path, file] : files) entries.push_back(entry_of(path, file));
  ReferenceValues values;
  values.measurement = measure::measure_enclave(layout);
  values.signer = sigstruct.signer;
  values.product_id = sigstruct.body.isv_prod_id;
  values.isv_svn = sigstruct.body.isv_svn;
  values.master = layout.config.master;
  BRUME_ASSIGN(values.image_digest, measure::digest_entries(std::move(entries)));
  if (sigstruct.body.measurement != values.measurement)
    return fail(ErrorCode::kAuthFailed, "image: /enclave/sigstruct is for measurement " +
                                            sigstruct.body.measurement.hex() + ", the program measures " +
                                            values.measurement.hex());
  auto config = files.find(std::string(kImageConfigPath));
  if (config != files.end()) {
    auto json = nlohmann::json::parse(config->second.content, nullptr, false);
    if (json.is_object() && json.contains("job") && json["job"].is_string())
      values.job_name = json["job"].get<std::string>();
  }
  return values;
}

}  // namespace brume::image
