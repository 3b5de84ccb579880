#include "evidence/tpm_signature.h"

#include "base/reader.h"
#include "base/writer.h"
#include "evidence/tpm_bytes.h"

namespace brume::evidence {
namespace {

constexpr std::size_t kRsaSizeLimit = 512;
constexpr std::size_t kEccSizeLimit = 66;  // P-521

bool is_rsa_size(std::size_t size) { return size == 256 || size == 384 || size == 512; }

}  // namespace

Result<TpmSignature> parse_tpmt_signature(ByteView bytes) {
  if (bytes.size() > kTpmSignatureSizeLimit) return fail(ErrorCode::kLimit, "TPMT_SIGNATURE: longer than 1 KiB");
  Reader reader(bytes);
  TpmSignature out;
  out.scheme = static_cast<TpmAlgorithm>(reader.u16be());
  out.hash = static_cast<TpmAlgorithm>(reader.u16be());
  const bool ecdsa = out.scheme == TpmAlgorithm::kEcdsa;
  if (reader.ok() && !ecdsa && out.scheme != TpmAlgorithm::kRsaSsa && out.scheme != TpmAlgorithm::kRsaPss) {
    return fail(ErrorCode::kUnsupported, "TPMT_SIGNATURE: the scheme is not RSASSA, RSAPSS or ECDSA");
  }
  if (ecdsa) {
    out.r = to_bytes(take_tpm2b(reader, kEccSizeLimit));
    out.s = to_bytes(take_tpm2b(reader, kEccSizeLimit));
  } else {
    out.rsa = to_bytes(take_tpm2b(reader, kRsaSizeLimit));
  }
  BRUME_TRY(reader.done("TPMT_SIGNATURE"));
  if (tpm_digest_size(out.hash) == 0) return fail(ErrorCode::kUnsupported, "TPMT_SIGNATURE: an unknown hash");
  if (ecdsa ? out.r.empty() || out.s.empty() : !is_rsa_size(out.rsa.size())) {
    return malformed("TPMT_SIGNATURE: a part has a size that no supported key has");
  }
  return out;
}

Bytes encode_tpmt_signature(const TpmSignature& signature) {
  Writer writer;
  writer.u16be(static_cast<std::uint16_t>(signature.scheme)).u16be(static_cast<std::uint16_t>(signature.hash));
  if (signature.scheme == TpmAlgorithm::kEcdsa) {
    put_tpm2b(writer, signature.r);
    put_tpm2b(writer, signature.s);
  } else {
    put_tpm2b(writer, signature.rsa);
  }
  return writer.take();
}

Result<TpmSignature> read_tpm_signature(ByteView bytes) {
  auto parsed = parse_tpmt_signature(bytes);
  if (parsed || !is_rsa_size(bytes.size())) return parsed;
  TpmSignature bare;
  bare.rsa = to_bytes(bytes);
  return bare;
}

}  // namespace brume::evidence
