// `brume bench`: measurements that anybody can repeat.
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <thread>

#include "cli/age_files.h"
#include "cli/bench_report.h"
#include "cli/verbs.h"
#include "master/input_file.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kCpuInfoLimit = 4u << 20;

struct PaperOptions {
  std::string input;
  std::string folder = "brume-bench";
  std::string commit;
  std::uint32_t runs = 5;
  BenchClusterOptions cluster;
};

std::string processor_name() {
  auto text = master::read_text_file("/proc/cpuinfo", kCpuInfoLimit);
  if (!text) return "unknown";
  const std::size_t at = text->find("model name");
  const std::size_t colon = at == text->npos ? text->npos : text->find(": ", at);
  if (colon == text->npos) return "unknown";
  return text->substr(colon + 2, text->find('\n', colon) - colon - 2);
}

Result<PaperResults> describe(const PaperOptions& options) {
  if (options.input.empty())
    return fail(ErrorCode::kUsage, "bench paper: --input FILE is missing: the text whose words are counted");
  BRUME_ASSIGN(const bool sealed, master::is_age_file(options.input));
  if (sealed) return fail(ErrorCode::kUsage, "bench paper: give the plain text; it is sealed to the clusters' own key");
  std::error_code error;
  PaperResults out;
  out.input_name = fs::path(options.input).filename().string();
  out.input_size = fs::file_size(options.input, error);
  if (error) return fail(ErrorCode::kIo, options.input + ": " + error.message());
  out.cluster = options.cluster;
  out.tsc_hz = tsc_hz();
  out.processor = processor_name();
  out.processor_count = std::thread::hardware_concurrency();
  utsname system{};
  if (uname(&system) == 0) out.kernel = std::string(system.sysname) + " " + system.release;
  out.commit = options.commit;
  return out;
}

Status seal_input(const std::string& plain, const fs::path& sealed, const std::string& recipient_text) {
  BRUME_ASSIGN(const sealed::AgeRecipient recipient, sealed::AgeRecipient::parse(recipient_text));
  BRUME_ASSIGN(files::InputFile in, files::InputFile::open(plain));
  BRUME_ASSIGN(files::AtomicFile out, files::AtomicFile::create(sealed.string(), {.mode = 0600}));
  BRUME_TRY(seal_file(in, out, std::span(&recipient, 1)));
  return out.commit();
}

Status write_report(const fs::path& path, std::string_view text) {
  BRUME_ASSIGN(files::AtomicFile file, files::AtomicFile::create(path.string(), {.force = true}));
  BRUME_TRY(file.write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}));
  return file.commit();
}

// Both clusters stand side by side; only one computes at a time.
Status measure(const PaperOptions& options, PaperResults& results) {
  BRUME_ASSIGN(const auto folder, BenchFolder::create());
  auto start = [&](const std::string& tee, const BenchCluster* like) {
    BenchClusterOptions cluster = options.cluster;
    cluster.tee = tee;
    std::cerr << "starting " << cluster.mappers << " mappers and " << cluster.reducers << " reducers, tee " << tee
              << std::endl;
    const master::Home home = folder->add_home(tee);
    const auto hold = folder->hold();
    return BenchCluster::start(home, cluster, like);
  };
  BRUME_ASSIGN(BenchCluster none, start("none", nullptr));
  BRUME_ASSIGN(BenchCluster sgx_sim, start("sgx-sim", &none));
  results.counted = none.counts_cycles() && sgx_sim.counts_cycles();
  BRUME_ASSIGN(const std::string recipient, none.recipient());
  const fs::path input = folder->path() / "input.age";
  std::cerr << "sealing " << results.input_name << std::endl;
  BRUME_TRY(seal_input(options.input, input, recipient));
  std::string digest;
  auto run = [&](BenchCluster& cluster, const std::string& what) -> Result<PaperRun> {
    std::cerr << what << ": " << std::flush;
    BRUME_ASSIGN(PaperRun out, cluster.run(input, folder->path() / "output"));
    std::cerr << out.tee << " " << out.total_s << " s" << std::endl;
    if (digest.empty()) digest = out.output_sha256;
    if (digest != out.output_sha256) return fail(ErrorCode::kState, "the runs' results differ: nothing to compare");
    return out;
  };
  BRUME_ASSIGN([[maybe_unused]] const PaperRun warm_none, run(none, "warm-up"));
  BRUME_ASSIGN(results.memory_none, none.enclave_memory());
  BRUME_ASSIGN([[maybe_unused]] const PaperRun warm_sgx_sim, run(sgx_sim, "warm-up"));
  BRUME_ASSIGN(results.memory_sgx_sim, sgx_sim.enclave_memory());
  for (std::uint32_t i = 1; i <= options.runs; ++i) {
    const std::string what = "run " + std::to_string(i) + " of " + std::to_string(options.runs);
    BRUME_ASSIGN(PaperRun without, run(none, what));
    BRUME_ASSIGN(PaperRun with, run(sgx_sim, what));
    results.none.push_back(std::move(without));
    results.sgx_sim.push_back(std::move(with));
  }
  std::cerr << "taking both clusters down" << std::endl;
  return {};
}

Status paper(const PaperOptions& options) {
  BRUME_ASSIGN(PaperResults results, describe(options));
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) return fail(ErrorCode::kIo, options.folder + ": " + error.message());
  BRUME_TRY(measure(options, results));
  const fs::path figure = fs::path(options.folder) / "paper.svg";
  const fs::path data = fs::path(options.folder) / "paper.json";
  BRUME_TRY(write_report(figure, render_figure(results)));
  BRUME_TRY(write_report(data, render_json(results).dump(2) + "\n"));
  std::cout << render_table(results) << "figure: " << figure.string() << "\nall runs: " << data.string() << "\n";
  return {};
}

}  // namespace

void add_bench(CLI::App& app) {
  auto* verb = app.add_subcommand("bench", "Measurements of this machine");
  verb->require_subcommand(1);
  auto options = std::make_shared<PaperOptions>();
  auto* paper_verb = verb->add_subcommand(
      "paper", "The paper's Fig. 4: mapper and reducer nodes with sgx-sim and with none, interleaved");
  paper_verb->add_option("--input", options->input, "The text whose words are counted (plain)");
  paper_verb->add_option("--mappers", options->cluster.mappers, "Nodes that map")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  paper_verb->add_option("--reducers", options->cluster.reducers, "Nodes that reduce")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  paper_verb->add_option("--runs", options->runs, "Measured runs with each")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  paper_verb->add_option("--engine", options->cluster.engine, "Where containers run")
      ->check(CLI::IsMember({"podman", "docker", "process"}))
      ->capture_default_str();
  paper_verb->add_option("-o,--output", options->folder, "Folder for paper.svg and paper.json")->capture_default_str();
  paper_verb->add_option("--commit", options->commit, "The sources' commit, to stand in paper.json");
  paper_verb->callback([options] { finish(paper(*options)); });
}

}  // namespace brume::cli
