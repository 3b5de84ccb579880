// What belongs to a TPM's quote: its signature, the attestation key, register values, logs, certificates.
#include <algorithm>

#include "evidence/assemble_parts.h"

namespace brume::evidence {
namespace {

// Of one kind there may be one file, or several that say the same.
void take_one(Sorting& sorting, std::size_t file, Bytes& slot, std::string_view use) {
  const Bytes& content = sorting.files[file].what.content;
  sorting.use(file, use);
  if (slot.empty()) {
    slot = content;
  } else if (slot != content) {
    sorting.problem("collateral.conflict", file, "a second " + std::string(use) + " that differs from the first");
  }
}

// A public area says more than the key alone; whatever else names the key must name the same.
void take_key(Sorting& sorting, std::size_t file) {
  Bytes& slot = sorting.folder.tpm.ak_public;
  const Recognised& what = sorting.files[file].what;
  sorting.use(file, "attestation key");
  auto key = read_attestation_key(what.content);
  if (!key) return sorting.problem("collateral.format", file, key.error().what);
  if (slot.empty()) {
    slot = what.content;
    return;
  }
  const auto first = read_attestation_key(slot);
  const bool both_named = !first->name.empty() && !key->name.empty();
  if (first->key.spki_hash() != key->key.spki_hash() || (both_named && first->name != key->name)) {
    return sorting.problem("collateral.conflict", file, "another attestation key");
  }
  if (first->name.empty()) slot = what.content;
}

void take_pcrs(Sorting& sorting, std::size_t file) {
  sorting.use(file, "register values");
  auto values = read_pcr_values(sorting.files[file].what.content);
  if (!values) return sorting.problem("collateral.format", file, values.error().what);
  PcrValues& all = sorting.folder.tpm.pcrs;
  for (PcrValue& value : *values) {
    const PcrValue* known = find_pcr(all, value.bank, value.index);
    if (known == nullptr) {
      all.push_back(std::move(value));
    } else if (*known != value) {
      return sorting.problem("collateral.conflict", file, "another value of a register than a file before it");
    }
  }
}

void take_file(Sorting& sorting, std::size_t file) {
  Folder& folder = sorting.folder;
  switch (sorting.files[file].what.kind) {
    case FileKind::kTpmSignature:
    case FileKind::kRawSignature:
      return take_one(sorting, file, folder.tpm.signature, "quote's signature");
    case FileKind::kTpmPublic:
    case FileKind::kPublicKey:
      return take_key(sorting, file);
    case FileKind::kPcrValues:
      return take_pcrs(sorting, file);
    case FileKind::kEventLog:
      return take_one(sorting, file, folder.tpm.event_log, "event log");
    case FileKind::kImaBinary:
      return take_one(sorting, file, folder.tpm.ima_log, "IMA list");
    case FileKind::kHclReport:
      return take_one(sorting, file, folder.hcl_report, "HCL report");
    case FileKind::kDcapQuote:
      folder.quotes.push_back(sorting.files[file].what.content);
      return;
    default:
      return;
  }
}

// Only where there is no binary list, which says more and may have been read a little earlier.
void take_ima_text(Sorting& sorting) {
  if (!sorting.folder.tpm.ima_log.empty()) return;
  for (std::size_t i = 0; i < sorting.files.size(); ++i) {
    if (sorting.files[i].what.kind == FileKind::kImaText) take_one(sorting, i, sorting.folder.tpm.ima_log, "IMA list");
  }
}

bool is_unused(const Sorting& sorting, std::size_t file) { return sorting.folder.uses[file].use.empty(); }

}  // namespace

void sort_tpm(Sorting& sorting) {
  for (std::size_t i = 0; i < sorting.files.size(); ++i) take_file(sorting, i);
  take_ima_text(sorting);
  for (const ChainFile& chain : sorting.chains) {
    const bool intel = std::ranges::any_of(chain.certificates,
                                           [](const auto& certificate) { return name_contains(certificate, "SGX"); });
    if (intel || !is_unused(sorting, chain.file)) continue;
    sorting.folder.tpm.certificates.push_back(chain.text);
    if (!is_self_issued(chain.certificates.front())) sorting.use(chain.file, "certificates of TPM keys");
  }
  for (std::size_t i = 0; i < sorting.files.size(); ++i) {
    if (sorting.files[i].what.kind != FileKind::kCrl || !is_unused(sorting, i)) continue;
    sorting.use(i, "revocation list");
    sorting.folder.tpm_crls.emplace_back(sorting.text(i));
  }
}

}  // namespace brume::evidence
