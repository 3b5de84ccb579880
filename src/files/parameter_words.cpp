#include "files/parameter_words.h"

namespace brume::files {

Result<std::map<std::string, std::string>> parse_parameter_words(const std::vector<std::string>& words) {
  std::map<std::string, std::string> out;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == 0 || equals == std::string::npos)
      return fail(ErrorCode::kUsage, "-p " + word + ": expected KEY=VALUE");
    if (!out.emplace(word.substr(0, equals), word.substr(equals + 1)).second)
      return fail(ErrorCode::kUsage, "-p " + word.substr(0, equals) + ": is given twice; a parameter has one value");
  }
  return out;
}

}  // namespace brume::files
