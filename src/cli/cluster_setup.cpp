#include "cli/cluster_setup.h"

#include <algorithm>
#include <future>

#include "appraisal/policy.h"
#include "cli/job_image.h"
#include "cli/job_program.h"
#include "cli/platform_setup.h"
#include "crypto/random.h"
#include "engine/command.h"
#include "files/size_text.h"
#include "image/image_build.h"
#include "master/control.h"
#include "master/default_policy.h"
#include "sealed/age_keys.h"

namespace brume::cli {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kFileSizeLimit = 1u << 20;
constexpr milliseconds kMasterStartLimit{10'000};
constexpr const char* kDefaultJob = "word_count";
constexpr std::uint64_t kDefaultHeapSize = 1024ull << 20;

Status make_identity(const master::Home& home) {
  std::error_code error;
  if (fs::exists(home.identity(), error)) return {};
  crypto::SystemRandom random;
  sealed::AgeIdentity identity = sealed::AgeIdentity::generate(random);
  BRUME_TRY(master::make_private_folder(home.identity().parent_path()));
  return master::write_private_file_once(
      home.identity(), "# recipient: " + identity.recipient().text() + "\n" + identity.secret_text() + "\n");
}

// The image that ships, built anew so that it always fits this build and this owner.
Result<fs::path> build_default_image(const master::Home& home) {
  BRUME_ASSIGN(crypto::EcKey master_key, master::load_or_make_master_key(home));
  BRUME_ASSIGN(crypto::Rsa3072Key signer, master::load_or_make_signer_key(home));
  image::ImageInputs inputs;
  BRUME_ASSIGN(JobProgramFile job, find_job_program(kDefaultJob));
  inputs.job_name = job.name;
  inputs.enclave_program = std::move(job.program);
  BRUME_ASSIGN(inputs.node_program, find_node_program());
  inputs.config.heap_size = kDefaultHeapSize;
  inputs.config.master = master_key.public_key().spki_hash();
  inputs.isv_svn = 1;
  BRUME_ASSIGN(image::BuiltImage built, image::assemble_image(inputs, signer));
  fs::path path = home.images() / kDefaultJob;
  std::error_code error;
  fs::remove_all(path, error);
  fs::create_directories(home.images(), error);
  BRUME_ASSIGN(built.reference.manifest_digest, image::write_oci_layout(path, built.files, built.settings));
  BRUME_TRY(master::write_private_file(path / kReferenceFile, image::encode_reference_values(built.reference)));
  return path;
}

// Nodes of another owner's image would take this master for a stranger, and end without a word.
Status check_image(const master::Home& home, const fs::path& image_dir) {
  std::error_code error;
  if (!fs::exists(image_dir / kReferenceFile, error))
    return fail(ErrorCode::kNotFound, "is no folder that 'brume image build' made");
  BRUME_ASSIGN(const image::ReferenceValues reference, read_reference(image_dir));
  BRUME_ASSIGN(const crypto::EcKey master_key, master::load_or_make_master_key(home));
  if (reference.master == master_key.public_key().spki_hash()) return {};
  return fail(ErrorCode::kUsage,
              "was built with another BRUME_HOME, and its enclaves trust that one's master only; build it with " +
                  home.root.string());
}

Status write_policy(const master::Home& home, const SetupOptions& options, const fs::path& image_dir,
                    const SpkiHash& root) {
  std::string text;
  if (!options.policy.empty()) {
    BRUME_ASSIGN(text, master::read_text_file(options.policy, appraisal::kPolicySizeLimit));
  } else {
    BRUME_ASSIGN(const image::ReferenceValues reference, read_reference(image_dir));
    master::DefaultPolicy policy;
    policy.simulated = options.tee != "none";
    policy.measurement = reference.measurement;
    policy.image = reference.image_digest;
    policy.signer = reference.signer;
    policy.min_isv_svn = reference.isv_svn;
    policy.root = root;
    text = master::default_policy_toml(policy);
  }
  auto parsed = appraisal::parse_policy(text);
  if (!parsed) return within(options.policy.empty() ? home.policy().string() : options.policy, parsed.error());
  return master::write_private_file(home.policy(), text);
}

bool is_within(const fs::path& path, const fs::path& folder) {
  return path == folder || path.string().starts_with(folder.string() + "/");
}

// As hosts name them. The owner's keys must not be mounted anywhere by mistake.
Result<std::vector<std::string>> check_shares(const std::vector<std::string>& words, const master::Home& home) {
  std::vector<std::string> out;
  std::error_code error;
  const fs::path keys = fs::weakly_canonical(home.root, error);
  for (std::string word : words) {
    while (word.size() > 1 && word.back() == '/') word.pop_back();
    if (auto good = engine::check_share(word); !good) return within("--share " + word, good.error());
    const fs::path real = fs::canonical(word, error);
    if (error || !fs::is_directory(real, error))
      return fail(ErrorCode::kNotFound, "--share " + word + ": is no folder here");
    if (is_within(keys, real) || is_within(real, keys))
      return fail(ErrorCode::kUsage, "--share " + word + ": holds the owner's keys (" + home.root.string() +
                                         "); share a folder with input only");
    if (std::ranges::find(out, word) != out.end()) return fail(ErrorCode::kUsage, "--share " + word + ": given twice");
    out.push_back(std::move(word));
  }
  return out;
}

// The master listens where nodes of this engine can reach it. Whoever connects gets nothing before
// his evidence was appraised.
Result<int> start_master(const master::Home& home, bool own_network, const std::string& result_memory) {
  std::error_code error;
  fs::remove(home.master_socket(), error);
  engine::Command command{.arguments = {(tool_folder() / "brume").string(), "master", "--listen",
                                        own_network ? "0.0.0.0" : "127.0.0.1", "--collateral",
                                        platform_files(home).collateral().string()}};
  if (!result_memory.empty()) command.arguments.insert(command.arguments.end(), {"--result-memory", result_memory});
  BRUME_ASSIGN(int pid, engine::start_daemon(command, home.master_log().string()));
  auto answers = [&home] { return master::control_call(home.master_socket(), {{"verb", "status"}}).has_value(); };
  if (wait_until(answers, pid, kMasterStartLimit)) return pid;
  end_process(pid, milliseconds(1000));
  auto log = master::read_text_file(home.master_log(), kFileSizeLimit);
  std::string said = log ? *log : std::string();
  while (said.ends_with('\n')) said.pop_back();
  if (std::size_t line = said.rfind('\n'); line != said.npos) said.erase(0, line + 1);
  return fail(ErrorCode::kUnavailable, "the master did not start: " + said);
}

}  // namespace

Result<std::uint64_t> parse_result_memory(const std::string& text) { return text == "0" ? 0 : files::parse_size(text); }

Result<Cluster> set_up_cluster(const master::Home& home, engine::Engine& engine, const SetupOptions& options) {
  BRUME_TRY(master::make_private_folder(home.root));
  BRUME_TRY(master::make_private_folder(home.cluster()));
  BRUME_TRY(make_identity(home));
  std::error_code error;
  Cluster cluster;
  cluster.engine = engine.name();
  cluster.spec.cluster = cluster_name(home);
  cluster.spec.state_dir = home.cluster();
  cluster.spec.engine_dir = home.root / "engine";
  cluster.spec.platform_control = platform_files(home).control().string();
  cluster.spec.tee = options.tee;
  cluster.spec.enclaves = options.enclaves;
  BRUME_ASSIGN(cluster.spec.shares, check_shares(options.shares, home));
  if (options.image.empty()) {
    BRUME_ASSIGN(cluster.spec.image_layout, build_default_image(home));
  } else {
    cluster.spec.image_layout = fs::absolute(options.image, error);
    if (auto good = check_image(home, cluster.spec.image_layout); !good)
      return within("--image " + options.image, good.error());
  }
  BRUME_ASSIGN(SpkiHash root, init_platform(home));
  BRUME_TRY(write_policy(home, options, cluster.spec.image_layout, root));
  // From here on there is something that `brume down` must find.
  BRUME_TRY(save_cluster(home, cluster));
  std::future<Status> begun = std::async(std::launch::async, [&] { return engine.begin(cluster.spec); });
  BRUME_ASSIGN(cluster.platform_started, ensure_platform_runs(home));
  BRUME_TRY(save_cluster(home, cluster));
  BRUME_TRY(begun.get());
  BRUME_TRY(engine.prepare(cluster.spec));
  BRUME_ASSIGN(cluster.master_pid, start_master(home, cluster.engine != "process", options.result_memory));
  BRUME_TRY(save_cluster(home, cluster));
  BRUME_ASSIGN(nlohmann::json status, master::control_call(home.master_socket(), {{"verb", "status"}}));
  cluster.spec.master_port = status.value("port", std::uint16_t{0});
  BRUME_TRY(save_cluster(home, cluster));
  return cluster;
}

}  // namespace brume::cli
