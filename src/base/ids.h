// Names by value: fixed-size byte strings that do not mix, each a type of its own.
#pragma once

#include <compare>
#include <functional>

#include "base/bytes.h"
#include "base/hex.h"

namespace brume {

template <typename Tag, std::size_t N>
struct FixedBytes {
  static constexpr std::size_t kSize = N;
  ByteArray<N> bytes{};

  ByteView view() const { return bytes; }
  std::string hex() const { return to_hex(bytes); }
  friend auto operator<=>(const FixedBytes&, const FixedBytes&) = default;

  // Refuses any size but N.
  static Result<FixedBytes> from(ByteView view) {
    if (view.size() != N) return malformed("expected " + std::to_string(N) + " bytes");
    FixedBytes out;
    std::memcpy(out.bytes.data(), view.data(), N);
    return out;
  }
  static Result<FixedBytes> parse_hex(std::string_view text) {
    auto bytes = from_hex(text);
    if (!bytes) return std::unexpected(bytes.error());
    return from(*bytes);
  }
};

struct Sha256DigestTag {};
struct Sha384DigestTag {};
struct Sha512DigestTag {};
using Sha256Digest = FixedBytes<Sha256DigestTag, 32>;
using Sha384Digest = FixedBytes<Sha384DigestTag, 48>;
using Sha512Digest = FixedBytes<Sha512DigestTag, 64>;

struct MeasurementTag {};
struct SignerTag {};
struct ImageDigestTag {};
struct NonceTag {};
struct ReportDataTag {};
struct RunIdTag {};
struct ClusterIdTag {};
struct SaltTag {};
struct SpkiHashTag {};
// MRENCLAVE (Intel SDM vol. 3D, 34.4.1.1), SHA-256.
using Measurement = FixedBytes<MeasurementTag, 32>;
// MRSIGNER: SHA-256 of the signer's RSA modulus, little-endian.
using SignerId = FixedBytes<SignerTag, 32>;
// Digest of a whole container root file system (docs/formats/image-digest.md).
using ImageDigest = FixedBytes<ImageDigestTag, 32>;
using Nonce = FixedBytes<NonceTag, 32>;
using ReportData = FixedBytes<ReportDataTag, 64>;
using RunId = FixedBytes<RunIdTag, 16>;
using ClusterId = FixedBytes<ClusterIdTag, 16>;
// Drawn inside the TEE by each attempt of a task; names the attempt.
using Salt = FixedBytes<SaltTag, 32>;
// SHA-256 of a DER SubjectPublicKeyInfo.
using SpkiHash = FixedBytes<SpkiHashTag, 32>;

// Given by the master at admission; 0 is nobody.
struct NodeId {
  std::uint32_t value = 0;
  friend auto operator<=>(const NodeId&, const NodeId&) = default;
};

}  // namespace brume
