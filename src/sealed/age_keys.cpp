#include "sealed/age_keys.h"

#include "sealed/bech32.h"

namespace brume::sealed {

namespace {

constexpr std::string_view kRecipientPrefix = "age";
constexpr std::string_view kIdentityPrefix = "AGE-SECRET-KEY-";

// Bech32 text with that prefix and 32 bytes.
Result<Bytes> decode_key(std::string_view what, std::string_view prefix, std::string_view text) {
  auto decoded = decode_bech32(text);
  if (!decoded) return within(what, std::move(decoded.error()));
  if (decoded->prefix != prefix) {
    return fail(ErrorCode::kUnsupported, std::string(what) + ": only X25519 keys are known (" + std::string(prefix) +
                                             "1...), this one is of another kind");
  }
  if (decoded->data.size() != 32) return malformed(std::string(what) + ": the key has not 32 bytes");
  return std::move(decoded->data);
}

template <typename Key>
Result<std::vector<Key>> parse_lines(std::string_view what, std::string_view text, std::size_t limit_count) {
  if (text.size() > kAgeKeyFileSizeLimit) return fail(ErrorCode::kLimit, std::string(what) + " is larger than 1 MiB");
  std::vector<Key> keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::size_t size = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, size);
    text.remove_prefix(std::min(size + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    if (keys.size() == limit_count) {
      return fail(ErrorCode::kLimit, std::string(what) + " holds more than " + std::to_string(limit_count) + " keys");
    }
    auto key = Key::parse(line);
    if (!key) return within(std::string(what) + ", line " + std::to_string(number), std::move(key.error()));
    keys.push_back(std::move(*key));
  }
  if (keys.empty()) return malformed(std::string(what) + " holds no key");
  return keys;
}

}  // namespace

Result<AgeRecipient> AgeRecipient::parse(std::string_view text) {
  if (text.starts_with("ssh-")) {
    return fail(ErrorCode::kUnsupported, "recipient: SSH keys are not known here, only X25519 keys (age1...)");
  }
  BRUME_ASSIGN(Bytes key, decode_key("recipient", kRecipientPrefix, text));
  crypto::X25519Public out;
  std::memcpy(out.data(), key.data(), out.size());
  return AgeRecipient(out);
}

std::string AgeRecipient::text() const { return encode_bech32(kRecipientPrefix, key_); }

Result<AgeIdentity> AgeIdentity::parse(std::string_view text) {
  BRUME_ASSIGN(Bytes key, decode_key("identity", kIdentityPrefix, text));
  auto secret = crypto::Key32::from(key);
  crypto::wipe(key);
  BRUME_TRY(secret);
  return AgeIdentity(*secret);
}

std::string AgeIdentity::secret_text() const { return encode_bech32(kIdentityPrefix, secret_.reveal()); }

Result<std::vector<AgeIdentity>> parse_identity_file(std::string_view text) {
  return parse_lines<AgeIdentity>("identity file", text, kAgeIdentityLimit);
}

Result<std::vector<AgeRecipient>> parse_recipients_file(std::string_view text) {
  return parse_lines<AgeRecipient>("recipients file", text, kAgeRecipientLimit);
}

}  // namespace brume::sealed
