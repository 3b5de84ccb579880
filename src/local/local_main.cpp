// A job as an ordinary program of the host: JOB-local.
#include <brume/program.h>

#include "local/command.h"

int main(int argc, char** argv) { return brume::local::run_command(*brume_job_program(), argc, argv); }
