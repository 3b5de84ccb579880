#include "appraisal/snp_chain.h"

#include "appraisal/self_signature.h"

namespace brume::appraisal {
namespace {

constexpr std::string_view kVcekName = "SEV-VCEK", kVlekName = "SEV-VLEK";
constexpr std::string_view kSignerPrefix = "SEV-", kVlekSignerPrefix = "SEV-VLEK-", kRootPrefix = "ARK-";
constexpr std::string_view kFetch = "fetch the product's certificate chain from AMD's KDS";
constexpr std::string_view kFetchKey = "fetch the certificate of this chip and TCB from AMD's KDS or from the cloud";

Window window_of(const crypto::Certificate& certificate) { return {certificate.not_before(), certificate.not_after()}; }

std::optional<evidence::SnpProduct> product_after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  return evidence::snp_product_from(name.substr(prefix.size()));
}

void require(Refusals& refusals, bool good, std::string_view rule, std::string expected, std::string got,
             std::string_view fix) {
  if (!good) refuse(refusals, rule, std::move(expected), std::move(got), fix);
}

void check_ca(Refusals& refusals, std::string_view prefix, const SnpCaCertificate& ca) {
  const bool may = ca.certificate.is_ca() && ca.certificate.may_sign_certificates();
  require(refusals, may && ca.key.kind() == crypto::KeyKind::kRsa, std::string(prefix) + ".profile",
          "a CA with an RSA key that may sign certificates", "another kind of certificate", kFetch);
}

std::string product_text(const std::optional<evidence::SnpProduct>& product) {
  return product ? std::string(evidence::snp_product_name(*product)) : "a product that is not known";
}

// 57230, tables of the VCEK's extensions; 58369 for the VLEK: it names a cloud instead of a chip.
bool has_profile(const SnpKeyCertificate& key) {
  const evidence::SnpKeyExtensions& is = key.extensions;
  if (key.certificate.is_ca() || key.key.kind() != crypto::KeyKind::kP384) return false;
  if (key.vlek) return !is.hw_id && is.csp_id.has_value();
  const std::size_t size = key.product == evidence::SnpProduct::kTurin ? 8 : 64;
  return is.hw_id && is.hw_id->size() == size && !is.csp_id;
}

}  // namespace

std::optional<SnpRole> snp_role(const crypto::Certificate& certificate) {
  const std::string name = certificate.subject_common_name();
  if (name == kVcekName) return SnpRole::kVcek;
  if (name == kVlekName) return SnpRole::kVlek;
  if (name.starts_with(kRootPrefix)) return SnpRole::kRoot;
  if (name.starts_with(kSignerPrefix)) return SnpRole::kSigner;
  return std::nullopt;
}

Result<SnpKeyCertificate> read_snp_key_certificate(const crypto::Certificate& certificate) {
  BRUME_ASSIGN(auto key, certificate.subject_key());
  BRUME_ASSIGN(auto extensions, evidence::parse_snp_key_extensions(certificate.extensions()));
  const auto product = extensions.product();
  return SnpKeyCertificate{certificate,
                           certificate.fingerprint(),
                           snp_role(certificate) == SnpRole::kVlek,
                           std::move(key),
                           std::move(extensions),
                           product,
                           certificate.issuer_der(),
                           window_of(certificate)};
}

Result<SnpCaCertificate> read_snp_ca_certificate(const crypto::Certificate& certificate) {
  BRUME_ASSIGN(auto key, certificate.subject_key());
  return SnpCaCertificate{certificate,
                          certificate.fingerprint(),
                          std::move(key),
                          certificate.subject_common_name(),
                          certificate.subject_der(),
                          certificate.issuer_der(),
                          window_of(certificate)};
}

SnpAuthority check_snp_authority(const SnpCaCertificate& signer, const SnpCaCertificate& root) {
  const bool vlek = signer.name.starts_with(kVlekSignerPrefix);
  SnpAuthority out{signer, root, root.key.spki_hash(), product_after(root.name, kRootPrefix), vlek, {}};
  check_ca(out.refusals, "snp.ask", signer);
  check_ca(out.refusals, "snp.ark", root);
  const auto product = product_after(signer.name, vlek ? kVlekSignerPrefix : kSignerPrefix);
  require(out.refusals, product == out.product, "snp.ask.product", product_text(out.product), product_text(product),
          kFetch);
  require(out.refusals, signer.issuer == root.subject, "snp.ask.issuer", "issued by the ARK", "names another issuer",
          kFetch);
  require(out.refusals, signer.certificate.signed_by(root.key), "snp.ask.signature", "signed by the ARK",
          "signature does not verify", kFetch);
  const bool self_signed = root.issuer == root.subject &&
                           self_signature_holds(root.fingerprint, [&] { return root.certificate.signed_by(root.key); });
  require(out.refusals, self_signed, "snp.ark.signature", "signed by itself", "signature does not verify", kFetch);
  return out;
}

Refusals check_snp_key(const SnpKeyCertificate& key, const SnpAuthority& authority) {
  Refusals out;
  require(out, has_profile(key), "snp.ek.profile",
          key.vlek ? "a P-384 key of a cloud, no chip" : "a P-384 key with the hwID of one chip, no cloud",
          "another kind of certificate", kFetchKey);
  require(out, key.vlek == authority.vlek && key.issuer == authority.signer.subject, "snp.ek.issuer",
          key.vlek ? "issued by the ASVK" : "issued by the ASK", "names another issuer", kFetchKey);
  require(out, key.certificate.signed_by(authority.signer.key), "snp.ek.signature",
          key.vlek ? "signed by the ASVK" : "signed by the ASK", "signature does not verify", kFetchKey);
  require(out, key.product && key.product == authority.product, "snp.ek.product", product_text(authority.product),
          product_text(key.product), kFetchKey);
  return out;
}

}  // namespace brume::appraisal
