// Data that every task of a run gets whole, beside its part of the input:  brume run JOB --side NAME=FILE
#pragma once

#include <brume/program.h>

#include <optional>

namespace brume {

// What a job may be given:  static constexpr std::array<brume::Side, 1> sides{{{"stopwords"}}};
struct Side {
  std::string_view name;  // [a-z0-9._-]{1,64}
  bool needed = true;
};

// As a job reads it, in  void load(const brume::SideData& data).  The bytes stay as long as the run.
class SideData {
 public:
  explicit SideData(std::span<const JobSide> given) : given_(given) {}

  std::optional<std::string_view> find(std::string_view name) const {
    for (const JobSide& side : given_) {
      if (side.name == name) return side.bytes;
    }
    return std::nullopt;
  }
  // What must be there: its lack ends the task.
  std::string_view text(std::string_view name) const {
    if (const auto bytes = find(name)) return *bytes;
    throw detail::TaskEnds("side data '" + std::string(name) + "' is needed: --side " + std::string(name) + "=FILE");
  }
  // For a rule of the job's own, in words that hold no data: "is not a list of numbers".
  [[noreturn]] static void refuse(std::string_view name, const std::string& rule) {
    throw detail::TaskEnds("side data '" + std::string(name) + "' " + rule);
  }

 private:
  std::span<const JobSide> given_;
};

}  // namespace brume
