#include "cli/progress.h"

#include <unistd.h>

#include <cstdio>

namespace brume::cli {

using std::chrono::steady_clock;

Progress::Progress(std::string what)
    : what_(std::move(what)), terminal_(isatty(STDERR_FILENO) == 1), start_(steady_clock::now()), last_(start_) {}

void Progress::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

void Progress::show(const std::string& text) {
  auto now = steady_clock::now();
  if (!terminal_ || now - start_ < std::chrono::seconds(1) || now - last_ < std::chrono::milliseconds(100)) return;
  last_ = now;
  shown_ = true;
  std::fprintf(stderr, "\r\033[K%s: %s", what_.c_str(), text.c_str());
  std::fflush(stderr);
}

void Progress::bytes(std::uint64_t done, std::uint64_t total) {
  std::string text = std::to_string(done >> 20) + " MiB";
  if (total > 0) text += " of " + std::to_string(total >> 20) + " MiB (" + std::to_string(done * 100 / total) + " %)";
  show(text);
}

}  // namespace brume::cli
