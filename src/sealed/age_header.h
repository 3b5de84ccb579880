// The header of an age v1 file (C2SP age.md, "Header"): whom the file is sealed to, and the key of
// its payload.
//
//   header = "age-encryption.org/v1" LF 1*stanza "--- " 43base64char LF
//   stanza = "-> " argument *(SP argument) LF *(64base64char LF) *63base64char LF
// followed by a nonce of 16 bytes and the payload (age_payload.h).
#pragma once

#include <optional>
#include <span>

#include "base/ids.h"
#include "sealed/age_keys.h"

namespace brume::sealed {

// A header that is larger is refused: 256 X25519 recipients take 26 KiB, a post-quantum one 1.6 KiB.
inline constexpr std::size_t kAgeHeaderSizeLimit = 64u << 10;
inline constexpr std::size_t kAgeStanzaLimit = 256;
inline constexpr std::size_t kAgeArgumentLimit = 16;
inline constexpr std::size_t kAgeNonceSize = 16;

struct AgeStanza {
  std::vector<std::string> arguments;  // the first is the kind
  Bytes body;
  friend bool operator==(const AgeStanza&, const AgeStanza&) = default;
};

// Binds an input by value: a file with another header, nonce or payload key has another one.
struct AgeCommitment {
  Sha256Digest header;       // SHA-256 of header, MAC line and nonce, as they stand in the file
  Sha256Digest payload_key;  // HMAC-SHA-256(payload key, "brume-payload-key/1")
  friend bool operator==(const AgeCommitment&, const AgeCommitment&) = default;
};

Sha256Digest commit_payload_key(const crypto::Key32& payload_key);

// What an identity got out of a header whose MAC it checked.
struct AgeOpening {
  crypto::Key32 payload_key;
  AgeCommitment commitment;
  std::uint64_t payload_offset = 0;  // bytes of header and nonce
};

// Well-formed; nothing in it is authentic before open() succeeded.
class AgeHeader {
 public:
  // `prefix`: the file from its first byte on, as much as is at hand. Nothing where more bytes are needed: of
  // a whole file that means that it was cut.
  static Result<std::optional<AgeHeader>> parse(ByteView prefix);

  const std::vector<AgeStanza>& stanzas() const { return stanzas_; }
  // Header and nonce, as they came: payload_offset() bytes.
  const Bytes& bytes() const { return bytes_; }
  std::uint64_t payload_offset() const { return bytes_.size(); }
  Sha256Digest commitment() const;

  // Finds the stanza that one of `identities` opens, and checks the header's MAC. Stanzas of other kinds
  // are skipped. kNotFound where none fits, kAuthFailed where the MAC does not.
  Result<AgeOpening> open(std::span<const AgeIdentity> identities) const;

 private:
  AgeHeader() = default;
  std::vector<AgeStanza> stanzas_;
  ByteArray<32> mac_{};
  std::size_t mac_range_ = 0;  // bytes under the MAC: up to and including "---"
  Bytes bytes_;
};

// The shape again, without MAC line and nonce, ending in "---": what the MAC covers.
Bytes encode_age_stanzas(std::span<const AgeStanza> stanzas);

struct NewAgeFile {
  Bytes prefix;  // header and nonce: the file's first bytes
  crypto::Key32 payload_key;
  AgeCommitment commitment;
};
// A fresh file key and nonce for at least one and at most kAgeRecipientLimit recipients.
Result<NewAgeFile> create_age_file(std::span<const AgeRecipient> recipients, Random& random);

}  // namespace brume::sealed
