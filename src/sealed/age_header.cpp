#include "sealed/age_header.h"

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/text.h"

namespace brume::sealed {

namespace {

using FileKey = crypto::Secret<16>;

constexpr std::string_view kVersionLine = "age-encryption.org/v1\n";
constexpr std::string_view kArmorStart = "-----BEGIN ";
constexpr std::string_view kX25519 = "X25519";
constexpr std::string_view kX25519Info = "age-encryption.org/v1/X25519";
constexpr std::string_view kPayloadKeyContext = "brume-payload-key/1";
constexpr std::size_t kColumns = 64;
constexpr std::size_t kWrappedKeySize = 16 + crypto::kAeadTagSize;
constexpr std::size_t kMacTextSize = 43;
constexpr crypto::AeadNonce kZeroNonce{};

// Lines of a prefix: each ends with LF, or more bytes are needed.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text), size_(text.size()) {}

  std::optional<std::string_view> next() {
    std::size_t size = rest_.find('\n');
    if (size == std::string_view::npos) return std::nullopt;
    std::string_view line = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return line;
  }
  std::size_t offset() const { return size_ - rest_.size(); }
  std::size_t remaining() const { return rest_.size(); }

 private:
  std::string_view rest_;
  std::size_t size_;
};

Status check_version_line(std::string_view text) {
  std::size_t size = std::min(text.size(), kVersionLine.size());
  if (text.substr(0, size) == kVersionLine.substr(0, size)) return {};
  if (text.starts_with(kArmorStart)) {
    return fail(ErrorCode::kUnsupported,
                "age header: the file is armored (text); Brume reads the binary form only: grep -v -- ----- FILE | "
                "base64 -d makes that");
  }
  return malformed("age header: the file does not start with \"age-encryption.org/v1\"");
}

Result<std::vector<std::string>> parse_arguments(std::string_view line) {
  if (!line.starts_with("-> ")) return malformed("age header: expected a line that starts with \"-> \" or \"--- \"");
  line.remove_prefix(3);
  std::vector<std::string> arguments;
  for (;;) {
    std::size_t size = std::min(line.find(' '), line.size());
    std::string_view argument = line.substr(0, size);
    if (argument.empty()) return malformed("age header: a stanza has an empty argument");
    for (char c : argument) {
      if (c < 33 || c > 126) return malformed("age header: a stanza's argument has a character that is not visible");
    }
    if (arguments.size() == kAgeArgumentLimit) {
      return fail(ErrorCode::kLimit, "age header: a stanza has more than 16 arguments");
    }
    arguments.emplace_back(argument);
    if (size == line.size()) return arguments;
    line.remove_prefix(size + 1);
  }
}

// Nothing where more bytes are needed.
Result<std::optional<Bytes>> parse_body(Lines& lines) {
  std::string text;
  for (;;) {
    auto line = lines.next();
    if (!line) return std::nullopt;
    if (line->size() > kColumns) return malformed("age header: a stanza's line is longer than 64 columns");
    text += *line;
    if (line->size() < kColumns) break;
  }
  auto body = crypto::from_base64_unpadded(text);
  if (!body) return within("age header: stanza body", std::move(body.error()));
  return std::move(*body);
}

Result<ByteArray<32>> parse_mac(std::string_view text) {
  if (text.size() != kMacTextSize) return malformed("age header: the MAC has not 43 characters");
  auto mac = crypto::from_base64_unpadded(text);
  if (!mac) return within("age header: MAC", std::move(mac.error()));
  ByteArray<32> out;
  std::memcpy(out.data(), mac->data(), out.size());
  return out;
}

crypto::Key32 wrap_key(const crypto::Key32& shared, const crypto::X25519Public& share,
                       const crypto::X25519Public& recipient) {
  ByteArray<64> salt;
  std::memcpy(salt.data(), share.data(), 32);
  std::memcpy(salt.data() + 32, recipient.data(), 32);
  return crypto::hkdf<32>(shared.reveal(), salt, as_bytes(kX25519Info));
}

Sha256Digest header_mac(const FileKey& file_key, ByteView range) {
  return crypto::hmac_sha256(crypto::hkdf<32>(file_key.reveal(), {}, as_bytes("header")).reveal(), range);
}

crypto::Key32 derive_payload_key(const FileKey& file_key, ByteView nonce) {
  return crypto::hkdf<32>(file_key.reveal(), nonce, as_bytes("payload"));
}

struct X25519Stanza {
  crypto::X25519Public share;
  ByteArray<kWrappedKeySize> wrapped;
};

Result<X25519Stanza> parse_x25519(const AgeStanza& stanza) {
  if (stanza.arguments.size() != 2) return malformed("age header: an X25519 stanza has not two arguments");
  auto share = crypto::from_base64_unpadded(stanza.arguments[1]);
  if (!share || share->size() != 32) return malformed("age header: an X25519 stanza's share is not 32 bytes of base64");
  if (stanza.body.size() != kWrappedKeySize) return malformed("age header: an X25519 stanza's body has not 32 bytes");
  X25519Stanza out;
  std::memcpy(out.share.data(), share->data(), out.share.size());
  std::memcpy(out.wrapped.data(), stanza.body.data(), out.wrapped.size());
  return out;
}

// Nothing where the stanza is for somebody else.
Result<std::optional<FileKey>> unwrap(const X25519Stanza& stanza, const AgeIdentity& identity) {
  auto shared = crypto::x25519(identity.secret(), stanza.share);
  if (!shared) return malformed("age header: an X25519 stanza's share is a point of low order");
  crypto::Aead aead(wrap_key(*shared, stanza.share, identity.recipient().key()));
  FileKey file_key;
  if (!aead.open(kZeroNonce, {}, stanza.wrapped, file_key.writable())) return std::nullopt;
  return file_key;
}

Result<AgeStanza> wrap(const FileKey& file_key, const AgeRecipient& recipient, Random& random) {
  crypto::Key32 ephemeral = crypto::Key32::random(random);
  crypto::X25519Public share = crypto::x25519_public(ephemeral);
  auto shared = crypto::x25519(ephemeral, recipient.key());
  if (!shared) return malformed("recipient: the key is a point of low order");
  AgeStanza stanza{{std::string(kX25519), crypto::base64_unpadded(share)}, Bytes(kWrappedKeySize)};
  crypto::Aead(wrap_key(*shared, share, recipient.key())).seal(kZeroNonce, {}, file_key.reveal(), stanza.body);
  return stanza;
}

}  // namespace

Sha256Digest commit_payload_key(const crypto::Key32& payload_key) {
  return crypto::hmac_sha256(payload_key.reveal(), as_bytes(kPayloadKeyContext));
}

Bytes encode_age_stanzas(std::span<const AgeStanza> stanzas) {
  std::string out(kVersionLine);
  for (const AgeStanza& stanza : stanzas) {
    out += "->";
    for (const std::string& argument : stanza.arguments) out += " " + argument;
    out += "\n";
    std::string body = crypto::base64_unpadded(stanza.body);
    // A body of whole lines ends with an empty one.
    for (std::size_t at = 0; at <= body.size(); at += kColumns) out += body.substr(at, kColumns) + "\n";
  }
  out += "---";
  return to_bytes(as_bytes(out));
}

Result<std::optional<AgeHeader>> AgeHeader::parse(ByteView prefix) {
  std::string_view text = as_chars(prefix.first(std::min(prefix.size(), kAgeHeaderSizeLimit)));
  BRUME_TRY(check_version_line(text));
  auto more = [&]() -> Result<std::optional<AgeHeader>> {
    if (prefix.size() < kAgeHeaderSizeLimit) return std::nullopt;
    return fail(ErrorCode::kLimit, "age header: larger than 64 KiB");
  };
  Lines lines(text);
  if (!lines.next()) return more();
  AgeHeader header;
  for (;;) {
    std::size_t start = lines.offset();
    auto line = lines.next();
    if (!line) return more();
    if (line->starts_with("--- ")) {
      if (header.stanzas_.empty()) return malformed("age header: no recipient");
      BRUME_ASSIGN(header.mac_, parse_mac(line->substr(4)));
      header.mac_range_ = start + 3;
      break;
    }
    if (header.stanzas_.size() == kAgeStanzaLimit) return fail(ErrorCode::kLimit, "age header: more than 256 stanzas");
    BRUME_ASSIGN(std::vector<std::string> arguments, parse_arguments(*line));
    BRUME_ASSIGN(std::optional<Bytes> body, parse_body(lines));
    if (!body) return more();
    header.stanzas_.push_back({std::move(arguments), std::move(*body)});
  }
  if (lines.remaining() < kAgeNonceSize) return more();
  header.bytes_ = to_bytes(prefix.first(lines.offset() + kAgeNonceSize));
  return header;
}

Sha256Digest AgeHeader::commitment() const { return crypto::sha256(bytes_); }

Result<AgeOpening> AgeHeader::open(std::span<const AgeIdentity> identities) const {
  std::vector<X25519Stanza> candidates;
  for (const AgeStanza& stanza : stanzas_) {
    if (stanza.arguments[0] != kX25519) continue;
    BRUME_ASSIGN(X25519Stanza candidate, parse_x25519(stanza));
    candidates.push_back(candidate);
  }
  for (const X25519Stanza& candidate : candidates) {
    for (const AgeIdentity& identity : identities) {
      BRUME_ASSIGN(std::optional<FileKey> file_key, unwrap(candidate, identity));
      if (!file_key) continue;
      if (!equal_constant_time(header_mac(*file_key, ByteView(bytes_).first(mac_range_)).view(), mac_)) {
        return fail(ErrorCode::kAuthFailed, "age header: the MAC does not fit: the header was altered");
      }
      crypto::Key32 payload_key = derive_payload_key(*file_key, ByteView(bytes_).last(kAgeNonceSize));
      return AgeOpening{payload_key, {commitment(), commit_payload_key(payload_key)}, payload_offset()};
    }
  }
  return fail(ErrorCode::kNotFound, "age header: the file is not sealed to any of the given keys (it has " +
                                        std::to_string(candidates.size()) + " X25519 recipients, " +
                                        std::to_string(stanzas_.size() - candidates.size()) + " of other kinds)");
}

Result<NewAgeFile> create_age_file(std::span<const AgeRecipient> recipients, Random& random) {
  if (recipients.empty()) return fail(ErrorCode::kUsage, "no recipient given: nobody could open the file");
  if (recipients.size() > kAgeRecipientLimit) return fail(ErrorCode::kLimit, "more than 256 recipients");
  FileKey file_key = FileKey::random(random);
  std::vector<AgeStanza> stanzas;
  for (const AgeRecipient& recipient : recipients) {
    BRUME_ASSIGN(AgeStanza stanza, wrap(file_key, recipient, random));
    stanzas.push_back(std::move(stanza));
  }
  NewAgeFile file;
  file.prefix = encode_age_stanzas(stanzas);
  Sha256Digest mac = header_mac(file_key, file.prefix);
  append(file.prefix, as_bytes(" " + crypto::base64_unpadded(mac.view()) + "\n"));
  ByteArray<kAgeNonceSize> nonce;
  random.fill(nonce);
  append(file.prefix, nonce);
  file.payload_key = derive_payload_key(file_key, nonce);
  file.commitment = {crypto::sha256(file.prefix), commit_payload_key(file.payload_key)};
  return file;
}

}  // namespace brume::sealed
