#include "base/result.h"

namespace brume {

const char* error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kMalformed:
      return "malformed";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kAuthFailed:
      return "authentication-failed";
    case ErrorCode::kLimit:
      return "limit";
    case ErrorCode::kNotFound:
      return "not-found";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kState:
      return "state";
    case ErrorCode::kUsage:
      return "usage";
  }
  return "unknown";
}

}  // namespace brume
