// `brume open`: age file to plain file.
#include "cli/age_files.h"
#include "cli/verbs.h"
#include "master/home.h"

namespace brume::cli {

namespace {

struct OpenOptions {
  std::vector<std::string> identity_files;
  std::string in;
  std::string out;
  bool force = false;
};

// Without -i: the key of this home's clusters, to which inputs and results named *.age are sealed.
Result<std::vector<std::string>> identity_files(const OpenOptions& options) {
  if (!options.identity_files.empty()) return options.identity_files;
  BRUME_ASSIGN(const master::Home home, master::Home::from_environment());
  std::error_code error;
  if (std::filesystem::exists(home.identity(), error)) return std::vector{home.identity().string()};
  return fail(ErrorCode::kUsage, "open: name the key file with -i; without it this home's own key is taken, and " +
                                     home.identity().string() + " is not there (the first 'brume up' makes it)");
}

Result<std::vector<sealed::AgeIdentity>> gather_identities(const OpenOptions& options) {
  std::vector<sealed::AgeIdentity> all;
  BRUME_ASSIGN(const std::vector<std::string> paths, identity_files(options));
  for (const std::string& path : paths) {
    BRUME_ASSIGN(std::string text, files::read_small_file(path, sealed::kAgeKeyFileSizeLimit));
    auto keys = sealed::parse_identity_file(text);
    crypto::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    if (!keys) return within(path, std::move(keys.error()));
    all.insert(all.end(), keys->begin(), keys->end());
  }
  return all;
}

Status open(const OpenOptions& options) {
  BRUME_ASSIGN(std::vector<sealed::AgeIdentity> identities, gather_identities(options));
  BRUME_ASSIGN(files::InputFile in, files::InputFile::open(options.in));
  BRUME_ASSIGN(files::AtomicFile out, files::AtomicFile::create(options.out, {.force = options.force}));
  BRUME_TRY(open_file(in, out, identities));
  return out.commit();
}

}  // namespace

void add_open(CLI::App& app) {
  auto options = std::make_shared<OpenOptions>();
  CLI::App* verb = app.add_subcommand("open", "Open a sealed file (age v1, also as stock age writes it)");
  verb->add_option("-i,--identity", options->identity_files,
                   "Key file of 'brume keygen' or age-keygen; may be given again (default: the key of this home's "
                   "clusters, to which inputs and results named *.age are sealed)")
      ->allow_extra_args(false);
  verb->add_option("IN", options->in, "Sealed file, or - for standard input")->required();
  verb->add_option("-o,--output", options->out, "Plain file, or - for standard output")->required();
  verb->add_flag("--force", options->force, "Replace an output that is there");
  verb->footer(
      "The output appears when all of it has been authenticated, or not at all. Standard output gets\n"
      "authentic pieces as they come: heed the exit code, which alone says that nothing was cut off.");
  verb->callback([options] { finish(open(*options)); });
}

}  // namespace brume::cli
