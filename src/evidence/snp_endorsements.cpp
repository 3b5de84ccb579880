#include "evidence/snp_endorsements.h"

namespace brume::evidence {

Result<std::vector<crypto::Certificate>> load_snp_certificates(std::string_view bytes) {
  if (bytes.size() > kSnpEndorsementSizeLimit) return fail(ErrorCode::kLimit, "certificates: longer than 1 MiB");
  if (!bytes.starts_with('\x30')) return crypto::Certificate::chain_from_pem(bytes, kSnpEndorsementCountLimit);
  BRUME_ASSIGN(auto certificate, crypto::Certificate::from_der(as_bytes(bytes)));
  return std::vector<crypto::Certificate>{std::move(certificate)};
}

}  // namespace brume::evidence
