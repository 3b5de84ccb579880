// Which chain signed which document, which list is whose: SGX and TDX.
#include <algorithm>
#include <tuple>
#include <utility>

#include "evidence/assemble_parts.h"

namespace brume::evidence {
namespace {

// As many as Verifier keeps.
constexpr std::size_t kCollateralLimit = 64;

// Of several that say the same thing, what had been issued at that moment comes after what had not; then the newer.
using Age = std::pair<bool, UnixMs>;

Age age_of(const Sorting& sorting, UnixMs issued_ms) { return {issued_ms <= sorting.at_ms, issued_ms}; }

// TCB info or QE identity: signed by the key of a TCB signing certificate.
struct Document {
  std::size_t file;
  bool tdx = false;
  Age age{};
  Bytes signed_bytes{};
  ByteArray<64> signature{};
  const ChainFile* chain = nullptr;
};

struct List {
  std::size_t file;
  Age age{};
  Result<crypto::Crl> crl;
};

Document read_tcb_info(const Sorting& sorting, std::size_t file) {
  Document out{.file = file};
  auto info = parse_tcb_info(sorting.text(file));
  if (!info) return out;  // the appraisal tells why
  out.tdx = info->info_unverified.id == TcbInfoId::kTdx;
  out.age = age_of(sorting, info->info_unverified.issue_date_ms);
  out.signed_bytes = std::move(info->signed_bytes);
  out.signature = info->signature;
  return out;
}

Document read_qe_identity(const Sorting& sorting, std::size_t file) {
  Document out{.file = file};
  auto identity = parse_qe_identity(sorting.text(file));
  if (!identity) return out;
  out.tdx = identity->identity_unverified.id == QeIdentityId::kTdQe;
  out.age = age_of(sorting, identity->identity_unverified.issue_date_ms);
  out.signed_bytes = std::move(identity->signed_bytes);
  out.signature = identity->signature;
  return out;
}

bool signed_by_chain(const Document& document, const ChainFile& chain) {
  auto key = chain.certificates.front().public_key();
  return key && key->verify_raw(document.signed_bytes, document.signature);
}

// The chain whose key signed the document; of two such the one that no document has yet, so that each that
// lies there is looked at. None signed it: any TCB signing chain, whose refusal says so.
void find_chain(Sorting& sorting, Document& document) {
  ChainFile* found = nullptr;
  for (ChainFile& chain : sorting.chains) {
    if (is_self_issued(chain.certificates.front())) continue;
    const bool signer = signed_by_chain(document, chain);
    if (signer && (found == nullptr || (found->used && !chain.used))) found = &chain;
  }
  for (ChainFile& chain : sorting.chains) {
    if (found == nullptr && name_contains(chain.certificates.front(), "TCB Signing")) found = &chain;
  }
  if (found == nullptr) return;
  found->used = true;
  sorting.use(found->file, "TCB signing chain");
  document.chain = found;
}

// By the issuer's name, which is there in letters even where the list does not parse.
void take_list(Sorting& sorting, std::size_t file, std::vector<List>& root_lists, std::vector<List>& pck_lists) {
  std::string bytes(sorting.text(file));
  auto crl = load_crl(bytes);
  if (crl) bytes = std::string(as_chars(crl->der()));
  const List list{file, age_of(sorting, crl ? crl->this_update() : 0), std::move(crl)};
  if (bytes.find("PCK") != std::string::npos) {
    sorting.use(file, "PCK revocation list");
    pck_lists.push_back(list);
  } else if (bytes.find("SGX Root") != std::string::npos || bytes.find("Root CA") != std::string::npos) {
    sorting.use(file, "root revocation list");
    root_lists.push_back(list);
  }
}

bool is_pck_ca(const crypto::Certificate& certificate) {
  return name_contains(certificate, "PCK") && name_contains(certificate, "CA");
}

void take_chain(Sorting& sorting, ChainFile& chain, Collateral& common) {
  const auto& first = chain.certificates.front();
  if (name_contains(first, "PCK Certificate")) {
    if (!chain.used) sorting.use(chain.file, "PCK chain");
    // A quote without its own picks from all of them: those before the last stand alone.
    Collateral before;
    before.pck_chain = std::exchange(common.pck_chain, chain.text);
    if (!before.pck_chain.empty()) sorting.folder.dcap.push_back(std::move(before));
  } else if (is_pck_ca(first)) {
    sorting.use(chain.file, "issuer chain of the PCK revocation list");
  }
}

// Of the CA that issued the list; else any.
const ChainFile* ca_chain_for(const Sorting& sorting, const List* list) {
  const ChainFile* found = nullptr;
  bool found_fits = false;
  for (const ChainFile& chain : sorting.chains) {
    const auto& first = chain.certificates.front();
    if (!is_pck_ca(first)) continue;
    const bool fits = list != nullptr && list->crl && first.subject_der() == list->crl->issuer_der();
    if (found == nullptr || fits || !found_fits) found = &chain;
    found_fits = found_fits || fits;
  }
  return found;
}

bool same_root(const Document* a, const Document& b) {
  return a != nullptr && a->chain != nullptr && b.chain != nullptr &&
         a->chain->certificates.back() == b.chain->certificates.back();
}

// Of the same kind and root as the TCB info where there is one; else any, whose refusal says what is wrong.
const Document* identity_for(const std::vector<Document>& identities, const Document* info) {
  const auto rank = [&](const Document& identity) {
    return std::tuple(info == nullptr || identity.tdx == info->tdx, same_root(info, identity), identity.age);
  };
  const auto found = std::ranges::max_element(identities, {}, rank);
  return found == identities.end() ? nullptr : &*found;
}

// One that the TCB info's root signed; else any.
const List* root_list_for(const std::vector<List>& lists, const Document* info) {
  const bool choose = lists.size() > 1 && info != nullptr && info->chain != nullptr;
  const auto key = choose ? info->chain->certificates.back().public_key() : fail(ErrorCode::kNotFound, "no choice");
  const auto rank = [&](const List& list) { return std::pair(key && list.crl && list.crl->signed_by(*key), list.age); };
  const auto found = std::ranges::max_element(lists, {}, rank);
  return found == lists.end() ? nullptr : &*found;
}

struct Parts {
  std::vector<Document> infos;
  std::vector<Document> identities;
  std::vector<List> root_lists;
  std::vector<List> pck_lists;
};

Parts read_parts(Sorting& sorting) {
  Parts parts;
  for (std::size_t i = 0; i < sorting.files.size(); ++i) {
    switch (sorting.files[i].what.kind) {
      case FileKind::kTcbInfo:
        sorting.use(i, "TCB info");
        parts.infos.push_back(read_tcb_info(sorting, i));
        break;
      case FileKind::kQeIdentity:
        sorting.use(i, "QE identity");
        parts.identities.push_back(read_qe_identity(sorting, i));
        break;
      case FileKind::kCrl:
        take_list(sorting, i, parts.root_lists, parts.pck_lists);
        break;
      default:
        break;
    }
  }
  for (Document& info : parts.infos) find_chain(sorting, info);
  for (Document& identity : parts.identities) find_chain(sorting, identity);
  return parts;
}

// All but the PCK list: what belongs to this TCB info.
Collateral without_pck_list(const Sorting& sorting, const Parts& parts, const Collateral& common,
                            const Document* info) {
  Collateral out = common;
  const auto text = [&](std::size_t file) { return std::string(sorting.text(file)); };
  const auto chain = [](const Document& of) { return of.chain == nullptr ? std::string() : of.chain->text; };
  const Document* identity = identity_for(parts.identities, info);
  const List* root_list = root_list_for(parts.root_lists, info);
  if (root_list != nullptr) out.root_crl = text(root_list->file);
  if (info != nullptr) out.tcb_info = text(info->file), out.tcb_info_issuer_chain = chain(*info);
  if (identity != nullptr) out.qe_identity = text(identity->file), out.qe_identity_issuer_chain = chain(*identity);
  return out;
}

// One for each TCB info and each PCK list: the appraisal picks the one that fits the platform. The last ones count
// most.
void combine(Sorting& sorting, Parts& parts, const Collateral& common) {
  std::ranges::sort(parts.infos, {}, &Document::age);
  std::ranges::sort(parts.pck_lists, {}, &List::age);
  const std::size_t infos = std::max<std::size_t>(parts.infos.size(), 1);
  const std::size_t lists = std::max<std::size_t>(parts.pck_lists.size(), 1);
  const std::size_t first = infos * lists - std::min(infos * lists, kCollateralLimit);
  Collateral base;
  for (std::size_t i = first; i < infos * lists; ++i) {
    if (i == first || i % lists == 0) {
      base = without_pck_list(sorting, parts, common, parts.infos.empty() ? nullptr : &parts.infos[i / lists]);
    }
    Collateral out = base;
    const List* pck_list = parts.pck_lists.empty() ? nullptr : &parts.pck_lists[i % lists];
    if (pck_list != nullptr) out.pck_crl = std::string(sorting.text(pck_list->file));
    if (const ChainFile* ca = ca_chain_for(sorting, pck_list)) out.pck_crl_issuer_chain = ca->text;
    if (out != Collateral{}) sorting.folder.dcap.push_back(std::move(out));
  }
}

}  // namespace

void sort_dcap(Sorting& sorting) {
  Parts parts = read_parts(sorting);
  Collateral common;
  for (ChainFile& chain : sorting.chains) take_chain(sorting, chain, common);
  combine(sorting, parts, common);
}

}  // namespace brume::evidence
