// `brume pin`: what `brume run --pins` holds a run's inputs against.
#include <iostream>

#include "cli/age_files.h"
#include "cli/input_pins.h"
#include "cli/verbs.h"
#include "files/input_list.h"
#include "mapreduce/descriptor.h"
#include "master/input_name.h"

namespace brume::cli {

namespace {

Result<std::string> pin(const files::NamedPath& path) {
  BRUME_ASSIGN(const master::InputName place, master::InputName::parse(path.path));
  if (place.remote())
    return fail(ErrorCode::kUsage, place.shown() +
                                       ": pin your own copy of it, a file here: what is there now may be "
                                       "another file already");
  BRUME_ASSIGN(const files::InputFile file, files::InputFile::open(path.path));
  BRUME_ASSIGN(const Sha256Digest header, header_hash(file));
  return pin_line(header, path.name);
}

Status pin_all(const std::vector<std::string>& words) {
  BRUME_ASSIGN(const auto paths, files::list_inputs(words, mapreduce::kInputLimit));
  std::string lines;
  for (const files::NamedPath& path : paths) {
    BRUME_ASSIGN(const std::string line, pin(path));
    lines += line + "\n";
  }
  std::cout << lines << std::flush;
  return std::cout ? Status() : fail(ErrorCode::kIo, "standard output: could not be written");
}

}  // namespace

void add_pin(CLI::App& app) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* verb = app.add_subcommand("pin", "Print what 'brume run --pins' knows sealed files by, a line each");
  verb->add_option("FILE", *words, "Sealed files of your own and folders of them, [NAME=]PATH, as for 'brume run'")
      ->required();
  verb->footer(
      "A line is the SHA-256 of a sealed file's header, and its name. It fixes the content for all who could not\n"
      "open the file; nothing is opened here. Example: brume pin text.age >>pins");
  verb->callback([words] { finish(pin_all(*words)); });
}

}  // namespace brume::cli
