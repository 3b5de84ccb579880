#include "collateral/normal_form.h"

#include "evidence/snp_endorsements.h"

namespace brume::collateral {
namespace {

using evidence::Part;
using evidence::PartKind;

std::string text_of(const Bytes& der) { return std::string(as_chars(der)); }

std::string pem_of(const std::vector<crypto::Certificate>& chain) {
  std::string out;
  for (const crypto::Certificate& certificate : chain) out += certificate.pem();
  return out;
}

std::vector<Part> each_certificate(Part part) {
  auto certificates = evidence::load_snp_certificates(part.data);
  if (!certificates || certificates->empty()) return {std::move(part)};
  std::vector<Part> out;
  for (const auto& certificate : *certificates) out.push_back({part.kind, text_of(certificate.der()), {}});
  return out;
}

}  // namespace

std::vector<Part> normal_form(Part part) {
  if (auto chain = evidence::load_chain(part.issuer_chain)) part.issuer_chain = pem_of(*chain);
  switch (part.kind) {
    case PartKind::kSgxRootCrl:
    case PartKind::kPckCrl:
    case PartKind::kSnpCrl:
    case PartKind::kTpmCrl:
      if (auto crl = evidence::load_crl(part.data)) part.data = text_of(crl->der());
      break;
    case PartKind::kPckChain:
      if (auto chain = evidence::load_chain(part.data)) part.data = pem_of(*chain);
      break;
    case PartKind::kSnpCertificates:
    case PartKind::kTpmCertificates:
      return each_certificate(std::move(part));
    case PartKind::kTcbInfo:
    case PartKind::kQeIdentity:
      break;
  }
  return {std::move(part)};
}

}  // namespace brume::collateral
