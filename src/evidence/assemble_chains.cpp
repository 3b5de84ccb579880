#include <algorithm>

#include "evidence/assemble_parts.h"

namespace brume::evidence {
namespace {

constexpr std::size_t kChainLimit = 8;

// RFC 5280, 6.1.3 (a)(1) and (a)(4), of one link.
bool signs(const crypto::Certificate& issuer, const crypto::Certificate& certificate) {
  auto key = issuer.subject_key();
  return key && certificate.signed_by(*key);
}

enum class Link { kGood, kBad, kNoIssuer };

// Against those of `around` that have the issuer's name; several may, in two generations.
Link link_of(const crypto::Certificate& certificate, const std::vector<crypto::Certificate>& around) {
  Link link = Link::kNoIssuer;
  for (const auto& issuer : around) {
    if (issuer.subject_der() != certificate.issuer_der()) continue;
    if (signs(issuer, certificate)) return Link::kGood;
    link = Link::kBad;
  }
  return link;
}

// In a chain each has its issuer there; one alone, or in a host's table, may have it elsewhere in the folder, or not.
void check_chain(Sorting& sorting, const ChainFile& chain, const std::vector<crypto::Certificate>& all) {
  for (const auto& certificate : chain.certificates) {
    const bool several = !chain.table && chain.certificates.size() > 1;
    const Link link = link_of(certificate, several ? chain.certificates : all);
    if (link == Link::kBad) {
      sorting.problem("collateral.chain", chain.file, "a certificate that its issuer did not sign");
    } else if (link == Link::kNoIssuer && several) {
      sorting.problem("collateral.chain", chain.file, "a certificate whose issuer is not in its chain");
    }
  }
}

}  // namespace

bool is_self_issued(const crypto::Certificate& certificate) {
  return certificate.subject_der() == certificate.issuer_der();
}

bool name_contains(const crypto::Certificate& certificate, std::string_view word) {
  return certificate.subject_common_name().find(word) != std::string::npos;
}

Result<std::vector<crypto::Certificate>> load_certificates(const Recognised& file) {
  const std::string_view text = as_chars(file.content);
  if (text.starts_with('-')) return crypto::Certificate::chain_from_pem(text, kChainLimit);
  if (looks_like_snp_table(file.content)) return load_snp_certificates(text);
  BRUME_ASSIGN(auto certificate, crypto::Certificate::from_der(file.content));
  return std::vector<crypto::Certificate>{std::move(certificate)};
}

void read_chains(Sorting& sorting) {
  std::vector<crypto::Certificate> all;
  for (std::size_t i = 0; i < sorting.files.size(); ++i) {
    if (sorting.files[i].what.kind != FileKind::kCertificates) continue;
    auto certificates = load_certificates(sorting.files[i].what);
    if (!certificates || certificates->empty()) {
      sorting.problem("collateral.format", i, certificates ? "no certificate" : certificates.error().what);
      continue;
    }
    all.insert(all.end(), certificates->begin(), certificates->end());
    std::string pem;
    for (const auto& certificate : *certificates) pem += certificate.pem();
    sorting.chains.push_back({.file = i,
                              .text = std::move(pem),
                              .certificates = *std::move(certificates),
                              .table = looks_like_snp_table(sorting.files[i].what.content)});
  }
  for (const ChainFile& chain : sorting.chains) check_chain(sorting, chain, all);
}

}  // namespace brume::evidence
