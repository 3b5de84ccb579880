// A folder of files, in any order and under any names, sorted into what a verifier takes. Every file's
// use is told, so that nothing lies there unseen; a certificate that its issuer beside it did not sign, or
// a file of a known kind that does not parse, is a problem: whoever laid the folder out meant it to count.
#pragma once

#include "evidence/collateral.h"
#include "evidence/recognise.h"
#include "evidence/snp_endorsements.h"
#include "evidence/tpm_evidence.h"

namespace brume::evidence {

inline constexpr std::size_t kFolderFilesLimit = 256;

struct NamedFile {
  std::string name;
  Recognised what;
};

struct FileUse {
  std::string name;
  FileKind kind = FileKind::kUnknown;
  std::string use;  // "TCB signing chain"; empty: none
};

struct FileProblem {
  std::string rule;  // "collateral.format", "collateral.chain", "collateral.conflict" (two that say different things)
  std::string file;
  std::string what;
};

struct Folder {
  std::vector<Collateral> dcap;  // the newest that had been issued last, before it older ones, then those of the future
  SnpEndorsements snp;
  TpmEvidence tpm;                    // but for `attest`: that is the file which is verified
  std::vector<std::string> tpm_crls;  // of lists that are neither Intel's nor AMD's
  Bytes hcl_report;                   // Azure's; empty: none
  std::vector<Bytes> quotes;          // of SGX and TDX: what logs are held against
  std::vector<FileUse> uses;          // as the files came
  std::vector<FileProblem> problems;
};

// Pure. A folder may hold collateral of several dates: what had been issued at that moment counts first. A trust anchor
// in the folder is told as such and trusted no more than any other file.
Folder assemble(const std::vector<NamedFile>& files, UnixMs at_ms);

// Of one file: PEM (one or several) or DER. At most 8.
Result<std::vector<crypto::Certificate>> load_certificates(const Recognised& file);

}  // namespace brume::evidence
