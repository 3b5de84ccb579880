// Errors that input, peer or environment can cause. Our own bugs go to CHECK (check.h);
// an appraisal's "no" is a Refusal (src/appraisal), not an Error.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace brume {

enum class ErrorCode {
  kMalformed,    // bytes that do not follow their format
  kUnsupported,  // well-formed, but of a version or kind that is not handled
  kAuthFailed,   // a MAC, tag, signature or digest does not fit
  kLimit,        // over a stated limit
  kNotFound,     // something that was named does not exist
  kIo,           // file, socket or process
  kUnavailable,  // the machine or peer lacks something or is gone
  kState,        // a valid message at the wrong moment
  kUsage,        // the caller's words are off (command line, configuration)
};

// what: names the field and the rule, for people; holds no bytes from an attacker.
struct Error {
  ErrorCode code = ErrorCode::kMalformed;
  std::string what;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorCode code, std::string what) {
  return std::unexpected<Error>(Error{code, std::move(what)});
}
inline std::unexpected<Error> malformed(std::string what) { return fail(ErrorCode::kMalformed, std::move(what)); }

// Puts the place before the reason: "quote header: version 7 is not known".
inline std::unexpected<Error> within(std::string_view place, Error error) {
  error.what = std::string(place) + ": " + error.what;
  return std::unexpected<Error>(std::move(error));
}

const char* error_code_name(ErrorCode code);

}  // namespace brume

#define BRUME_CONCAT_(a, b) a##b
#define BRUME_CONCAT(a, b) BRUME_CONCAT_(a, b)

// Leaves the function with the error, or goes on. For Status.
#define BRUME_TRY(expr)                                                         \
  do {                                                                          \
    auto brume_status = (expr);                                                 \
    if (!brume_status) return std::unexpected(std::move(brume_status.error())); \
  } while (false)

// BRUME_ASSIGN(auto x, parse(...)): leaves the function with the error, or binds the value.
#define BRUME_ASSIGN(declaration, expr) BRUME_ASSIGN_(BRUME_CONCAT(brume_result_, __COUNTER__), declaration, expr)
#define BRUME_ASSIGN_(name, declaration, expr)                \
  auto name = (expr);                                         \
  if (!name) return std::unexpected(std::move(name.error())); \
  declaration = std::move(*name)
