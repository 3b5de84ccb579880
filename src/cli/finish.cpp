#include <iostream>

#include "cli/verbs.h"

namespace brume::cli {

int exit_code(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUsage:
      return kExitUsage;
    case ErrorCode::kMalformed:
    case ErrorCode::kUnsupported:
    case ErrorCode::kNotFound:
      return kExitInput;
    default:
      return kExitFailed;
  }
}

void finish(const Status& status) {
  if (status) return;
  std::cerr << "brume: error: " << status.error().what << "\n";
  throw CLI::RuntimeError(exit_code(status.error()));
}

}  // namespace brume::cli
