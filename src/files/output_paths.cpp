#include "files/output_paths.h"

#include "files/input_list.h"

namespace brume::files {

Result<OutputPaths> parse_output_paths(const std::vector<std::string>& words) {
  OutputPaths out;
  for (const std::string& word : words) {
    const NamedPath named = parse_named_path(word);
    std::string& path = !named.named ? out.first : out.others[named.name];
    if (!path.empty()) return fail(ErrorCode::kUsage, "--output " + word + ": one for each of the job's outputs");
    path = named.path;
  }
  return out;
}

}  // namespace brume::files
