// Which sealed files a run may read: names, and the hash of each one's header and nonce, a line each as 'brume pin'
// prints them and sha256sum would.
#pragma once

#include <map>
#include <string>

#include "base/ids.h"

namespace brume::cli {

class InputPins {
 public:
  // Errors: kNotFound, kMalformed, with the file's name.
  static Result<InputPins> read(const std::string& path);
  // Lines of HASH, two blanks (or a blank and '*') and NAME, less a leading "./". Empty lines and those that begin with
  // '#' are skipped. Refuses a name with two hashes. `file` is for messages.
  static Result<InputPins> parse(const std::string& file, std::string_view text);

  // Of the input that has this name; else of the place where it lies: by all of it, or by the most of its last parts
  // that a line has. kUsage where no line is of it.
  Result<Sha256Digest> find(const std::string& name, const std::string& place) const;
  const std::string& file() const { return file_; }

 private:
  struct Pin {
    Sha256Digest header;
    std::size_t line = 0;
  };
  const Pin* look_up(const std::string& name, const std::string& place) const;
  Status add(std::string_view line, std::size_t number);

  std::string file_;
  std::map<std::string, Pin, std::less<>> pins_;
};

// Without its end of line. Errors: kUsage, for a name that no line can hold.
Result<std::string> pin_line(const Sha256Digest& header, const std::string& name);

}  // namespace brume::cli
