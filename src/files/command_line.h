// How our tools speak on the command line: help that fits a terminal, and errors in the form that all of ours have.
#pragma once

#include <CLI/CLI.hpp>

namespace brume::files {

// For a tool and the verbs that are added to it afterwards. Its errors are told by `app.exit(error)`, as
// "TOOL: error: VERB: what is wrong; 'TOOL VERB --help' says ...".
void set_manners(CLI::App& app);

}  // namespace brume::files
