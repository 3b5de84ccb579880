// Whole files, plain to age and back, as fast as the machine goes: regular files by several threads,
// each with chunks of its own; pipes by one.
#pragma once

#include <span>

#include "files/atomic_file.h"
#include "files/input_file.h"
#include "sealed/age.h"

namespace brume::cli {

// Neither gives the output its name: the caller commits it.
Status seal_file(files::InputFile& in, files::AtomicFile& out, std::span<const sealed::AgeRecipient> recipients);
// Fails without having authenticated all of it where the input was cut or altered: then drop the output.
Status open_file(files::InputFile& in, files::AtomicFile& out, std::span<const sealed::AgeIdentity> identities);

// Of header and nonce (AgeCommitment::header), of a regular file; nothing is opened or authenticated.
Result<Sha256Digest> header_hash(const files::InputFile& in);

}  // namespace brume::cli
