#include "local/command.h"

#include <brume/reduction.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "crypto/hash.h"
#include "files/atomic_file.h"
#include "files/input_file.h"
#include "files/size_text.h"
#include "local/local_run.h"
#include "mapreduce/descriptor.h"

namespace brume::local {
namespace {

constexpr const char* kAgeBegin = "age-encryption.org/";

struct Options {
  std::vector<std::string> inputs;
  std::string output = "-";
  std::uint32_t partitions = 4;
  std::string split_size = "64M";
  std::string memory = "1G";
  std::string seed = "0";
  std::vector<std::string> parameters;
  bool json = false;
  bool quiet = false;
};

class FileInput final : public Input {
 public:
  static Result<FileInput> open(const std::string& path) {
    BRUME_ASSIGN(files::InputFile file, files::InputFile::open(path));
    return FileInput(std::move(file));
  }
  const std::string& name() const override { return file_.name(); }
  std::optional<std::uint64_t> size() const override { return file_.size(); }
  // A sealed file would be counted as if it were text.
  Result<std::size_t> read(MutableByteView out) override {
    BRUME_ASSIGN(const std::size_t size, file_.read(out));
    if (std::exchange(at_begin_, false) && as_chars(out.first(size)).starts_with(kAgeBegin))
      return fail(ErrorCode::kUsage, "is sealed; a local run reads plain input: brume open " + name() + " -o - | ...");
    return size;
  }

 private:
  explicit FileInput(files::InputFile file) : file_(std::move(file)) {}
  files::InputFile file_;
  bool at_begin_ = true;
};

class FileSink final : public mapreduce::LineSink {
 public:
  explicit FileSink(files::AtomicFile& file) : file_(file) {}
  Status write(ByteView text) override { return file_.write(text); }

 private:
  files::AtomicFile& file_;
};

Result<LocalOptions> local_options(const Options& options) {
  LocalOptions local;
  for (const std::string& word : options.parameters) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string::npos)
      return fail(ErrorCode::kUsage, "-p " + word + ": expected KEY=VALUE");
    local.parameters.push_back({word.substr(0, equals), word.substr(equals + 1)});
  }
  local.partition_count = options.partitions;
  BRUME_ASSIGN(local.split_size, files::parse_size(options.split_size));
  BRUME_ASSIGN(const std::uint64_t memory, files::parse_size(options.memory));
  local.limits = mapreduce::limits_for_heap(memory);
  local.hash_key = crypto::sha256(as_bytes(options.seed)).bytes;
  return local;
}

void tell(const JobProgram& program, const Options& options, const LocalTotals& totals) {
  if (options.json) {
    auto counters = nlohmann::ordered_json::object();
    auto places = nlohmann::ordered_json::array();
    for (const MalformedPlace& place : totals.malformed_places)
      places.push_back({{"input", place.input}, {"offset", place.offset}});
    for (const JobCounter& counter : totals.counters) counters[counter.name] = counter.sum;
    // Standard output may be the result's.
    (options.output == "-" ? std::cerr : std::cout) << nlohmann::ordered_json{{"job", program.name()},
                                                                              {"records", totals.output.records},
                                                                              {"output_size", totals.output.bytes},
                                                                              {"input_size", totals.input_size},
                                                                              {"map_count", totals.map_count},
                                                                              {"reduce_count", options.partitions},
                                                                              {"shuffled_size", totals.shuffled_size},
                                                                              {"counters", counters},
                                                                              {"malformed_places", places}}
                                                           .dump(2)
                                                    << "\n";
  } else if (!options.quiet) {
    std::cerr << totals.output.records << " records, " << totals.output.bytes << " bytes from " << totals.input_size
              << " bytes: " << totals.map_count << " map and " << options.partitions << " reduce tasks\n";
    for (const JobCounter& counter : totals.counters)
      std::cerr << "counter " << counter.name << ": " << counter.sum << "\n";
    for (const MalformedPlace& place : totals.malformed_places)
      std::cerr << place.input << ": malformed record at byte " << place.offset << "\n";
  }
}

Status run(JobProgram& program, const Options& options) {
  BRUME_ASSIGN(const LocalOptions local, local_options(options));
  std::vector<FileInput> files;
  for (const std::string& path : options.inputs) {
    BRUME_ASSIGN(FileInput file, FileInput::open(path));
    files.push_back(std::move(file));
  }
  std::vector<Input*> inputs;
  for (FileInput& file : files) inputs.push_back(&file);
  BRUME_ASSIGN(files::AtomicFile output, files::AtomicFile::create(options.output, {.force = true}));
  FileSink sink(output);
  BRUME_ASSIGN(const LocalTotals totals, run_local(program, local, inputs, sink));
  BRUME_TRY(output.commit());
  tell(program, options, totals);
  return {};
}

int exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUsage:
      return 2;
    case ErrorCode::kMalformed:
    case ErrorCode::kUnsupported:
    case ErrorCode::kNotFound:
      return 3;
    default:
      return 1;
  }
}

}  // namespace

int run_command(JobProgram& program, int argc, char** argv) {
  Options options;
  CLI::App app("Runs the job " + std::string(program.name()) + " here, in this one process, over plain input",
               std::string(program.name()) + "-local");
  app.add_option("--input", options.inputs, "Files, one after another; - is standard input")->required();
  app.add_option("--output", options.output, "Where the result goes; - is standard output")->capture_default_str();
  app.add_option("--partitions", options.partitions, "Reduce tasks")
      ->check(CLI::Range(1u, mapreduce::kPartitionLimit))
      ->capture_default_str();
  app.add_option("--split-size", options.split_size, "Bytes of input a map task reads, with K, M or G")
      ->capture_default_str();
  app.add_option("--memory", options.memory, "As an enclave's heap: half of it is what a task's tables may take")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Changes the order of everything that a job must not rely on")
      ->capture_default_str();
  app.add_option("-p", options.parameters, "A parameter of the job, KEY=VALUE; may be repeated")
      ->allow_extra_args(false);
  app.add_flag("--json", options.json, "Print what was done as JSON");
  app.add_flag("-q,--quiet", options.quiet, "Print nothing but errors");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  detail::tell_exceptions = true;
  const Status status = run(program, options);
  if (status) return 0;
  std::cerr << program.name() << ": error: " << status.error().what << "\n";
  return exit_code(status.error());
}

}  // namespace brume::local
