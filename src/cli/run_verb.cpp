// `brume run`: one job over its inputs, sealed all the way.
#include <brume/utf8.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "cli/cluster.h"
#include "cli/job_image.h"
#include "cli/local_job.h"
#include "cli/progress.h"
#include "cli/sealed_inputs.h"
#include "cli/verbs.h"
#include "files/output_paths.h"
#include "files/parameter_words.h"
#include "files/size_text.h"
#include "formats/input_decoder.h"
#include "mapreduce/descriptor.h"
#include "mapreduce/messages.h"
#include "master/control.h"
#include "master/home.h"
#include "sealed/age_keys.h"

namespace brume::cli {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kShownTextLimit = 200;

struct RunOptions {
  std::string job;
  std::vector<std::string> inputs;
  std::vector<std::string> sides;
  std::string pins;
  std::string measurement;
  std::string compression;
  InputOptions access;
  std::vector<std::string> outputs;
  std::string recipient;
  std::uint32_t partitions = 0;
  std::string split_size;
  bool pad = false;
  std::vector<std::string> parameters;
  bool json = false;
  bool quiet = false;
  bool local = false;
  std::string memory;    // of a local run
  std::string seed;      // of a local run
  std::string debugger;  // of a local run
};

// What goes to the master is JSON, which has no other bytes; replaced, they would mean something else.
Status check_text(const std::string& what, const std::string& text) {
  if (is_utf8(text)) return {};
  return fail(ErrorCode::kUsage, what + " " + mapreduce::printable(text, kShownTextLimit) + ": is not UTF-8");
}

Status check_text(const RunOptions& options) {
  BRUME_TRY(check_text("job", options.job));
  for (const std::string& parameter : options.parameters) BRUME_TRY(check_text("-p", parameter));
  for (const std::string& output : options.outputs) BRUME_TRY(check_text("--output", output));
  for (const std::string& side : options.sides) BRUME_TRY(check_text("--side", side));
  return check_text("--recipient", options.recipient);
}

// What nothing here would do.
Status check_local(const RunOptions& options) {
  if (options.pad) return fail(ErrorCode::kUsage, "--pad: with --local nothing is shuffled between hosts");
  if (!options.measurement.empty())
    return fail(ErrorCode::kUsage, "--measurement: of an enclave; with --local there is none");
  if (!options.pins.empty()) return fail(ErrorCode::kUsage, "--pins: of sealed files; with --local, input is plain");
  if (!options.recipient.empty()) return fail(ErrorCode::kUsage, "-r: with --local results are plain");
  for (const std::string& output : options.outputs) {
    if (output.ends_with(".age"))
      return fail(ErrorCode::kUsage, "--output " + output + ": with --local results are plain; name another file");
  }
  return {};
}

// The arguments of the job's own program.
Status run_here(const RunOptions& options) {
  BRUME_TRY(check_local(options));
  std::vector<std::string> arguments;
  const auto pass = [&](const char* name, const std::string& value) {
    if (!value.empty()) arguments.insert(arguments.end(), {name, value});
  };
  for (const std::string& input : options.inputs) {
    BRUME_ASSIGN(const master::InputName name, master::InputName::parse(files::parse_named_path(input).path));
    if (name.remote())
      return fail(ErrorCode::kUsage, "--input " + name.shown() + ": with --local, input is a plain file here");
    pass("--input", input);
  }
  for (const std::string& side : options.sides) pass("--side", side);
  for (const std::string& output : options.outputs) pass("--output", output);
  if (options.partitions != 0) pass("--partitions", std::to_string(options.partitions));
  pass("--split-size", options.split_size);
  pass("--memory", options.memory);
  pass("--compression", options.compression);
  pass("--seed", options.seed);
  for (const std::string& parameter : options.parameters) pass("-p", parameter);
  if (options.json) arguments.push_back("--json");
  if (options.quiet) arguments.push_back("--quiet");
  return become_local_job(options.job, arguments, options.debugger);
}

// Beside nothing: in the folder that the command runs in.
std::string default_output(const std::string& word) {
  const files::NamedPath named = files::parse_named_path(word);
  std::string shown = named.name;
  if (const auto name = master::InputName::parse(named.path); name && !named.named) shown = name->shown();
  return fs::path(shown.substr(0, shown.find_last_not_of('/') + 1)).filename().string() + ".result";
}

// The master writes results, and has no standard output for them.
Status check_files(const files::OutputPaths& outputs) {
  bool to_standard_output = outputs.first == "-";
  for (const auto& [name, path] : outputs.others) to_standard_output = to_standard_output || path == "-";
  if (!to_standard_output) return {};
  return fail(ErrorCode::kUsage,
              "--output -: a cluster's result goes to a file: name one, and read that (standard "
              "output is for --local; a file named '-' is ./-)");
}

// What the master is asked; `inputs` keeps what it made for that.
Result<json> make_request(const RunOptions& options, const master::Home& home, SealedInputs& inputs) {
  BRUME_TRY(check_text(options));
  json request{{"verb", "run"}, {"job", options.job}, {"partitions", options.partitions}, {"pad", options.pad}};
  if (!options.measurement.empty()) {
    BRUME_ASSIGN(const Measurement program, find_program(options.measurement, options.job));
    request["measurement"] = program.hex();
  }
  BRUME_ASSIGN(request["parameters"], files::parse_parameter_words(options.parameters));
  BRUME_ASSIGN(request["split_size"],
               options.split_size.empty() ? Result<std::uint64_t>(0) : files::parse_size(options.split_size));
  const std::string compression = options.compression.empty() ? "auto" : options.compression;
  BRUME_TRY(formats::parse_compression(compression));
  request["compression"] = compression;
  std::error_code error;
  BRUME_ASSIGN(const files::OutputPaths outputs, files::parse_output_paths(options.outputs));
  BRUME_TRY(check_files(outputs));
  const std::string output = outputs.first.empty() ? default_output(options.inputs.front()) : outputs.first;
  request["output"] = fs::absolute(output, error).string();
  request["outputs"] = json::object();
  for (const auto& [name, path] : outputs.others) request["outputs"][name] = fs::absolute(path, error).string();
  BRUME_ASSIGN(const auto paths, files::list_inputs(options.inputs, mapreduce::kInputLimit));
  // Of a folder, each of its files.
  for (const files::NamedPath& path : paths) BRUME_TRY(check_text("--input", path.path));
  BRUME_ASSIGN(const auto sides, files::parse_sides(options.sides));
  BRUME_ASSIGN(request["inputs"], inputs.add("--input", paths));
  BRUME_ASSIGN(request["sides"], inputs.add("--side", sides));
  BRUME_ASSIGN(const master::InputAccess access, input_access(inputs.kinds(), options.access));
  request["access"] = encode_access(access);
  std::string recipient = options.recipient;
  if (recipient.empty() && output.ends_with(".age")) {
    BRUME_ASSIGN(recipient, cluster_recipient(home));
  }
  for (const auto& [name, path] : outputs.others)
    if (recipient.empty() && path.ends_with(".age"))
      return fail(ErrorCode::kUsage, "--output " + name + "=" + path +
                                         ": outputs are sealed all or none: name a recipient with -r, or let the "
                                         "first one's path end with .age, too");
  if (const auto parsed = sealed::AgeRecipient::parse(recipient); !recipient.empty() && !parsed)
    return fail(ErrorCode::kUsage, "-r: " + parsed.error().what);
  request["recipient"] = recipient;
  return request;
}

void show_event(const json& event, const RunOptions& options, Progress& progress) {
  const std::string kind = event.value("event", "");
  if (kind == "note" && !options.quiet) {
    progress.clear();
    std::cerr << "note: " << event.value("text", "") << "\n";
  }
  if (kind == "waiting") progress.show("waiting for another run");
  if (kind != "progress") return;
  const std::string pass = event.value("pass", "");
  progress.show((pass.empty() ? "" : pass + ": ") + std::to_string(event.value("maps_done", 0)) + " of " +
                std::to_string(event.value("map_count", 0)) + " map tasks, " +
                std::to_string(event.value("reduces_done", 0)) + " of " +
                std::to_string(event.value("reduce_count", 0)) + " reduce tasks");
}

// The enclave that came closest to its limit.
void print_memory(const json& memory) {
  const auto share = [](const json& use) { return use.value("peak", 0.0) / std::max(1.0, use.value("limit", 1.0)); };
  const auto most = std::ranges::max_element(memory, {}, share);
  if (most == memory.end() || most->value("limit", 0) == 0) return;
  std::cout << "memory: at most " << (most->value("peak", std::uint64_t{0}) >> 20) << " of "
            << (most->value("limit", std::uint64_t{0}) >> 20) << " MiB in an enclave (" << most->value("name", "")
            << ")\n";
}

void print_answer(const json& answer, const json& request) {
  const json outputs = answer.value("outputs", json::array());
  std::cout << answer.value("records", std::uint64_t{0}) << " records, "
            << answer.value("output_size", std::uint64_t{0}) << " bytes in ";
  for (std::size_t i = 0; i < outputs.size(); ++i) std::cout << (i == 0 ? "" : ", ") << outputs[i].value("path", "");
  std::cout << "\n";
  for (const json& input : request.at("inputs")) {
    const auto name = master::InputName::parse(input.value("place", ""));
    if (name && name->remote()) std::cout << "input: " << name->shown() << ", fetched there by the hosts\n";
  }
  std::cout << "took " << answer.value("total_ms", std::uint64_t{0})
            << " ms: " << answer.value("cluster_ms", std::uint64_t{0}) << " ms on the cluster";
  if (answer.value("passes", 1) > 1) std::cout << " in " << answer.value("passes", 1) << " passes";
  std::cout << ", " << answer.value("merge_ms", std::uint64_t{0})
            << " ms to merge and write\nreceipt: " << answer.value("receipt", "") << "\n";
  print_memory(answer.value("memory", json::array()));
  const json counters = answer.value("counters", json::object());
  for (const auto& [name, sum] : counters.items()) std::cout << "counter " << name << ": " << sum << "\n";
  const json places = answer.value("malformed_places", json::array());
  for (const json& place : places)
    std::cout << place.value("input", "") << ": malformed record at byte " << place.value("offset", std::uint64_t{0})
              << "\n";
}

Status run(const RunOptions& options) {
  if (options.local) return run_here(options);
  BRUME_ASSIGN(const master::Home home, master::Home::from_environment());
  BRUME_ASSIGN(const Cluster cluster, load_cluster(home));
  BRUME_TRY(check_job(options.job, cluster));
  Progress progress("running " + options.job);
  std::optional<InputPins> pins;
  if (!options.pins.empty()) {
    BRUME_ASSIGN(pins, InputPins::read(options.pins));
  }
  SealedInputs inputs(home, cluster.spec.shares, std::move(pins));
  BRUME_ASSIGN(const json request, make_request(options, home, inputs));
  BRUME_ASSIGN(const json answer, master::control_call(home.master_socket(), request, [&](const json& event) {
                 show_event(event, options, progress);
               }));
  progress.clear();
  if (options.json)
    std::cout << answer.dump(2) << "\n";
  else if (!options.quiet)
    print_answer(answer, request);
  return {};
}

// Of an option without which a run rests on less: a variable that is not set must not leave it out.
std::string check_not_empty(const std::string& value) { return value.empty() ? "is empty" : ""; }

}  // namespace

void add_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  auto* verb = app.add_subcommand("run", "Run a job over its inputs; the result is complete, or there is none");
  verb->add_option("JOB", options->job, "The job that is in the cluster's image; with --local, a folder too")
      ->required();
  verb->add_option("--input", options->inputs,
                   "Files and folders, [NAME=]PATH, one after another; what is not an age file is sealed on the way "
                   "in. Or where hosts fetch an age file themselves: shared:/FOLDER/FILE, https://HOST/PATH, "
                   "s3://BUCKET/KEY (docs/guide/inputs.md)")
      ->required();
  verb->add_option("--compression", options->compression,
                   "What the inputs are compressed with: auto (the default, by their first bytes), none, gzip or zstd");
  verb->add_option("--side", options->sides, "NAME=FILE: data that every task gets whole; may be repeated")
      ->allow_extra_args(false);
  verb->add_option("--pins", options->pins,
                   "File of lines as 'brume pin' prints them: no task begins unless each input and side is the sealed "
                   "file that stands there")
      ->check(check_not_empty);
  verb->add_option("--output", options->outputs,
                   "Where the result goes (default: INPUT.result); FILE.age is sealed to the cluster's owner. "
                   "NAME=FILE: where the job's output NAME goes (default: beside it, FILE.NAME)")
      ->allow_extra_args(false);
  verb->add_option("-r,--recipient", options->recipient, "age recipient to whom the result is sealed")
      ->check(check_not_empty);
  verb->add_option("--partitions", options->partitions,
                   "Reduce tasks (default: one a reducer, up to four where the input is large)")
      ->check(CLI::Range(1, 4096));
  verb->add_option("--split-size", options->split_size,
                   "Bytes of input a map task reads, with K, M or G (default: by input and mappers)");
  verb->add_option("--measurement", options->measurement,
                   "The only program that may do it, of those that the policy admits: its image's folder or "
                   "reference-values.json, or 64 hex digits (default: the one that most nodes have)")
      ->check(check_not_empty);
  verb->add_flag("--pad", options->pad,
                 "Round the sizes of all streams up, so that hosts learn less (docs/security.md)");
  verb->add_option("-p", options->parameters, "A parameter of the job, KEY=VALUE; may be repeated")
      ->allow_extra_args(false);
  verb->add_flag("--json", options->json, "Print JSON");
  verb->add_flag("-q,--quiet", options->quiet, "Print nothing but errors");
  add_input_options(*verb, options->access);
  auto* local =
      verb->add_flag("--local", options->local,
                     "Run here in one ordinary process, without a cluster: plain input (- is standard input), "
                     "result to standard output unless --output names a file");
  verb->add_option("--memory", options->memory, "As an enclave's heap, with K, M or G (default: 1G)")
      ->needs(local)
      ->group("With --local");
  verb->add_option("--seed", options->seed, "Changes the order of all that a job must not rely on")
      ->needs(local)
      ->group("With --local");
  verb->add_option("--debugger", options->debugger,
                   "What starts the job's program, as in 'gdb --args'; quotes hold a word together")
      ->needs(local)
      ->group("With --local");
  verb->callback([options] { finish(run(*options)); });
}

}  // namespace brume::cli
