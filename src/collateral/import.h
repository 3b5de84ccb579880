// Files of collateral, whatever they are called and in whatever order, as a bundle.
#pragma once

#include "evidence/bundle.h"

namespace brume::collateral {

struct NamedBytes {
  std::string name;
  Bytes bytes;
};

// What became of a file.
struct FileNote {
  std::string name;
  std::string use;  // "TCB info"; empty: none
  std::string why;  // not used: what it is instead, or what is wrong with it
};

struct Imported {
  evidence::Bundle bundle;
  std::vector<FileNote> notes;  // as the files came
};

// Recognises files by content (evidence/recognise.h). A document's issuer chain is found among all certificates by
// who signed it; a certificate is nobody's issuer because of its file. Evidence and unknown files are left out, and
// told so. Nothing is verified here but those signatures.
Imported import_files(const std::vector<NamedBytes>& files);

}  // namespace brume::collateral
