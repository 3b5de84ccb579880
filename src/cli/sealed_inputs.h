// What the master is told of a run's inputs and side data: where each lies. A plain file is sealed to the cluster
// first; sealed copies go when their object does, or soon after their process where that is killed.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/input_pins.h"
#include "cli/s3_settings.h"
#include "files/input_list.h"
#include "master/copy_folder.h"
#include "master/home.h"

namespace brume::cli {

class SealedInputs {
 public:
  // shares: the folders that the cluster's nodes see. pins: with them, each file must be sealed before and stand there.
  // Home and shares outlive it.
  SealedInputs(const master::Home& home, const std::vector<std::string>& shares, std::optional<InputPins> pins)
      : home_(home), shares_(shares), pins_(std::move(pins)) {}
  SealedInputs(const SealedInputs&) = delete;
  SealedInputs& operator=(const SealedInputs&) = delete;

  // `what` is the flag, for messages. The list is as parse_job_request() takes it: [{name, place, pin}].
  Result<nlohmann::json> add(const char* what, const std::vector<files::NamedPath>& paths);
  // Of all that was added.
  const InputKinds& kinds() const { return kinds_; }

 private:
  Result<std::string> place_of(const files::NamedPath& path);
  Result<std::string> seal(const std::string& path);

  const master::Home& home_;
  const std::vector<std::string>& shares_;
  std::optional<InputPins> pins_;
  InputKinds kinds_;
  std::string recipient_;                     // asked of the master once
  std::optional<master::CopyFolder> copies_;  // from the first one on
  std::size_t copy_count_ = 0;
};

}  // namespace brume::cli
