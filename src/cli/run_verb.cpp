// `brume run`: one job over one input, sealed all the way.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/age_files.h"
#include "cli/cluster.h"
#include "cli/local_job.h"
#include "cli/progress.h"
#include "cli/verbs.h"
#include "files/size_text.h"
#include "image/reference_values.h"
#include "master/control.h"
#include "master/home.h"
#include "master/input_file.h"

namespace brume::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kReferenceSizeLimit = 64u << 10;

struct RunOptions {
  std::string job;
  std::vector<std::string> inputs;
  std::string output;
  std::string recipient;
  std::uint32_t partitions = 0;
  std::string split_size;
  bool pad = false;
  std::vector<std::string> parameters;
  bool json = false;
  bool quiet = false;
  bool local = false;
  std::string memory;       // of a local run
  std::string compression;  // of a local run
  std::string seed;         // of a local run
  std::string debugger;     // of a local run
};

Result<json> parse_parameters(const std::vector<std::string>& words) {
  json out = json::object();
  for (const std::string& word : words) {
    std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string::npos)
      return fail(ErrorCode::kUsage, "-p " + word + ": expected KEY=VALUE");
    out[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return out;
}

// A plain input is sealed to the cluster first; the sealed copy goes when this object does.
class SealedInput {
 public:
  static Result<SealedInput> create(const fs::path& input, const master::Home& home) {
    SealedInput out;
    BRUME_ASSIGN(bool sealed, master::is_age_file(input));
    if (sealed) {
      out.path_ = input;
      return out;
    }
    BRUME_ASSIGN(json status, master::control_call(home.master_socket(), {{"verb", "status"}}));
    BRUME_TRY(master::make_private_folder(home.runs()));
    out.path_ = home.runs() / ("input-" + std::to_string(getpid()) + ".age");
    out.temporary_ = true;
    BRUME_ASSIGN(sealed::AgeRecipient recipient, sealed::AgeRecipient::parse(status.value("recipient", "")));
    BRUME_ASSIGN(files::InputFile plain, files::InputFile::open(input.string()));
    BRUME_ASSIGN(files::AtomicFile copy, files::AtomicFile::create(out.path_.string(), {.force = true, .mode = 0600}));
    BRUME_TRY(seal_file(plain, copy, std::span(&recipient, 1)));
    BRUME_TRY(copy.commit());
    return out;
  }
  SealedInput(SealedInput&& other) noexcept
      : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, false)) {}
  SealedInput& operator=(SealedInput&&) = delete;
  ~SealedInput() {
    if (temporary_) unlink(path_.c_str());
  }
  const fs::path& path() const { return path_; }

 private:
  SealedInput() = default;
  fs::path path_;
  bool temporary_ = false;
};

// The program would refuse every order of another job; this says so before anything is sealed or sent.
Status check_job(const std::string& asked, const master::Home& home) {
  BRUME_ASSIGN(const Cluster cluster, load_cluster(home));
  std::vector<std::string> images = cluster.more_images;
  images.insert(images.begin(), cluster.spec.image_layout.string());
  std::string name = asked;
  std::ranges::replace(name, '_', '-');
  std::string held;
  for (const std::string& image : images) {
    const auto text = master::read_text_file(fs::path(image) / "reference-values.json", kReferenceSizeLimit);
    if (!text) return {};  // moved since: the program decides
    BRUME_ASSIGN(const image::ReferenceValues reference, image::parse_reference_values(*text));
    if (reference.job_name == name) return {};
    held += (held.empty() ? "" : ", ") + reference.job_name;
  }
  return fail(ErrorCode::kUsage, "run: the cluster's image holds the job " + held + ", not " + name +
                                     " (a job is named after its type: see BRUME_JOB)");
}

// The arguments of the job's own program.
Status run_here(const RunOptions& options) {
  std::vector<std::string> arguments;
  const auto pass = [&](const char* name, const std::string& value) {
    if (!value.empty()) arguments.insert(arguments.end(), {name, value});
  };
  for (const std::string& input : options.inputs) pass("--input", input);
  pass("--output", options.output);
  if (options.partitions != 0) pass("--partitions", std::to_string(options.partitions));
  pass("--split-size", options.split_size);
  if (options.pad) return fail(ErrorCode::kUsage, "--pad: with --local nothing is shuffled between hosts");
  pass("--memory", options.memory);
  pass("--compression", options.compression);
  pass("--seed", options.seed);
  for (const std::string& parameter : options.parameters) pass("-p", parameter);
  if (options.json) arguments.push_back("--json");
  if (options.quiet) arguments.push_back("--quiet");
  return become_local_job(options.job, arguments, options.debugger);
}

Status run(const RunOptions& options) {
  if (options.local) return run_here(options);
  if (options.inputs.size() != 1) return fail(ErrorCode::kUsage, "--input: a cluster's run takes one file");
  const std::string& input_path = options.inputs.front();
  BRUME_ASSIGN(master::Home home, master::Home::from_environment());
  BRUME_TRY(check_job(options.job, home));
  BRUME_ASSIGN(json parameters, parse_parameters(options.parameters));
  BRUME_ASSIGN(std::uint64_t split_size,
               options.split_size.empty() ? std::uint64_t{0} : files::parse_size(options.split_size));
  std::error_code error;
  BRUME_ASSIGN(SealedInput input, SealedInput::create(fs::absolute(input_path, error), home));
  std::string output = options.output.empty() ? fs::path(input_path).filename().string() + ".result" : options.output;
  std::string recipient = options.recipient;
  if (recipient.empty() && output.ends_with(".age")) {
    BRUME_ASSIGN(json status, master::control_call(home.master_socket(), {{"verb", "status"}}));
    recipient = status.value("recipient", "");
  }
  Progress progress("running " + options.job);
  json request{{"verb", "run"},
               {"job", options.job},
               {"input", input.path().string()},
               {"output", fs::absolute(output, error).string()},
               {"recipient", recipient},
               {"partitions", options.partitions},
               {"split_size", split_size},
               {"pad", options.pad},
               {"parameters", parameters}};
  auto on_event = [&](const json& event) {
    std::string kind = event.value("event", "");
    if (kind == "note" && !options.quiet) std::cerr << "note: " << event.value("text", "") << "\n";
    if (kind == "waiting") progress.show("waiting for another run");
    if (kind == "progress")
      progress.show(std::to_string(event.value("maps_done", 0)) + " of " + std::to_string(event.value("map_count", 0)) +
                    " map tasks, " + std::to_string(event.value("reduces_done", 0)) + " of " +
                    std::to_string(event.value("reduce_count", 0)) + " reduce tasks");
  };
  BRUME_ASSIGN(json answer, master::control_call(home.master_socket(), request, on_event));
  answer["output"] = fs::absolute(output, error).string();
  if (options.json)
    std::cout << answer.dump(2) << "\n";
  else if (!options.quiet) {
    std::cout << answer.value("records", 0) << " records, " << answer.value("output_size", 0) << " bytes in " << output
              << "\n"
              << "took " << answer.value("total_ms", 0) << " ms: " << answer.value("cluster_ms", 0)
              << " ms on the cluster, " << answer.value("merge_ms", 0)
              << " ms to merge and write\nreceipt: " << answer.value("receipt", "") << "\n";
    const json counters = answer.value("counters", json::object());
    for (const auto& [name, sum] : counters.items()) std::cout << "counter " << name << ": " << sum << "\n";
    for (const json& place : answer.value("malformed_places", json::array()))
      std::cout << "malformed record at byte " << place << "\n";
  }
  return {};
}

}  // namespace

void add_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  auto* verb = app.add_subcommand("run", "Run a job over an input; the result is complete, or there is none");
  verb->add_option("JOB", options->job, "The job that is in the cluster's image; with --local, a folder too")
      ->required();
  verb->add_option("--input", options->inputs, "File; if it is not an age file, it is sealed on the way in")
      ->required();
  verb->add_option("--output", options->output,
                   "Where the result goes (default: INPUT.result); NAME.age is sealed to the cluster's owner");
  verb->add_option("-r,--recipient", options->recipient, "age recipient to whom the result is sealed");
  verb->add_option("--partitions", options->partitions, "Reduce tasks (default: one a reducer)")
      ->check(CLI::Range(1, 4096));
  verb->add_option("--split-size", options->split_size,
                   "Bytes of input a map task reads, with K, M or G (default: by input and mappers)");
  verb->add_flag("--pad", options->pad,
                 "Round the sizes of all streams up, so that hosts learn less (docs/security.md)");
  verb->add_option("-p", options->parameters, "A parameter of the job, KEY=VALUE; may be repeated")
      ->allow_extra_args(false);
  verb->add_flag("--json", options->json, "Print JSON");
  verb->add_flag("-q,--quiet", options->quiet, "Print nothing but errors");
  auto* local =
      verb->add_flag("--local", options->local,
                     "Run here in one ordinary process, without a cluster: plain input (- is standard input), "
                     "result to standard output unless --output names a file");
  verb->add_option("--memory", options->memory, "With --local: as an enclave's heap, with K, M or G (default: 1G)")
      ->needs(local);
  verb->add_option(
          "--compression", options->compression,
          "With --local: what the input is compressed with: auto (the default, by its first bytes), none, gzip "
          "or zstd")
      ->needs(local);
  verb->add_option("--seed", options->seed, "With --local: changes the order of all that a job must not rely on")
      ->needs(local);
  verb->add_option("--debugger", options->debugger, "With --local: what starts the job's program, as in 'gdb --args'")
      ->needs(local);
  verb->callback([options] { finish(run(*options)); });
}

}  // namespace brume::cli
