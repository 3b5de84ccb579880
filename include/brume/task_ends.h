// How a job's function ends its task: with words for people that hold no byte of the input.
#pragma once

#include <stdexcept>

namespace brume::detail {

// What a job's function cannot be told by a return value.
class TaskEnds final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace brume::detail
