// `brume seal`: plain file to age file.
#include "cli/age_files.h"
#include "cli/verbs.h"

namespace brume::cli {

namespace {

struct SealOptions {
  std::vector<std::string> recipients;
  std::vector<std::string> recipient_files;
  std::string in;
  std::string out;
  bool force = false;
};

Result<std::vector<sealed::AgeRecipient>> gather_recipients(const SealOptions& options) {
  std::vector<sealed::AgeRecipient> all;
  for (const std::string& text : options.recipients) {
    auto recipient = sealed::AgeRecipient::parse(text);
    if (!recipient) return fail(ErrorCode::kUsage, "-r: " + recipient.error().what);
    all.push_back(*recipient);
  }
  for (const std::string& path : options.recipient_files) {
    BRUME_ASSIGN(std::string text, files::read_small_file(path, sealed::kAgeKeyFileSizeLimit));
    auto listed = sealed::parse_recipients_file(text);
    if (!listed) return within(path, std::move(listed.error()));
    all.insert(all.end(), listed->begin(), listed->end());
  }
  if (all.empty()) {
    return fail(ErrorCode::kUsage,
                "no recipient: give -r age1... ('brume status --recipient' prints the cluster's, 'brume keygen' a new "
                "key's) or -R FILE");
  }
  return all;
}

Status seal(const SealOptions& options) {
  BRUME_ASSIGN(std::vector<sealed::AgeRecipient> recipients, gather_recipients(options));
  BRUME_ASSIGN(files::InputFile in, files::InputFile::open(options.in));
  if (options.out == "-" && isatty(STDOUT_FILENO) == 1) {
    return fail(ErrorCode::kUsage, "sealed bytes would go to the terminal; name a file with -o, or pipe them on");
  }
  BRUME_ASSIGN(files::AtomicFile out, files::AtomicFile::create(options.out, {.force = options.force}));
  BRUME_TRY(seal_file(in, out, recipients));
  return out.commit();
}

}  // namespace

void add_seal(CLI::App& app) {
  auto options = std::make_shared<SealOptions>();
  CLI::App* verb = app.add_subcommand("seal", "Seal a file to recipients (age v1: stock age can open it)");
  verb->add_option("-r,--recipient", options->recipients, "Recipient, age1...; may be given again")
      ->allow_extra_args(false);
  verb->add_option("-R,--recipients-file", options->recipient_files,
                   "File with a recipient on each line; may be given again")
      ->allow_extra_args(false);
  verb->add_option("IN", options->in, "Plain file, or - for standard input")->required();
  verb->add_option("-o,--output", options->out, "Sealed file, or - for standard output")->required();
  verb->add_flag("--force", options->force, "Replace an output that is there");
  verb->footer("The output appears when it is whole, or not at all.");
  verb->callback([options] { finish(seal(*options)); });
}

}  // namespace brume::cli
