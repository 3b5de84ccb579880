// Private to the readers of IMA lists: from template data to fields and back.
#pragma once

#include "evidence/ima_log.h"

namespace brume::evidence {

inline constexpr std::string_view kImaTemplate = "ima";

// What the template digest covers: of "ima", the digest and the path padded to 256 bytes
// (security/integrity/ima/ima_crypto.c, ima_calc_field_array_hash_tfm); of all others the data as they are.
Bytes ima_hashed_bytes(const ImaEntry& entry);
// Sets hash_name, file_digest, path and signature from the template's data.
Status read_ima_fields(ImaEntry& entry);
// Whether the template digest is that of the data, or the entry a violation.
bool ima_template_digest_fits(const ImaEntry& entry);

}  // namespace brume::evidence
