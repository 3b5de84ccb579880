// S3 as people have it set up for other tools: AWS_* variables, ~/.aws/credentials, ~/.aws/config, and flags that go
// before these. A secret key has no flag: arguments are for everybody on the machine to see.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <set>

#include "master/input_name.h"

namespace brume::cli {

struct InputOptions {
  std::string ca_file;
  std::string s3_endpoint;
  std::string s3_region;
  std::string s3_style;
  std::string s3_profile;
  std::string s3_credentials;
  std::uint32_t s3_expiry_s = master::kS3ExpiryDefault_s;
};

// Adds the flags to `verb`; `options` outlives it.
void add_input_options(CLI::App& verb, InputOptions& options);

// Where a run's inputs lie, of all kinds.
using InputKinds = std::set<master::InputName::Kind>;

// A variable's value, "" where it is not set.
using Variables = std::function<std::string(const char* name)>;

// What the master needs for inputs of those kinds; reads files only where a kind needs them. Errors: kUsage (no
// credentials, with where they were looked for), kMalformed, kIo, with the file's name.
Result<master::InputAccess> input_access(const InputKinds& kinds, const InputOptions& options,
                                         const Variables& variables);
// The same with this process's variables.
Result<master::InputAccess> input_access(const InputKinds& kinds, const InputOptions& options);

}  // namespace brume::cli
