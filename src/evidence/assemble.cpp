#include "evidence/assemble.h"

#include "evidence/assemble_parts.h"

namespace brume::evidence {
namespace {

// Every chain of one self-signed certificate is somebody's root: whose, the policy says.
void tell_roots(Sorting& sorting) {
  for (const ChainFile& chain : sorting.chains) {
    const bool root = chain.certificates.size() == 1 && is_self_issued(chain.certificates.front());
    if (root && sorting.folder.uses[chain.file].use.empty()) {
      sorting.use(chain.file, "root certificate (trusted only if the policy or --root names it)");
    }
  }
}

}  // namespace

Folder assemble(const std::vector<NamedFile>& files, UnixMs at_ms) {
  Sorting sorting{files, at_ms, {}, {}};
  for (const NamedFile& file : files) sorting.folder.uses.push_back({file.name, file.what.kind, {}});
  read_chains(sorting);
  sort_dcap(sorting);
  sort_snp(sorting);
  sort_tpm(sorting);
  tell_roots(sorting);
  return std::move(sorting.folder);
}

}  // namespace brume::evidence
