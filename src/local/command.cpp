#include "local/command.h"

#include <brume/reduction.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "crypto/hash.h"
#include "files/atomic_file.h"
#include "files/command_line.h"
#include "files/input_file.h"
#include "files/input_list.h"
#include "files/output_paths.h"
#include "files/output_places.h"
#include "files/parameter_words.h"
#include "files/size_text.h"
#include "formats/input_decoder.h"
#include "local/decoded_input.h"
#include "local/local_run.h"
#include "mapreduce/descriptor.h"

namespace brume::local {
namespace {

// What is sealed would be counted as if it were text.
Status check_plain(const std::string& name, ByteView begin) {
  const std::string_view text = as_chars(begin);
  if (!files::looks_sealed(text)) return {};
  const std::string opened = text.starts_with('-') ? "age -d -i KEY " + name : "brume open " + name + " -o -";
  return fail(ErrorCode::kUsage, "is sealed; a local run reads plain input: " + opened + " | ...");
}

struct Options {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<std::string> sides;
  std::uint32_t partitions = 4;
  std::string split_size = "64M";
  std::string memory = "1G";
  std::string seed = "0";
  std::string compression = "auto";
  std::vector<std::string> parameters;
  bool json = false;
  bool quiet = false;
};

// A regular file is open only while it is read, for there may be thousands. A pipe stays open: who writes into it would
// be told that nobody reads any more.
class FileInput final : public Input {
 public:
  explicit FileInput(files::NamedPath path) : path_(std::move(path)) {
    if (path_.name == "-") path_.name = "standard input";
  }
  // Whether it can be read at all, and its size.
  Status look() {
    BRUME_TRY(open());
    size_ = file_->size();
    if (can_reopen()) file_.reset();
    return {};
  }
  const std::string& name() const override { return path_.name; }
  std::optional<std::uint64_t> size() const override { return size_; }
  Result<std::size_t> read(MutableByteView out) override {
    if (ended_) return std::size_t{0};
    if (!file_) BRUME_TRY(open());
    BRUME_ASSIGN(const std::size_t size, file_->read(out));
    if (std::exchange(at_begin_, false)) BRUME_TRY(check_plain(name(), out.first(size)));
    if (size < out.size()) {
      ended_ = true;
      file_.reset();
    }
    return size;
  }
  // A pipe, whatever its name, would go on where it is.
  Status rewind() override {
    if (!can_reopen())
      return fail(ErrorCode::kUsage, name() + " can be read once, and this job reads its input in every pass");
    file_.reset();
    ended_ = false;
    at_begin_ = true;
    return {};
  }

 private:
  bool can_reopen() const {
    std::error_code error;
    return path_.path != "-" && std::filesystem::is_regular_file(path_.path, error);
  }
  Status open() {
    BRUME_ASSIGN(files::InputFile file, files::InputFile::open(path_.path));
    file_.emplace(std::move(file));
    return {};
  }

  files::NamedPath path_;
  std::optional<std::uint64_t> size_;
  std::optional<files::InputFile> file_;
  bool at_begin_ = true;
  bool ended_ = false;
};

class FileSink final : public mapreduce::LineSink {
 public:
  explicit FileSink(files::AtomicFile file) : file_(std::move(file)) {}
  Status write(ByteView text) override { return file_.write(text); }
  Status commit() { return file_.commit(); }

 private:
  files::AtomicFile file_;
};

// The job's outputs, by the --output options: PATH for the first one, NAME=PATH for others, which else stand beside it.
class Outputs {
 public:
  static Result<Outputs> create(const std::vector<std::string>& words) {
    Outputs out;
    BRUME_ASSIGN(out.paths_, files::parse_output_paths(words));
    if (out.paths_.first.empty()) out.paths_.first = "-";
    return out;
  }
  Result<std::vector<mapreduce::LineSink*>> open_all(const std::vector<std::string>& others) {
    std::vector<mapreduce::LineSink*> out;
    BRUME_ASSIGN(out.emplace_back(), open(""));
    for (const std::string& name : others) {
      BRUME_ASSIGN(out.emplace_back(), open(name));
    }
    if (!paths_.others.empty())
      return fail(ErrorCode::kUsage, "--output " + paths_.others.begin()->first + "=...: the job has no such output");
    return out;
  }
  Status commit() {
    for (const auto& sink : sinks_) BRUME_TRY(sink->commit());
    return {};
  }
  bool to_standard_output() const { return paths_.first == "-"; }

 private:
  Result<mapreduce::LineSink*> open(const std::string& name) {
    std::string path = paths_.first;
    if (!name.empty()) {
      const auto given = paths_.others.find(name);
      if (given == paths_.others.end() && to_standard_output())
        return fail(ErrorCode::kUsage, "the job has an output '" + name + "': --output " + name + "=FILE");
      path = given == paths_.others.end() ? paths_.first + "." + name : given->second;
      if (given != paths_.others.end()) paths_.others.erase(given);
    }
    BRUME_TRY(places_.add(path));
    BRUME_ASSIGN(files::AtomicFile file, files::AtomicFile::create(path, {.force = true}));
    sinks_.push_back(std::make_unique<FileSink>(std::move(file)));
    return sinks_.back().get();
  }

  files::OutputPaths paths_;
  files::OutputPlaces places_;
  std::vector<std::unique_ptr<FileSink>> sinks_;
};

// Of a file, whole.
constexpr std::uint64_t kSideSizeLimit = std::uint64_t{1} << 32;

Result<std::vector<LocalSide>> read_sides(const std::vector<std::string>& words) {
  BRUME_ASSIGN(const auto sides, files::parse_sides(words));
  std::vector<LocalSide> out;
  for (const files::NamedPath& named : sides) {
    BRUME_ASSIGN(Bytes bytes, files::read_whole(named.path, kSideSizeLimit));
    if (auto status = check_plain(named.path, bytes); !status) return within("--side " + named.name, status.error());
    out.push_back({named.name, std::move(bytes)});
  }
  return out;
}

Result<LocalOptions> local_options(const Options& options) {
  LocalOptions local;
  BRUME_ASSIGN(const auto parameters, files::parse_parameter_words(options.parameters));
  for (const auto& [key, value] : parameters) local.parameters.push_back({key, value});
  BRUME_ASSIGN(local.sides, read_sides(options.sides));
  local.partition_count = options.partitions;
  BRUME_ASSIGN(local.split_size, files::parse_size(options.split_size));
  BRUME_ASSIGN(const std::uint64_t memory, files::parse_size(options.memory));
  local.limits = mapreduce::limits_for_heap(memory);
  local.hash_key = crypto::sha256(as_bytes(options.seed)).bytes;
  return local;
}

std::string input_name(const std::vector<FileInput>& inputs, const RecordPlace& place) {
  return place.input < inputs.size() ? inputs[place.input].name() : std::string(kPreviousInput);
}

nlohmann::ordered_json as_json(const JobProgram& program, const Options& options, const std::vector<FileInput>& inputs,
                               const LocalTotals& totals) {
  auto counters = nlohmann::ordered_json::object();
  auto places = nlohmann::ordered_json::array();
  for (const RecordPlace& place : totals.malformed_places)
    places.push_back({{"input", input_name(inputs, place)}, {"offset", place.offset}});
  for (const JobCounter& counter : totals.counters) counters[counter.name] = counter.sum;
  return {{"job", program.name()},
          {"records", totals.output.records},
          {"output_size", totals.output.bytes},
          {"input_size", totals.input_size},
          {"map_count", totals.map_count},
          {"reduce_count", options.partitions},
          {"pass_count", totals.pass_count},
          {"shuffled_size", totals.shuffled_size},
          {"scratch_size", totals.scratch_size},
          {"counters", counters},
          {"malformed_places", places},
          {"notes", totals.notes}};
}

void tell(const Options& options, const std::vector<FileInput>& inputs, const LocalTotals& totals) {
  std::cerr << totals.output.records << " records, " << totals.output.bytes << " bytes from " << totals.input_size
            << " bytes: " << totals.map_count << " map and " << options.partitions << " reduce tasks";
  if (totals.pass_count > 1) std::cerr << ", " << totals.pass_count << " passes";
  std::cerr << "\n";
  if (totals.scratch_size > 0)
    std::cerr << totals.scratch_size << " bytes were kept aside, for lack of memory (--memory)\n";
  for (const JobCounter& counter : totals.counters)
    std::cerr << "counter " << counter.name << ": " << counter.sum << "\n";
  for (const RecordPlace& place : totals.malformed_places)
    std::cerr << input_name(inputs, place) << ": malformed record at byte " << place.offset << "\n";
  for (const std::string& note : totals.notes) std::cerr << "note: " << note << "\n";
}

Status run(JobProgram& program, const Options& options) {
  BRUME_ASSIGN(const LocalOptions local, local_options(options));
  BRUME_ASSIGN(const auto paths, files::list_inputs(options.inputs, mapreduce::kInputLimit));
  BRUME_ASSIGN(const formats::CompressionChoice choice, formats::parse_compression(options.compression));
  std::vector<FileInput> files;
  files.reserve(paths.size());
  std::vector<DecodedInput> texts;
  texts.reserve(paths.size());
  std::vector<Input*> inputs;
  for (const files::NamedPath& path : paths) {
    FileInput& file = files.emplace_back(path);
    BRUME_TRY(file.look());
    auto text = DecodedInput::open(file, choice, formats::decoder_limits_for_heap(local.limits.heap_size));
    if (!text) return within(file.name(), text.error());
    inputs.push_back(&texts.emplace_back(std::move(*text)));
  }
  BRUME_ASSIGN(Outputs outputs, Outputs::create(options.outputs));
  BRUME_ASSIGN(const LocalTotals totals,
               run_local(program, local, inputs, [&](const auto& others) { return outputs.open_all(others); }));
  BRUME_TRY(outputs.commit());
  // Standard output may be the result's.
  if (options.json) {
    (outputs.to_standard_output() ? std::cerr : std::cout)
        << json_text(as_json(program, options, files, totals), 2) << "\n";
  } else if (!options.quiet) {
    tell(options, files, totals);
  }
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
  files::set_manners(app);
  app.add_option("--input", options.inputs, "Files and folders, [NAME=]PATH, one after another; - is standard input")
      ->required();
  app.add_option("--output", options.outputs,
                 "Where the result goes (default: -, standard output); NAME=FILE: where the job's output NAME goes "
                 "(default: beside it, PATH.NAME)")
      ->allow_extra_args(false);
  app.add_option("--side", options.sides, "NAME=FILE: data that every task gets whole; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--partitions", options.partitions, "Reduce tasks")
      ->check(CLI::Range(1u, mapreduce::kPartitionLimit))
      ->capture_default_str();
  app.add_option("--split-size", options.split_size, "Bytes of input a map task reads, with K, M or G")
      ->capture_default_str();
  app.add_option("--memory", options.memory, "As an enclave's heap: half of it is what a task's tables may take")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Changes the order of everything that a job must not rely on")
      ->capture_default_str();
  app.add_option("--compression", options.compression,
                 "What the input is compressed with: auto (by its first bytes), none, gzip or zstd")
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
