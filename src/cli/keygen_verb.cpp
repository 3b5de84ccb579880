// `brume keygen`: a new age identity for the owner.
#include <ctime>
#include <iostream>

#include "cli/verbs.h"
#include "crypto/random.h"
#include "files/atomic_file.h"
#include "sealed/age_keys.h"

namespace brume::cli {

namespace {

struct KeygenOptions {
  std::string out;
  bool force = false;
};

std::string utc_now() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

Status keygen(const KeygenOptions& options) {
  BRUME_ASSIGN(files::AtomicFile file,
               files::AtomicFile::create(options.out, {.force = options.force, .mode = 0600, .durable = true}));
  crypto::SystemRandom random;
  sealed::AgeIdentity identity = sealed::AgeIdentity::generate(random);
  std::string secret = identity.secret_text();
  std::string recipient = identity.recipient().text();
  std::string text = "# created: " + utc_now() + "\n# public key: " + recipient + "\n" + secret + "\n";
  Status written = file.write(as_bytes(text));
  for (std::string* wiped : {&secret, &text}) {
    crypto::wipe({reinterpret_cast<std::uint8_t*>(wiped->data()), wiped->size()});
  }
  BRUME_TRY(written);
  BRUME_TRY(file.commit());
  // Where the key itself goes to standard output, the recipient must not mix with it.
  (options.out == "-" ? std::cerr : std::cout) << recipient << "\n";
  return {};
}

}  // namespace

void add_keygen(CLI::App& app) {
  auto options = std::make_shared<KeygenOptions>();
  CLI::App* verb = app.add_subcommand("keygen", "Make a key: the file opens what is sealed to the printed recipient");
  verb->add_option("-o,--output", options->out, "Key file (mode 0600), or - for standard output")->required();
  verb->add_flag("--force", options->force, "Replace a file that is there: what was sealed to its key stays sealed");
  verb->footer("The key file is an age identity file: `age -d -i FILE` reads it too. Keep it; nothing can replace it.");
  verb->callback([options] { finish(keygen(*options)); });
}

}  // namespace brume::cli
