// AMD's certificates and lists, by the names that all of them bear (AMD 57230, section 4).
#include <algorithm>

#include "evidence/assemble_parts.h"

namespace brume::evidence {
namespace {

bool contains(ByteView bytes, std::string_view word) { return as_chars(bytes).find(word) != std::string_view::npos; }

bool is_amd_name(ByteView name) { return contains(name, "ARK-") || contains(name, "SEV-"); }

std::string_view role_of(const crypto::Certificate& certificate) {
  if (name_contains(certificate, "VCEK")) return "VCEK certificate";
  if (name_contains(certificate, "SEV-VLEK") && !certificate.is_ca()) return "VLEK certificate";
  return name_contains(certificate, "ARK-") ? "ARK certificate" : "ASK or ASVK certificate";
}

}  // namespace

void sort_snp(Sorting& sorting) {
  for (ChainFile& chain : sorting.chains) {
    const bool amd = std::ranges::any_of(chain.certificates, [](const crypto::Certificate& certificate) {
      return is_amd_name(certificate.subject_der()) || is_amd_name(certificate.issuer_der());
    });
    if (!amd) continue;
    sorting.use(chain.file, chain.certificates.size() > 1 ? "AMD certificates" : role_of(chain.certificates.front()));
    sorting.folder.snp.certificates.push_back(chain.text);
  }
  for (std::size_t i = 0; i < sorting.files.size(); ++i) {
    if (sorting.files[i].what.kind != FileKind::kCrl) continue;
    std::string bytes(sorting.text(i));
    auto crl = load_crl(bytes);
    if (!is_amd_name(crl ? crl->issuer_der() : to_bytes(as_bytes(bytes)))) continue;
    sorting.use(i, "AMD revocation list");
    sorting.folder.snp.crls.push_back(std::move(bytes));
  }
}

}  // namespace brume::evidence
