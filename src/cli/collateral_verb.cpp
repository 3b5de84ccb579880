// `brume collateral`: endorsements that verifications need, carried in bundles.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "cli/collateral_input.h"
#include "cli/collateral_show.h"
#include "cli/fetch_options.h"
#include "cli/job_program.h"
#include "cli/verbs.h"
#include "files/atomic_file.h"

namespace brume::cli {

namespace {

// As this program was given them: after `brume collateral fetch`.
Result<std::vector<std::string>> fetch_arguments() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> all;
  for (std::string word; std::getline(file, word, '\0');) all.push_back(word);
  if (all.size() < 3 || all[1] != "collateral" || all[2] != "fetch") {
    return fail(ErrorCode::kUsage, "'collateral fetch' must be the first words");
  }
  all.erase(all.begin(), all.begin() + 3);
  return all;
}

// The program takes this one's place.
Status run_fetch() {
  BRUME_ASSIGN(std::vector<std::string> arguments, fetch_arguments());
  std::string program = (tool_folder() / "brume-fetch").string();
  std::vector<char*> all{program.data()};
  for (std::string& argument : arguments) all.push_back(argument.data());
  all.push_back(nullptr);
  ::execv(program.c_str(), all.data());
  return fail(ErrorCode::kUnavailable, program + ": " + strerrordesc_np(errno) + "; it belongs beside brume");
}

void add_fetch(CLI::App& verb) {
  auto options = std::make_shared<FetchVerb>();
  CLI::App* fetch =
      verb.add_subcommand("fetch", "Fetch collateral from Intel's PCS, a PCCS or AMD's KDS into a bundle");
  add_fetch_options(*fetch, *options);
  fetch->callback([options] { finish(run_fetch()); });
}

struct ImportVerb {
  std::vector<std::string> paths;
  std::string out;
  std::string pin;
  bool force = false;
  bool json = false;
};

// What does not parse, or is not signed by its signer, is no collateral: better told here than at a join.
Status check_parts(const evidence::Bundle& bundle) {
  for (const collateral::Item& item : collateral::inventory(bundle)) {
    if (!item.broken.empty()) return fail(ErrorCode::kAuthFailed, item.what + ": " + item.broken);
  }
  return {};
}

Status check_pin(const std::string& pin, const Sha256Digest& digest) {
  if (pin.empty()) return {};
  const auto pinned = Sha256Digest::parse_hex(pin);
  if (!pinned) return fail(ErrorCode::kUsage, "--pin: give 64 hex digits");
  if (*pinned == digest) return {};
  return fail(ErrorCode::kAuthFailed, "the collateral is not what was pinned: its SHA-256 is " + digest.hex());
}

void print_notes(const std::vector<collateral::FileNote>& notes) {
  for (const collateral::FileNote& note : notes) {
    std::cout << note.name << ": " << (note.use.empty() ? note.why : note.use) << "\n";
  }
}

Status import(const ImportVerb& options) {
  std::vector<collateral::FileNote> notes;
  BRUME_ASSIGN(const evidence::Bundle bundle, read_collateral(options.paths, notes));
  BRUME_TRY(check_parts(bundle));
  const std::string text = evidence::encode_bundle(bundle);
  // Too many parts, or too long: what cannot be read again is not written.
  BRUME_TRY(evidence::parse_bundle(text));
  const Sha256Digest digest = evidence::bundle_digest(bundle);
  BRUME_TRY(check_pin(options.pin, digest));
  BRUME_ASSIGN(files::AtomicFile out,
               files::AtomicFile::create(options.out, {.force = options.force, .durable = true}));
  BRUME_TRY(out.write(as_bytes(text)));
  BRUME_TRY(out.commit());
  if (options.out == "-") return {};
  if (options.json) {
    std::cout << show_json(bundle);
    return {};
  }
  print_notes(notes);
  std::cout << "sha256 " << digest.hex() << "\n";
  return {};
}

void add_import(CLI::App& verb) {
  auto options = std::make_shared<ImportVerb>();
  CLI::App* sub = verb.add_subcommand("import", "Make a bundle of files, folders and bundles");
  sub->add_option("PATH", options->paths,
                  "Files as PCS, PCCS, KDS and TPM vendors give them, under any names; bundles; folders of these")
      ->required();
  sub->add_option("-o,--output", options->out, "Bundle to write, or - for standard output")->required();
  sub->add_option("--pin", options->pin, "SHA-256 that the bundle must have, as it was printed where it was made");
  sub->add_flag("--force", options->force, "Replace an output that is there");
  sub->add_flag("--json", options->json, "Print what is in it as JSON");
  sub->footer("Of parts that are for the same (a CA's revocation list, a family's TCB info) the newest is taken.");
  sub->callback([options] { finish(import(*options)); });
}

struct LookVerb {
  std::vector<std::string> paths;
  std::string at;
  bool json = false;
};

Status show(const LookVerb& options) {
  std::vector<collateral::FileNote> notes;
  BRUME_ASSIGN(const evidence::Bundle bundle, read_collateral(options.paths, notes));
  std::cout << (options.json ? show_json(bundle) : show_text(bundle));
  return {};
}

Status check(const LookVerb& options) {
  BRUME_ASSIGN(const UnixMs at_ms, time_option(options.at));
  std::vector<collateral::FileNote> notes;
  BRUME_ASSIGN(const evidence::Bundle bundle, read_collateral(options.paths, notes));
  const collateral::Checkup checkup = collateral::check(bundle, at_ms);
  std::cout << (options.json ? check_json(checkup, at_ms) : check_text(checkup, at_ms));
  if (!checkup.findings.empty()) throw CLI::RuntimeError(kExitFailed);
  return {};
}

void add_looks(CLI::App& verb) {
  auto options = std::make_shared<LookVerb>();
  CLI::App* show_verb = verb.add_subcommand("show", "Say what is in a bundle, for whom, and from when to when");
  CLI::App* check_verb = verb.add_subcommand("check", "Say what is stale or missing (exit 1 if anything is)");
  for (CLI::App* sub : {show_verb, check_verb}) {
    sub->add_option("PATH", options->paths, "Bundle, or files and folders of collateral")->required();
    sub->add_flag("--json", options->json, "Print JSON");
  }
  check_verb->add_option("--at", options->at, "At that time, as 2026-01-31T12:00:00Z (default: now)");
  show_verb->callback([options] { finish(show(*options)); });
  check_verb->callback([options] { finish(check(*options)); });
}

}  // namespace

void add_collateral(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("collateral", "Get, carry and check what verifications need besides evidence");
  verb->require_subcommand(1);
  add_fetch(*verb);
  add_import(*verb);
  add_looks(*verb);
}

}  // namespace brume::cli
