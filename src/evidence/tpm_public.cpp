#include "evidence/tpm_public.h"

#include "base/reader.h"
#include "base/writer.h"
#include "evidence/tpm_bytes.h"

namespace brume::evidence {
namespace {

constexpr std::uint32_t kReservedAttributes = 0xfff0f009;  // Part 2, 8.3.2: bits 0, 3, 12-15 and 20-31
constexpr std::size_t kRsaSizeLimit = 512;
constexpr std::size_t kEccSizeLimit = 66;
constexpr std::uint16_t kCurveP256 = 3;  // TPM_ECC_NIST_P256, TCG Algorithm Registry, table 4
constexpr std::uint16_t kCurveP384 = 4;

TpmAlgorithm read_algorithm(Reader& reader) { return static_cast<TpmAlgorithm>(reader.u16be()); }
void put_algorithm(Writer& writer, TpmAlgorithm value) { writer.u16be(static_cast<std::uint16_t>(value)); }

// TPMT_SYM_DEF_OBJECT, Part 2, 11.1.7.
TpmSymmetric read_symmetric(Reader& reader) {
  TpmSymmetric out;
  out.algorithm = read_algorithm(reader);
  if (out.algorithm == TpmAlgorithm::kNull) return out;
  out.key_bits = reader.u16be();
  out.mode = read_algorithm(reader);
  return out;
}

// TPMT_RSA_SCHEME, TPMT_ECC_SCHEME and TPMT_KDF_SCHEME, Part 2, 11.2: all but two carry one hash.
TpmScheme read_scheme(Reader& reader) {
  TpmScheme out;
  out.algorithm = read_algorithm(reader);
  if (out.algorithm == TpmAlgorithm::kNull || out.algorithm == TpmAlgorithm::kRsaEs) return out;
  out.hash = read_algorithm(reader);
  if (out.algorithm == TpmAlgorithm::kEcdaa) out.count = reader.u16be();
  return out;
}

void put_scheme(Writer& writer, const TpmScheme& scheme) {
  put_algorithm(writer, scheme.algorithm);
  if (scheme.algorithm == TpmAlgorithm::kNull || scheme.algorithm == TpmAlgorithm::kRsaEs) return;
  put_algorithm(writer, scheme.hash);
  if (scheme.algorithm == TpmAlgorithm::kEcdaa) writer.u16be(scheme.count);
}

// A TPM may drop a coordinate's leading zeros (Part 1, section C.8: or keep them).
Result<crypto::PublicKey> ec_key(crypto::Curve curve, std::size_t size, const TpmPublic& key) {
  if (key.x.size() > size || key.y.size() > size) return malformed("TPMT_PUBLIC: a coordinate is too long");
  Bytes x(size - key.x.size()), y(size - key.y.size());
  append(x, key.x);
  append(y, key.y);
  return crypto::PublicKey::from_ec(curve, x, y);
}

}  // namespace

Result<TpmPublic> parse_tpmt_public(ByteView bytes) {
  if (bytes.size() > kTpmPublicSizeLimit) return fail(ErrorCode::kLimit, "TPMT_PUBLIC: longer than 2 KiB");
  Reader reader(bytes);
  TpmPublic out;
  out.type = read_algorithm(reader);
  const bool rsa = out.type == TpmAlgorithm::kRsa;
  if (reader.ok() && !rsa && out.type != TpmAlgorithm::kEcc) {
    return fail(ErrorCode::kUnsupported, "TPMT_PUBLIC: neither an RSA nor an ECC key");
  }
  out.name_hash = read_algorithm(reader);
  out.attributes = reader.u32be();
  out.policy = to_bytes(take_tpm2b(reader, kTpmDigestSizeLimit));
  out.symmetric = read_symmetric(reader);
  out.scheme = read_scheme(reader);
  if (rsa) {
    out.rsa_bits = reader.u16be();
    out.rsa_exponent = reader.u32be();
    out.rsa_modulus = to_bytes(take_tpm2b(reader, kRsaSizeLimit));
  } else {
    out.curve = reader.u16be();
    out.kdf = read_scheme(reader);
    out.x = to_bytes(take_tpm2b(reader, kEccSizeLimit));
    out.y = to_bytes(take_tpm2b(reader, kEccSizeLimit));
  }
  BRUME_TRY(reader.done("TPMT_PUBLIC"));
  if ((out.attributes & kReservedAttributes) != 0) return malformed("TPMT_PUBLIC: reserved attributes are set");
  if (rsa && out.rsa_modulus.size() * 8 != out.rsa_bits) {
    return malformed("TPMT_PUBLIC: the modulus is not as long as its key bits say");
  }
  return out;
}

Bytes encode_tpmt_public(const TpmPublic& key) {
  Writer writer;
  put_algorithm(writer, key.type);
  put_algorithm(writer, key.name_hash);
  writer.u32be(key.attributes);
  put_tpm2b(writer, key.policy);
  put_algorithm(writer, key.symmetric.algorithm);
  if (key.symmetric.algorithm != TpmAlgorithm::kNull) {
    writer.u16be(key.symmetric.key_bits);
    put_algorithm(writer, key.symmetric.mode);
  }
  put_scheme(writer, key.scheme);
  if (key.type == TpmAlgorithm::kRsa) {
    writer.u16be(key.rsa_bits).u32be(key.rsa_exponent);
    put_tpm2b(writer, key.rsa_modulus);
  } else {
    writer.u16be(key.curve);
    put_scheme(writer, key.kdf);
    put_tpm2b(writer, key.x);
    put_tpm2b(writer, key.y);
  }
  return writer.take();
}

Result<TpmPublic> read_tpm_public(ByteView bytes) {
  Reader reader(bytes);
  const ByteView inner = reader.take(reader.u16be());
  // A TPMT_PUBLIC begins with its type, 1 or 0x23, which is never the size of what follows.
  return reader.done("TPM2B_PUBLIC") ? parse_tpmt_public(inner) : parse_tpmt_public(bytes);
}

Result<Bytes> tpm_name(const TpmPublic& key) {
  const auto hash = tpm_crypto_hash(key.name_hash);
  if (!hash) return fail(ErrorCode::kUnsupported, "TPMT_PUBLIC: the name's hash is not known");
  Writer writer;
  put_algorithm(writer, key.name_hash);
  writer.raw(crypto::hash(*hash, encode_tpmt_public(key)));
  return writer.take();
}

Result<crypto::PublicKey> tpm_public_key(const TpmPublic& key) {
  if (key.type == TpmAlgorithm::kRsa) {
    return crypto::PublicKey::from_rsa(key.rsa_modulus, key.rsa_exponent == 0 ? 65537 : key.rsa_exponent);
  }
  if (key.curve == kCurveP256) return ec_key(crypto::Curve::kP256, 32, key);
  if (key.curve == kCurveP384) return ec_key(crypto::Curve::kP384, 48, key);
  return fail(ErrorCode::kUnsupported, "TPMT_PUBLIC: the curve is neither P-256 nor P-384");
}

bool is_attestation_key(const TpmPublic& key) {
  constexpr std::uint32_t kMust = kTpmFixedTpm | kTpmFixedParent | kTpmSensitiveDataOrigin | kTpmRestricted | kTpmSign;
  return (key.attributes & kMust) == kMust && (key.attributes & kTpmDecrypt) == 0;
}

}  // namespace brume::evidence
