// The command line of a job's own program: what `brume run --local` starts, and what a debugger loads.
#pragma once

#include <brume/program.h>

namespace brume::local {

// What main() returns: 0 done, 1 failed, 2 the command line or a parameter is off, 3 input cannot be read.
int run_command(JobProgram& program, int argc, char** argv);

}  // namespace brume::local
