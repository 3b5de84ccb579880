// `brume evidence`: look at evidence, and verify it, without a cluster.
#include <chrono>
#include <iostream>

#include "base/json_text.h"
#include "cli/evidence_output.h"
#include "cli/evidence_show.h"
#include "cli/verbs.h"
#include "master/daemon.h"

namespace brume::cli {
namespace {

// Whatever cannot be read or does not parse ends with 3; only the command line's own faults with 2.
[[noreturn]] void fail_input(const Error& error) {
  std::cerr << "brume: error: " << error.what << "\n";
  throw CLI::RuntimeError(error.code == ErrorCode::kUsage ? kExitUsage : kExitInput);
}

void verify(const VerifyOptions& options) {
  const master::SystemClock clock;
  const auto verification = verify_evidence(options, clock);
  if (!verification) fail_input(verification.error());
  if (options.json) {
    std::cout << json_text(to_json(*verification), 2) << "\n";
  } else {
    std::cout << to_text(*verification);
  }
  if (verification->malformed) throw CLI::RuntimeError(kExitInput);
  if (!verification->accepted()) throw CLI::RuntimeError(kExitFailed);
}

void show(const std::string& path, bool as_json) {
  const auto file = read_evidence_file(path);
  if (!file) fail_input(file.error());
  const auto shown = show_evidence(*file);
  if (!shown) fail_input(shown.error());
  // Paths and names of strangers may hold anything: what is no UTF-8 is replaced.
  if (as_json) {
    std::cout << json_text(*shown, 2) << "\n";
  } else {
    std::cout << as_lines(*shown);
  }
}

void add_show(CLI::App& verb) {
  auto path = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  auto* show_verb = verb.add_subcommand("show", "Say what a file of evidence or collateral holds; verifies nothing");
  show_verb->add_option("FILE", *path, "Any of the formats, recognised by content: raw, hex, base64, PEM, CMW")
      ->required();
  show_verb->add_flag("--json", *json, "Print JSON");
  show_verb->callback([path, json] { show(*path, *json); });
}

}  // namespace

void add_evidence(CLI::App& app) {
  auto* verb = app.add_subcommand("evidence", "Look at evidence of SGX, TDX, SEV-SNP and TPM, and verify it");
  verb->require_subcommand(1);
  add_show(*verb);
  auto options = std::make_shared<VerifyOptions>();
  auto* verify_verb = verb->add_subcommand("verify", "Verify evidence against collateral, policy and time");
  verify_verb->add_option("FILE", options->file, "Quote, report, TPM attestation or event log, in any wrapping")
      ->required();
  verify_verb->add_option("--collateral", options->collateral, "Folder of what vouches for it, or a bundle");
  verify_verb->add_option("--policy", options->policy,
                          "policy.toml or JSON; without: genuine, not debug, TCB UpToDate");
  verify_verb->add_option("--at", options->at, "The moment to verify at (RFC 3339, or Unix seconds); without: now");
  verify_verb->add_option("--challenged", options->challenged,
                          "When the nonce was drawn, for policies that bound the evidence's age");
  verify_verb->add_option("--nonce", options->nonce,
                          "Hex: what a TPM quote must have signed, or report data begin with");
  verify_verb->add_option("--report-data", options->report_data, "Hex: the report data; zeros follow what is shorter");
  verify_verb->add_option("--root", options->root, "PEM: a trust anchor instead of the vendor's");
  verify_verb->add_flag("--json", options->json, "Print JSON");
  verify_verb->footer(
      "Exit codes: 0 accepted, 1 refused (every rule that failed is named), 2 wrong use, 3 evidence or a file named\n"
      "here cannot be read or does not parse. Files of the folder are recognised by content; what is missing,\n"
      "broken or expired among them is a refusal. A root certificate in the folder is not trusted for lying there.");
  verify_verb->callback([options] { verify(*options); });
}

}  // namespace brume::cli
