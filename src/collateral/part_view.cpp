#include "collateral/part_view.h"

#include <algorithm>
#include <limits>

#include "base/hex.h"
#include "crypto/hash.h"
#include "evidence/qe_identity.h"
#include "evidence/snp_certificate.h"
#include "evidence/snp_endorsements.h"
#include "evidence/tcb_info.h"

namespace brume::collateral {
namespace {

using evidence::PartKind;

void narrow(Item& item, UnixMs begin_ms, UnixMs end_ms) {
  item.issued_ms = std::max(item.issued_ms, begin_ms);
  item.expires_ms = std::min(item.expires_ms, end_ms);
}

void break_off(PartView& view, const std::string& why) {
  if (view.item.broken.empty()) view.item.broken = why;
}

void take_certificates(PartView& view, const std::vector<crypto::Certificate>& certificates) {
  for (const crypto::Certificate& certificate : certificates) {
    narrow(view.item, certificate.not_before(), certificate.not_after());
    view.item.subjects.push_back(certificate.subject_common_name());
    view.certificates.push_back(certificate);
  }
}

// The issuer chain, first certificate first; empty, and the part broken, where it cannot be used.
std::vector<crypto::Certificate> take_issuer_chain(PartView& view, const evidence::Part& part) {
  auto chain = evidence::load_chain(part.issuer_chain);
  if (!chain || chain->size() < 2) {
    break_off(view, part.issuer_chain.empty() ? "its issuer chain is missing" : "its issuer chain cannot be read");
    return {};
  }
  take_certificates(view, *chain);
  view.root = chain->back().subject_der();
  const auto root_key = chain->back().subject_key();
  if (!root_key || !chain->front().signed_by(*root_key)) break_off(view, "its issuer chain does not verify");
  return std::move(*chain);
}

template <typename Document>
void check_document(PartView& view, const evidence::Part& part, const Document& document) {
  const auto chain = take_issuer_chain(view, part);
  if (chain.empty()) return;
  const auto key = chain.front().public_key();
  if (!key || !key->verify_raw(document.signed_bytes, document.signature)) {
    break_off(view, "its signer did not sign it");
  }
}

void view_tcb_info(PartView& view, const evidence::Part& part) {
  view.item.what = "TCB info";
  auto parsed = evidence::parse_tcb_info(part.data);
  if (!parsed) return break_off(view, parsed.error().what);
  const evidence::TcbInfo& info = parsed->info_unverified;
  view.item.tee = info.id == evidence::TcbInfoId::kTdx ? "tdx" : "sgx";
  view.item.fmspc = info.fmspc;
  view.item.pce_id = info.pce_id;
  view.item.evaluation_number = info.evaluation_data_number;
  view.item.what += std::string(view.item.tee == "tdx" ? ", TDX" : ", SGX") + ", FMSPC " + to_hex(info.fmspc) +
                    ", PCEID " + to_hex(info.pce_id) + ", evaluation " + std::to_string(info.evaluation_data_number);
  narrow(view.item, info.issue_date_ms, info.next_update_ms);
  check_document(view, part, *parsed);
}

void view_qe_identity(PartView& view, const evidence::Part& part) {
  view.item.what = "identity of a quoting enclave";
  auto parsed = evidence::parse_qe_identity(part.data);
  if (!parsed) return break_off(view, parsed.error().what);
  const evidence::QeIdentity& identity = parsed->identity_unverified;
  view.item.tee = identity.id == evidence::QeIdentityId::kTdQe ? "tdx" : "sgx";
  view.item.evaluation_number = identity.evaluation_data_number;
  const char* name = identity.id == evidence::QeIdentityId::kTdQe  ? "TD_QE"
                     : identity.id == evidence::QeIdentityId::kQve ? "QvE"
                                                                   : "QE";
  view.item.what =
      std::string("identity of ") + name + ", evaluation " + std::to_string(identity.evaluation_data_number);
  narrow(view.item, identity.issue_date_ms, identity.next_update_ms);
  check_document(view, part, *parsed);
}

std::string product_in(const std::string& common_name) {
  for (const char* product : {"Milan", "Genoa", "Turin"}) {
    if (common_name.find(product) != common_name.npos) return product;
  }
  return {};
}

void view_crl(PartView& view, const evidence::Part& part) {
  view.item.tee = part.kind == PartKind::kSnpCrl ? "sev-snp" : part.kind == PartKind::kTpmCrl ? "tpm" : "sgx";
  view.item.what = part.kind == PartKind::kPckCrl   ? "PCK revocation list"
                   : part.kind == PartKind::kTpmCrl ? "revocation list"
                                                    : "root revocation list";
  auto crl = evidence::load_crl(part.data);
  if (!crl) return break_off(view, crl.error().what);
  view.issuer_name = crl->issuer_der();
  view.item.issuer = common_name_of(view.issuer_name);
  view.item.what += ", " + view.item.issuer;
  if (part.kind == PartKind::kSnpCrl) view.item.product = product_in(view.item.issuer);
  narrow(view.item, crl->this_update(), crl->next_update());
  view.crl = std::move(*crl);
  // A verifier can do without this one chain: the quote brings its own.
  if (part.kind != PartKind::kPckCrl || part.issuer_chain.empty()) return;
  const auto chain = take_issuer_chain(view, part);
  if (chain.empty()) return;
  const auto key = chain.front().subject_key();
  if (chain.front().subject_der() != view.issuer_name || !key || !view.crl->signed_by(*key)) {
    break_off(view, "its issuer did not sign it");
  }
}

void view_pck_chain(PartView& view, const evidence::Part& part) {
  view.item.tee = "sgx";
  view.item.what = "PCK certificate";
  auto chain = evidence::load_chain(part.data);
  if (!chain || chain->empty()) return break_off(view, chain ? "no certificate" : chain.error().what);
  take_certificates(view, *chain);
  view.item.issuer = common_name_of(chain->front().issuer_der());
  view.item.what += ", " + view.item.issuer;
  const auto platform = evidence::pck_extension_of(chain->front());
  if (!platform) return break_off(view, platform.error().what);
  view.item.fmspc = platform->fmspc;
  view.item.pce_id = platform->pce_id;
  view.item.what += ", FMSPC " + to_hex(platform->fmspc);
}

void view_certificates(PartView& view, const evidence::Part& part) {
  const bool snp = part.kind == PartKind::kSnpCertificates;
  view.item.tee = snp ? "sev-snp" : "tpm";
  view.item.what = "certificates";
  auto certificates = evidence::load_snp_certificates(part.data);
  if (!certificates || certificates->empty()) {
    return break_off(view, certificates ? "no certificate" : certificates.error().what);
  }
  take_certificates(view, *certificates);
  view.item.what.clear();
  for (const std::string& name : view.item.subjects) view.item.what += (view.item.what.empty() ? "" : ", ") + name;
  if (!snp) return;
  view.item.product = product_in(common_name_of(certificates->front().issuer_der()));
  const auto key = evidence::parse_snp_key_extensions(certificates->front().extensions());
  if (key && key->hw_id) view.item.what += " of chip " + to_hex(*key->hw_id).substr(0, 16) + ", " + view.item.product;
}

}  // namespace

PartView view_part(const evidence::Part& part) {
  PartView view;
  view.item.kind = part.kind;
  view.item.digest = crypto::sha256(as_bytes(part.data));
  view.item.expires_ms = std::numeric_limits<UnixMs>::max();
  switch (part.kind) {
    case PartKind::kTcbInfo:
      view_tcb_info(view, part);
      break;
    case PartKind::kQeIdentity:
      view_qe_identity(view, part);
      break;
    case PartKind::kSgxRootCrl:
    case PartKind::kPckCrl:
    case PartKind::kSnpCrl:
    case PartKind::kTpmCrl:
      view_crl(view, part);
      break;
    case PartKind::kPckChain:
      view_pck_chain(view, part);
      break;
    case PartKind::kSnpCertificates:
    case PartKind::kTpmCertificates:
      view_certificates(view, part);
      break;
  }
  if (view.item.expires_ms == std::numeric_limits<UnixMs>::max()) view.item.expires_ms = 0;
  return view;
}

void check_root_crls(std::vector<PartView>& parts) {
  for (PartView& view : parts) {
    if (!view.crl || view.item.kind == PartKind::kPckCrl) continue;
    bool found = false;
    bool good = false;
    for (const PartView& other : parts) {
      for (const crypto::Certificate& certificate : other.certificates) {
        if (certificate.subject_der() != view.issuer_name) continue;
        found = true;
        const auto key = certificate.subject_key();
        good = good || (key && view.crl->signed_by(*key));
      }
    }
    if (found && !good) break_off(view, "its issuer did not sign it");
  }
}

// AttributeTypeAndValue of id-at-commonName (RFC 5280, appendix A.1), the last one: most specific.
std::string common_name_of(ByteView name_der) {
  static constexpr std::string_view kOid("\x06\x03\x55\x04\x03", 5);
  const std::string_view text = as_chars(name_der);
  const std::size_t at = text.rfind(kOid);
  if (at == text.npos || text.size() - at < kOid.size() + 2) return {};
  const auto size = static_cast<std::uint8_t>(text[at + kOid.size() + 1]);
  const std::string_view rest = text.substr(at + kOid.size() + 2);
  if (size >= 0x80 || size > rest.size()) return {};
  std::string out(rest.substr(0, size));
  for (char& c : out) c = c >= ' ' && c <= '~' ? c : '?';
  return out;
}

}  // namespace brume::collateral
