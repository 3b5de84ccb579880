// X25519 keys of age (C2SP age.md, "The X25519 recipient type"): the recipient, to whom a file is
// sealed, and the identity, which opens it; and the text files that hold them.
#pragma once

#include <vector>

#include "crypto/x25519.h"

namespace brume::sealed {

// A file of keys is small; a larger one is something else.
inline constexpr std::size_t kAgeKeyFileSizeLimit = 1u << 20;
// Each identity is tried on each stanza, so both are bounded.
inline constexpr std::size_t kAgeIdentityLimit = 256;
inline constexpr std::size_t kAgeRecipientLimit = 256;

class AgeRecipient {
 public:
  explicit AgeRecipient(const crypto::X25519Public& key) : key_(key) {}
  // "age1...", lower case. kUnsupported for kinds of recipients that are not X25519.
  static Result<AgeRecipient> parse(std::string_view text);
  std::string text() const;
  const crypto::X25519Public& key() const { return key_; }
  friend bool operator==(const AgeRecipient&, const AgeRecipient&) = default;

 private:
  crypto::X25519Public key_;
};

class AgeIdentity {
 public:
  explicit AgeIdentity(const crypto::Key32& secret) : secret_(secret), recipient_(crypto::x25519_public(secret)) {}
  static AgeIdentity generate(Random& random) { return AgeIdentity(crypto::Key32::random(random)); }
  // "AGE-SECRET-KEY-1...", upper case.
  static Result<AgeIdentity> parse(std::string_view text);
  // The secret itself: for the owner's key file only; the caller wipes it.
  std::string secret_text() const;
  const crypto::Key32& secret() const { return secret_; }
  const AgeRecipient& recipient() const { return recipient_; }

 private:
  crypto::Key32 secret_;
  AgeRecipient recipient_;
};

// One key a line; empty lines and lines that start with '#' are skipped. Refuses a file with no key, and
// names the line that is wrong, never what it holds.
Result<std::vector<AgeIdentity>> parse_identity_file(std::string_view text);
Result<std::vector<AgeRecipient>> parse_recipients_file(std::string_view text);

}  // namespace brume::sealed
