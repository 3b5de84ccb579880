// `brume completion`: prints a script for a shell.
#include <iostream>

#include "cli/completion.h"
#include "cli/verbs.h"

namespace brume::cli {

void add_completion(CLI::App& app) {
  CLI::App* verb = app.add_subcommand("completion", "Print a script that completes brume's verbs and options");
  verb->require_subcommand(1);
  CLI::App* root = &app;
  verb->add_subcommand("bash", "For bash: source <(brume completion bash)")->callback([root] {
    std::cout << bash_completion(*root);
  });
  verb->add_subcommand("zsh", "For zsh: source <(brume completion zsh)")->callback([root] {
    std::cout << zsh_completion(*root);
  });
  verb->add_subcommand("fish", "For fish: brume completion fish | source")->callback([root] {
    std::cout << fish_completion(*root);
  });
}

}  // namespace brume::cli
