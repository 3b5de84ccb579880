// One line on standard error that is rewritten while something takes longer than a second; nothing
// where standard error is no terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace brume::cli {

class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void show(const std::string& text);
  void clear();                                         // before anything else is printed
  void bytes(std::uint64_t done, std::uint64_t total);  // total 0: unknown

 private:
  std::string what_;
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace brume::cli
