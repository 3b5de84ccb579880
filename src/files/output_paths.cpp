#include "files/output_paths.h"

#include "files/input_list.h"

namespace brume::files {

Result<OutputPaths> parse_output_paths(const std::vector<std::string>& words) {
  OutputPaths out;
  for (const std::string& word : words) {
    const NamedPath named = parse_named_path(word);
    std::string& path = !named.named ? out.first : out.others[named.name];
    if (!path.empty())
      return fail(ErrorCode::kUsage, "--output " + word + ": " +
                                         (named.named ? named.name : "the job's first output, without a name,") +
                                         " goes to " + path + " already");
    path = named.path;
  }
  return out;
}

}  // namespace brume::files
