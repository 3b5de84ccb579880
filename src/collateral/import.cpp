#include "collateral/import.h"

#include <algorithm>
#include <optional>

#include "collateral/normal_form.h"
#include "collateral/part_view.h"
#include "evidence/qe_identity.h"
#include "evidence/recognise.h"
#include "evidence/tcb_info.h"

namespace brume::collateral {
namespace {

using evidence::FileKind;
using evidence::PartKind;

struct Import {
  Imported out;
  std::vector<crypto::Certificate> all;  // of every file, as possible issuers

  FileNote& note(std::size_t file) { return out.notes[file]; }
  void take(std::size_t file, std::string_view use, evidence::Part part) {
    note(file).use = use;
    for (auto& one : normal_form(std::move(part))) out.bundle.parts.push_back(std::move(one));
  }
};

bool contains(const std::string& text, std::string_view word) { return text.find(word) != text.npos; }

Result<std::vector<crypto::Certificate>> certificates_in(const evidence::Recognised& file) {
  return evidence::load_snp_certificates(as_chars(file.content));
}

// PEM of the signer and its issuers. Of several signers with one key (Intel's TCB signing has two generations) the
// one that was valid when the document was issued, then the later one; empty: nobody here signed it.
std::string issuer_chain(const Import& import, UnixMs issued_ms, auto signed_by) {
  const crypto::Certificate* signer = nullptr;
  auto rank = [&](const crypto::Certificate& certificate) {
    const bool then = certificate.not_before() <= issued_ms && issued_ms <= certificate.not_after();
    return std::pair(then, certificate.not_after());
  };
  for (const crypto::Certificate& candidate : import.all) {
    if (signed_by(candidate) && (signer == nullptr || rank(candidate) > rank(*signer))) signer = &candidate;
  }
  if (signer == nullptr) return {};
  auto signs = [&](const crypto::Certificate& issuer) {
    const auto key = issuer.subject_key();
    return issuer.subject_der() == signer->issuer_der() && key && signer->signed_by(*key);
  };
  auto root = std::ranges::find_if(import.all, signs);
  return signer->pem() + (root == import.all.end() ? "" : root->pem());
}

template <typename Document>
std::string document_chain(const Import& import, const Document& document, UnixMs issued_ms) {
  return issuer_chain(import, issued_ms, [&](const crypto::Certificate& candidate) {
    const auto key = candidate.public_key();
    return key && key->verify_raw(document.signed_bytes, document.signature);
  });
}

void take_tcb_info(Import& import, std::size_t file, std::string text) {
  auto parsed = evidence::parse_tcb_info(text);
  if (!parsed) return void(import.note(file).why = parsed.error().what);
  std::string chain = document_chain(import, *parsed, parsed->info_unverified.issue_date_ms);
  import.take(file, "TCB info", {PartKind::kTcbInfo, std::move(text), std::move(chain)});
}

void take_qe_identity(Import& import, std::size_t file, std::string text) {
  auto parsed = evidence::parse_qe_identity(text);
  if (!parsed) return void(import.note(file).why = parsed.error().what);
  std::string chain = document_chain(import, *parsed, parsed->identity_unverified.issue_date_ms);
  import.take(file, "QE identity", {PartKind::kQeIdentity, std::move(text), std::move(chain)});
}

// Whose list it is, its issuer's name says.
void take_crl(Import& import, std::size_t file, std::string data) {
  auto crl = evidence::load_crl(data);
  if (!crl) return void(import.note(file).why = crl.error().what);
  const std::string issuer = common_name_of(crl->issuer_der());
  if (issuer.starts_with("ARK-"))
    return import.take(file, "CRL of " + issuer, {PartKind::kSnpCrl, std::move(data), {}});
  if (contains(issuer, "SGX Root")) {
    return import.take(file, "CRL of " + issuer, {PartKind::kSgxRootCrl, std::move(data), {}});
  }
  if (!contains(issuer, "PCK")) return import.take(file, "CRL of " + issuer, {PartKind::kTpmCrl, std::move(data), {}});
  std::string chain = issuer_chain(import, crl->this_update(), [&](const crypto::Certificate& candidate) {
    const auto key = candidate.subject_key();
    return candidate.subject_der() == crl->issuer_der() && key && crl->signed_by(*key);
  });
  // One that nobody here issued stands alone: the quote brings the CA.
  import.take(file, "CRL of " + issuer, {PartKind::kPckCrl, std::move(data), std::move(chain)});
}

void take_certificates(Import& import, std::size_t file, const evidence::Recognised& what) {
  auto certificates = certificates_in(what);
  if (!certificates || certificates->empty()) {
    return void(import.note(file).why = certificates ? "no certificate" : certificates.error().what);
  }
  const std::string name = certificates->front().subject_common_name();
  std::string data(as_chars(what.content));
  if (contains(name, "PCK Certificate")) {
    return import.take(file, "PCK chain", {PartKind::kPckChain, std::move(data), {}});
  }
  if (name.starts_with("SEV-") || name.starts_with("ARK-")) {
    return import.take(file, "SEV-SNP certificates", {PartKind::kSnpCertificates, std::move(data), {}});
  }
  if (contains(name, "SGX")) return void(import.note(file).use = "issuers of SGX documents");
  import.take(file, "TPM certificates", {PartKind::kTpmCertificates, std::move(data), {}});
}

void take_bundle(Import& import, std::size_t file, std::string_view text) {
  auto bundle = evidence::parse_bundle(text);
  if (!bundle) return void(import.note(file).why = bundle.error().what);
  import.note(file).use = "bundle of " + std::to_string(bundle->parts.size()) + " parts";
  for (auto& part : bundle->parts) {
    for (auto& one : normal_form(std::move(part))) import.out.bundle.parts.push_back(std::move(one));
  }
}

void take(Import& import, std::size_t file, const evidence::Recognised& what) {
  const std::string_view text = as_chars(what.content);
  switch (what.kind) {
    case FileKind::kCollateralBundle:
      return take_bundle(import, file, text);
    case FileKind::kTcbInfo:
      return take_tcb_info(import, file, std::string(text));
    case FileKind::kQeIdentity:
      return take_qe_identity(import, file, std::string(text));
    case FileKind::kCrl:
      return take_crl(import, file, std::string(text));
    case FileKind::kCertificates:
      return take_certificates(import, file, what);
    default:
      import.note(file).why = "not collateral: " + std::string(evidence::file_kind_name(what.kind));
  }
}

}  // namespace

Imported import_files(const std::vector<NamedBytes>& files) {
  Import import;
  std::vector<evidence::Recognised> recognised;
  for (const NamedBytes& file : files) {
    import.out.notes.push_back({file.name, {}, {}});
    recognised.push_back(evidence::recognise(file.bytes));
    if (recognised.back().kind != FileKind::kCertificates) continue;
    auto certificates = certificates_in(recognised.back());
    if (certificates) import.all.insert(import.all.end(), certificates->begin(), certificates->end());
  }
  for (std::size_t i = 0; i < files.size(); ++i) take(import, i, recognised[i]);
  return std::move(import.out);
}

}  // namespace brume::collateral
