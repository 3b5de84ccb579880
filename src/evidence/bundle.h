// A bundle: endorsements of any number of platforms and technologies in one file that can be carried and
// pinned. Format: docs/formats/collateral.md. Holding a certificate here does not make it trusted: the
// policy names roots.
#pragma once

#include <optional>

#include "base/ids.h"
#include "evidence/collateral.h"
#include "evidence/snp_endorsements.h"

namespace brume::evidence {

enum class PartKind {
  kSgxRootCrl,       // DER, hex of DER, or PEM
  kPckCrl,           // the same; issuer chain: CA, root
  kTcbInfo,          // JSON of the PCS, SGX or TDX; issuer chain: TCB signing, root
  kQeIdentity,       // JSON of the PCS, QE or TD_QE; issuer chain: TCB signing, root
  kPckChain,         // PEM: PCK, CA, root; for quotes that do not carry theirs
  kSnpCertificates,  // DER, or PEM with one or several: VCEK, VLEK, ASK, ASVK, ARK
  kSnpCrl,           // DER or PEM
  kTpmCertificates,  // DER, or PEM with one or several: TPM vendors' roots and intermediates
  kTpmCrl,           // DER, hex of DER, or PEM
};
inline constexpr std::size_t kPartKindCount = 9;
std::string_view part_kind_name(PartKind kind);

struct Part {
  PartKind kind = PartKind::kSgxRootCrl;
  std::string data;          // verbatim, as delivered; not empty
  std::string issuer_chain;  // PEM; empty for kinds that have none
  friend auto operator<=>(const Part&, const Part&) = default;
};

// 20 platform families with SGX and TDX, both CAs, and every SNP product have about 100 parts.
inline constexpr std::size_t kPartCountLimit = 1024;
inline constexpr std::size_t kBundleSizeLimit = 16u << 20;

// Version 2 is canonical, so it begins with these very bytes.
inline constexpr std::string_view kBundleStart = "{\"version\":2,";

struct Bundle {
  std::vector<Part> parts;
  friend bool operator==(const Bundle&, const Bundle&) = default;
};

// Version 2, canonical: parse accepts exactly what encode writes, so that the SHA-256 of the file is a name
// of the content. Version 1 (one platform's Collateral) is read as well. Every part fits its stated digest.
Result<Bundle> parse_bundle(std::string_view text);
// Parts in order, each once.
std::string encode_bundle(Bundle bundle);
// SHA-256 of encode_bundle: what `--pin` compares.
Sha256Digest bundle_digest(const Bundle& bundle);

// The parts of one platform's collateral; and all parts of several, as a verifier takes them: one for each
// TCB info and PCK CA, the newest QE identity and root CRL that fit, in ascending order of issue, so that
// the newest is added last. What is missing stays empty and will be refused there, not here.
std::vector<Part> parts_of(const Collateral& collateral);
std::vector<Collateral> collateral_of(const Bundle& bundle);

SnpEndorsements snp_endorsements_of(const Bundle& bundle);
// The data of every part of that kind.
std::vector<std::string> data_of(const Bundle& bundle, PartKind kind);

// Two parts of one `subject` are for the same, and the one with the higher age is the later word on it.
struct PartStamp {
  Bytes subject;
  std::uint32_t evaluation_number = 0;  // goes before `issued_ms`
  UnixMs issued_ms = 0;
};
// Nothing for certificates, which no other part replaces, and for what cannot be read.
std::optional<PartStamp> part_stamp(const Part& part);
// `next`, but where `known` has a later word on the same, that: taking a bundle anew never goes back behind a
// revocation list or TCB info that was seen. What `next` leaves out is left out.
Bundle refreshed(const Bundle& known, Bundle next);

}  // namespace brume::evidence
