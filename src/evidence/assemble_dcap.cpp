// Which chain signed which document, which list is whose: SGX and TDX.
#include <algorithm>
#include <optional>

#include "evidence/assemble_parts.h"

namespace brume::evidence {
namespace {

// As many as Verifier keeps.
constexpr std::size_t kCollateralLimit = 64;

// TCB info or QE identity: signed by the key of a TCB signing certificate.
struct Document {
  std::size_t file;
  bool tdx = false;
  UnixMs issued_ms = 0;
  Bytes signed_bytes{};
  ByteArray<64> signature{};
  std::string chain{};
};

struct List {
  std::size_t file;
  UnixMs updated_ms = 0;
};

Document read_tcb_info(const Sorting& sorting, std::size_t file) {
  Document out{.file = file};
  auto info = parse_tcb_info(sorting.text(file));
  if (!info) return out;  // the appraisal tells why
  out.tdx = info->info_unverified.id == TcbInfoId::kTdx;
  out.issued_ms = info->info_unverified.issue_date_ms;
  out.signed_bytes = std::move(info->signed_bytes);
  out.signature = info->signature;
  return out;
}

Document read_qe_identity(const Sorting& sorting, std::size_t file) {
  Document out{.file = file};
  auto identity = parse_qe_identity(sorting.text(file));
  if (!identity) return out;
  out.tdx = identity->identity_unverified.id == QeIdentityId::kTdQe;
  out.issued_ms = identity->identity_unverified.issue_date_ms;
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
  document.chain = found->text;
}

// By the issuer's name, which is there in letters even where the list does not parse.
void take_list(Sorting& sorting, std::size_t file, std::vector<List>& root_lists, std::vector<List>& pck_lists) {
  std::string bytes(sorting.text(file));
  auto crl = load_crl(bytes);
  if (crl) bytes = std::string(as_chars(crl->der()));
  const List list{file, crl ? crl->this_update() : 0};
  if (bytes.find("PCK") != std::string::npos) {
    sorting.use(file, "PCK revocation list");
    pck_lists.push_back(list);
  } else if (bytes.find("SGX Root") != std::string::npos || bytes.find("Root CA") != std::string::npos) {
    sorting.use(file, "root revocation list");
    root_lists.push_back(list);
  }
}

void take_chain(Sorting& sorting, ChainFile& chain, Collateral& common) {
  const auto& first = chain.certificates.front();
  if (name_contains(first, "PCK Certificate")) {
    if (!chain.used) sorting.use(chain.file, "PCK chain");
    common.pck_chain = chain.text;
  } else if (name_contains(first, "PCK") && name_contains(first, "CA")) {
    sorting.use(chain.file, "issuer chain of the PCK revocation list");
    common.pck_crl_issuer_chain = chain.text;
  }
}

template <typename Element>
const Element* newest(const std::vector<Element>& elements, UnixMs Element::* date) {
  auto found = std::ranges::max_element(elements, {}, date);
  return found == elements.end() ? nullptr : &*found;
}

// Of the same kind as the TCB info where there is one; else any, whose refusal says what is wrong.
const Document* identity_for(const std::vector<Document>& identities, const Document* info) {
  const Document* found = nullptr;
  for (const Document& identity : identities) {
    const bool fits = info == nullptr || identity.tdx == info->tdx;
    const bool found_fits = found != nullptr && (info == nullptr || found->tdx == info->tdx);
    if (found == nullptr || (fits && !found_fits) || (fits == found_fits && identity.issued_ms > found->issued_ms)) {
      found = &identity;
    }
  }
  return found;
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

// One for each TCB info and each PCK list: the appraisal picks the one that fits the platform.
void combine(Sorting& sorting, Parts& parts, const Collateral& common) {
  std::ranges::sort(parts.infos, {}, &Document::issued_ms);
  std::ranges::sort(parts.pck_lists, {}, &List::updated_ms);
  const std::size_t infos = std::max<std::size_t>(parts.infos.size(), 1);
  const std::size_t lists = std::max<std::size_t>(parts.pck_lists.size(), 1);
  for (std::size_t i = 0; i < infos * lists && i < kCollateralLimit; ++i) {
    const Document* info = parts.infos.empty() ? nullptr : &parts.infos[i / lists];
    const Document* identity = identity_for(parts.identities, info);
    const List* root_list = newest(parts.root_lists, &List::updated_ms);
    Collateral out = common;
    auto text = [&](std::size_t file) { return std::string(sorting.text(file)); };
    if (root_list != nullptr) out.root_crl = text(root_list->file);
    if (!parts.pck_lists.empty()) out.pck_crl = text(parts.pck_lists[i % lists].file);
    if (info != nullptr) out.tcb_info = text(info->file), out.tcb_info_issuer_chain = info->chain;
    if (identity != nullptr) out.qe_identity = text(identity->file), out.qe_identity_issuer_chain = identity->chain;
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
