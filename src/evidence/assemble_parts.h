// Inside assemble(): files read, before they are sorted into roles.
#pragma once

#include "evidence/assemble.h"
#include "evidence/qe_identity.h"
#include "evidence/tcb_info.h"

namespace brume::evidence {

struct ChainFile {
  std::size_t file;                               // index in the folder
  std::string text;                               // PEM, verbatim
  std::vector<crypto::Certificate> certificates;  // at least one
  bool used = false;
  bool table = false;  // a set, not a chain
};

// What the folder says, and its problems, while it is sorted.
struct Sorting {
  const std::vector<NamedFile>& files;
  const UnixMs at_ms;
  Folder folder;
  std::vector<ChainFile> chains;

  std::string_view text(std::size_t file) const { return as_chars(files[file].what.content); }
  void use(std::size_t file, std::string_view as) { folder.uses[file].use = as; }
  void problem(std::string_view rule, std::size_t file, std::string what) {
    folder.problems.push_back({std::string(rule), files[file].name, std::move(what)});
  }
};

// Reads every file of certificates, and checks each chain on its own (assemble_chains.cpp).
void read_chains(Sorting& sorting);
// SGX and TDX (assemble_dcap.cpp).
void sort_dcap(Sorting& sorting);
// SEV-SNP (assemble_snp.cpp).
void sort_snp(Sorting& sorting);
// TPMs, logs, and what is nobody else's (assemble_tpm.cpp): the last.
void sort_tpm(Sorting& sorting);

bool is_self_issued(const crypto::Certificate& certificate);
bool name_contains(const crypto::Certificate& certificate, std::string_view word);

}  // namespace brume::evidence
