#include "sealed/age.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "crypto/random.h"
#include "crypto/text.h"

namespace brume::sealed {
namespace {

crypto::SystemRandom g_random;

Bytes text_of(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 2654435761u >> 13);
  return out;
}

Bytes seal(ByteView data, std::span<const AgeRecipient> recipients, std::size_t piece = SIZE_MAX) {
  AgeWriter writer = *AgeWriter::create(recipients, g_random);
  Bytes out = writer.prefix();
  while (!data.empty()) {
    std::size_t size = std::min(piece, data.size());
    writer.push(data.first(size), out);
    data = data.subspan(size);
  }
  writer.finish(out);
  return out;
}

Result<Bytes> open(ByteView file, const AgeIdentity& identity, std::size_t piece = SIZE_MAX) {
  AgeReader reader(identity);
  Bytes out;
  while (!file.empty()) {
    std::size_t size = std::min(piece, file.size());
    BRUME_TRY(reader.push(file.first(size), out));
    file = file.subspan(size);
  }
  BRUME_TRY(reader.finish(out));
  return out;
}

struct AgeTest : testing::Test {
  AgeIdentity owner = AgeIdentity::generate(g_random);
  AgeIdentity other = AgeIdentity::generate(g_random);
  std::vector<AgeRecipient> to_owner{owner.recipient()};

  // A file with these header lines, a MAC that fits, and one empty chunk.
  Bytes file_with(const std::string& stanzas_text, const crypto::Secret<16>& file_key) {
    Bytes file = to_bytes(as_bytes("age-encryption.org/v1\n" + stanzas_text + "---"));
    auto mac = crypto::hmac_sha256(crypto::hkdf<32>(file_key.reveal(), {}, as_bytes("header")).reveal(), file);
    append(file, as_bytes(" " + crypto::base64_unpadded(mac.view()) + "\n"));
    Bytes nonce(16, 9);
    append(file, nonce);
    ChunkCipher cipher(crypto::hkdf<32>(file_key.reveal(), nonce, as_bytes("payload")));
    Bytes chunk(16);
    cipher.seal(0, true, {}, chunk);
    append(file, chunk);
    return file;
  }
  std::string stanza_for(const AgeRecipient& recipient, const crypto::Secret<16>& file_key) {
    auto ephemeral = crypto::Key32::random(g_random);
    auto share = crypto::x25519_public(ephemeral);
    Bytes salt = to_bytes(share);
    append(salt, recipient.key());
    auto shared = *crypto::x25519(ephemeral, recipient.key());
    crypto::Aead aead(crypto::hkdf<32>(shared.reveal(), salt, as_bytes("age-encryption.org/v1/X25519")));
    Bytes body(32);
    aead.seal({}, {}, file_key.reveal(), body);
    return "-> X25519 " + crypto::base64_unpadded(share) + "\n" + crypto::base64_unpadded(body) + "\n";
  }
};

TEST_F(AgeTest, OpensWhatItSealed) {
  for (std::size_t size : {0, 1, 65535, 65536, 65537, 131072, 200000}) {
    for (std::size_t piece : {SIZE_MAX, std::size_t{65536}, std::size_t{1000}}) {
      Bytes file = seal(text_of(size), to_owner, piece);
      EXPECT_EQ(*open(file, owner, piece), text_of(size));
    }
  }
  Bytes file = seal(text_of(70000), to_owner);
  EXPECT_EQ(*open(file, owner, 1), text_of(70000));
}

TEST_F(AgeTest, OpensForEachOfSeveralRecipients) {
  std::vector<AgeRecipient> both{owner.recipient(), other.recipient()};
  Bytes file = seal(text_of(100), both);
  EXPECT_EQ(*open(file, owner), text_of(100));
  EXPECT_EQ(*open(file, other), text_of(100));
  EXPECT_EQ(open(file, AgeIdentity::generate(g_random)).error().code, ErrorCode::kNotFound);
}

TEST_F(AgeTest, TriesEveryIdentityGiven) {
  Bytes file = seal(text_of(10), to_owner);
  AgeReader reader(std::vector<AgeIdentity>{other, owner});
  Bytes out;
  EXPECT_TRUE(reader.push(file, out));
  EXPECT_TRUE(reader.finish(out));
  EXPECT_EQ(out, text_of(10));
}

TEST_F(AgeTest, NoRecipientIsAnError) { EXPECT_EQ(AgeWriter::create({}, g_random).error().code, ErrorCode::kUsage); }

TEST_F(AgeTest, RefusesEveryTruncation) {
  Bytes file = seal(text_of(40), to_owner);
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(open(ByteView(file).first(size), owner)) << size;
  }
  Bytes longer = seal(text_of(131072), to_owner);
  for (std::size_t cut : {1u, 15u, 16u, 17u, 65551u, 65552u, 65553u, 131104u}) {
    EXPECT_FALSE(open(ByteView(longer).first(longer.size() - cut), owner)) << cut;
  }
}

TEST_F(AgeTest, RefusesEveryFlippedByte) {
  Bytes file = seal(text_of(40), to_owner);
  for (std::size_t i = 0; i < file.size(); ++i) {
    Bytes altered = file;
    altered[i] ^= 0x20;
    EXPECT_FALSE(open(altered, owner)) << i;
  }
}

TEST_F(AgeTest, RefusesTrailingBytes) {
  for (std::size_t size : {0, 10, 65536}) {
    Bytes file = seal(text_of(size), to_owner);
    file.push_back(0);
    EXPECT_FALSE(open(file, owner));
  }
}

TEST_F(AgeTest, RefusesChunksSwappedDoubledOrDropped) {
  Bytes file = seal(text_of(3 * 65536 + 5), to_owner);
  std::size_t start = (*AgeHeader::parse(file))->bytes().size();
  auto chunk = [&](std::size_t i) {
    return to_bytes(ByteView(file).subspan(
        start + i * kAgeSealedChunkSize, std::min(kAgeSealedChunkSize, file.size() - start - i * kAgeSealedChunkSize)));
  };
  auto assemble = [&](std::initializer_list<std::size_t> order) {
    Bytes out = to_bytes(ByteView(file).first(start));
    for (std::size_t i : order) append(out, chunk(i));
    return out;
  };
  EXPECT_TRUE(open(assemble({0, 1, 2, 3}), owner));
  EXPECT_FALSE(open(assemble({1, 0, 2, 3}), owner));
  EXPECT_FALSE(open(assemble({0, 0, 1, 2, 3}), owner));
  EXPECT_FALSE(open(assemble({0, 2, 3}), owner));
  EXPECT_FALSE(open(assemble({0, 1, 2}), owner));
  EXPECT_FALSE(open(assemble({0, 1, 3}), owner));
}

TEST_F(AgeTest, RefusesAnEmptyLastChunkAfterAFullOne) {
  NewAgeFile file = *create_age_file(to_owner, g_random);
  ChunkCipher cipher(file.payload_key);
  Bytes bytes = file.prefix;
  Bytes chunk(kAgeSealedChunkSize);
  cipher.seal(0, false, text_of(kAgeChunkSize), chunk);
  append(bytes, chunk);
  Bytes last(16);
  cipher.seal(1, true, {}, last);
  append(bytes, last);
  EXPECT_FALSE(open(bytes, owner));
}

TEST_F(AgeTest, SkipsStanzasOfOtherKinds) {
  auto file_key = crypto::Secret<16>::random(g_random);
  std::string own = stanza_for(owner.recipient(), file_key);
  std::string grease = "-> kX-grease a#b ~\n" + std::string(64, 'A') + "\n\n";
  std::string scrypt = "-> scrypt ajMFur+EJLGaohv/dLRGnw 18\n8SHBz/ldWnjyGFQqfjat6uNBarWqqEMDS7W8X7+Xq5Q\n";
  std::string lower = "-> x25519 nothing\n\n";
  EXPECT_TRUE(open(file_with(own, file_key), owner));
  EXPECT_TRUE(open(file_with(grease + scrypt + lower + own, file_key), owner));
  auto missing = open(file_with(grease + scrypt, file_key), owner);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
}

TEST_F(AgeTest, RefusesMalformedHeaders) {
  auto file_key = crypto::Secret<16>::random(g_random);
  std::string own = stanza_for(owner.recipient(), file_key);
  std::string body = own.substr(own.find('\n') + 1);
  std::string argument = own.substr(10, 43);
  auto refused = [&](const std::string& stanzas) { return !open(file_with(stanzas, file_key), owner).has_value(); };
  EXPECT_FALSE(refused(own));
  EXPECT_TRUE(refused(""));                                              // no stanza
  EXPECT_TRUE(refused("-> X25519 " + argument + " more\n" + body));      // arguments
  EXPECT_TRUE(refused("-> X25519\n" + body));                            // argument missing
  EXPECT_TRUE(refused("-> X25519  " + argument + "\n" + body));          // empty argument
  EXPECT_TRUE(refused("->  X25519 " + argument + "\n" + body));          // empty argument
  EXPECT_TRUE(refused("-> X25519 " + argument + " \n" + body));          // trailing space
  EXPECT_TRUE(refused("-> X25519 " + argument + "\r\n" + body));         // CR
  EXPECT_TRUE(refused("->X25519 " + argument + "\n" + body));            // no space
  EXPECT_TRUE(refused("-> X25519 " + argument + "=\n" + body));          // padding
  EXPECT_TRUE(refused("-> X25519 " + argument + "AAAA\n" + body));       // longer share
  EXPECT_TRUE(refused(own + "-> g\n" + std::string(65, 'A') + "\n\n"));  // line over 64
  EXPECT_TRUE(refused(own + "-> g\n" + std::string(64, 'A') + "\n"));    // no short last line
  EXPECT_TRUE(refused(own + "-> g\n" + "AB" + "\n"));                    // unused bits
  EXPECT_TRUE(refused(own + "-> g\n" + "A" + "\n"));                     // impossible length
  EXPECT_TRUE(refused(own + "\n"));                                      // empty line
  std::string low_order = "-> X25519 " + crypto::base64_unpadded(Bytes(32)) + "\n" + body;
  EXPECT_TRUE(refused(low_order + own));
  std::string long_body = "-> X25519 " + argument + "\n" + crypto::base64_unpadded(Bytes(48)) + "\n\n";
  EXPECT_TRUE(refused(long_body + own));
}

TEST_F(AgeTest, RefusesOtherVersionsAndArmor) {
  Bytes version2 = to_bytes(as_bytes("age-encryption.org/v2\n-> X\n\n"));
  EXPECT_EQ(AgeHeader::parse(version2).error().code, ErrorCode::kMalformed);
  Bytes armor = to_bytes(as_bytes("-----BEGIN AGE ENCRYPTED FILE-----\nYWdl"));
  EXPECT_EQ(AgeHeader::parse(armor).error().code, ErrorCode::kUnsupported);
  EXPECT_FALSE(AgeHeader::parse(as_bytes("plain text")).has_value());
}

TEST_F(AgeTest, HeaderParserAsksForMoreBytes) {
  Bytes file = seal(text_of(5), to_owner);
  std::size_t size = (*AgeHeader::parse(file))->bytes().size();
  for (std::size_t n = 0; n < size; ++n) {
    auto header = AgeHeader::parse(ByteView(file).first(n));
    ASSERT_TRUE(header.has_value()) << n;
    EXPECT_FALSE(header->has_value());
  }
  EXPECT_TRUE(AgeHeader::parse(ByteView(file).first(size))->has_value());
}

TEST_F(AgeTest, HeaderHasASizeLimit) {
  std::string header = "age-encryption.org/v1\n-> g\n";
  while (header.size() < 2 * kAgeHeaderSizeLimit) header += std::string(64, 'A') + "\n";
  EXPECT_EQ(AgeHeader::parse(as_bytes(header)).error().code, ErrorCode::kLimit);
  EXPECT_EQ(AgeHeader::parse(as_bytes(header).first(kAgeHeaderSizeLimit)).error().code, ErrorCode::kLimit);
}

TEST_F(AgeTest, CommitmentNamesTheFileAndItsKey) {
  AgeWriter writer = *AgeWriter::create(to_owner, g_random);
  Bytes file = writer.prefix();
  writer.finish(file);
  AgeReader reader(owner);
  Bytes out;
  ASSERT_TRUE(reader.push(file, out));
  EXPECT_EQ(*reader.commitment(), writer.commitment());
  AgeWriter second = *AgeWriter::create(to_owner, g_random);
  EXPECT_NE(second.commitment().header, writer.commitment().header);
  EXPECT_NE(second.commitment().payload_key, writer.commitment().payload_key);
}

TEST_F(AgeTest, LayoutIsTheSameFromBothSizes) {
  for (std::uint64_t size : {0ull, 1ull, 65535ull, 65536ull, 65537ull, 131072ull, 1ull << 40}) {
    ClaimedAgeLayout layout = ClaimedAgeLayout::from_plaintext_size(216, size);
    EXPECT_EQ(layout.plaintext_size(), size);
    EXPECT_EQ(*ClaimedAgeLayout::from_file_size(216, layout.file_size()), layout);
  }
  EXPECT_FALSE(ClaimedAgeLayout::from_file_size(216, 100));
  EXPECT_FALSE(ClaimedAgeLayout::from_file_size(216, 216 + 15));
  EXPECT_TRUE(ClaimedAgeLayout::from_file_size(216, 216 + 16));
  EXPECT_FALSE(ClaimedAgeLayout::from_file_size(216, 216 + 65552 + 16));
  EXPECT_TRUE(ClaimedAgeLayout::from_file_size(216, 216 + 65552 + 17));
}

TEST_F(AgeTest, OpensChunksAtRandomAndProvesTheLength) {
  Bytes data = text_of(3 * 65536 + 100);
  Bytes file = seal(data, to_owner);
  AgeOpening opening = *(*AgeHeader::parse(file))->open({&owner, 1});
  ChunkCipher cipher(opening.payload_key);
  auto layout = *ClaimedAgeLayout::from_file_size(opening.payload_offset, file.size());
  auto sealed = [&](std::uint64_t i) {
    return ByteView(file).subspan(layout.chunk_offset(i), layout.sealed_chunk_size(i));
  };
  Bytes out(kAgeChunkSize);
  EXPECT_TRUE(cipher.open(2, false, sealed(2), out));
  EXPECT_TRUE(equal(out, ByteView(data).subspan(2 * 65536, 65536)));
  EXPECT_FALSE(cipher.open(1, false, sealed(2), out));
  EXPECT_FALSE(cipher.open(2, true, sealed(2), out));

  Bytes end(100);
  EXPECT_TRUE(verify_final_chunk(layout, cipher, sealed(3), end));
  EXPECT_TRUE(equal(end, ByteView(data).last(100)));
  // A file cut at a chunk's border: its size is a claim that the final chunk does not bear out.
  auto shorter = *ClaimedAgeLayout::from_file_size(opening.payload_offset, layout.chunk_offset(3));
  EXPECT_FALSE(verify_final_chunk(shorter, cipher, sealed(2), out));
}

TEST(AgeKeys, KnownKeyHasItsKnownRecipient) {
  // C2SP age.md, "The X25519 recipient type".
  auto identity = AgeIdentity::parse("AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->secret().reveal()[0], 0x42);
  EXPECT_EQ(identity->recipient().text(), "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj");
  EXPECT_EQ(AgeIdentity::parse(identity->secret_text())->recipient(), identity->recipient());
  EXPECT_EQ(*AgeRecipient::parse(identity->recipient().text()), identity->recipient());
}

TEST(AgeKeys, RefusesOtherKindsCasesAndTypingErrors) {
  std::string text = AgeIdentity::generate(g_random).recipient().text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string typo = text;
    typo[i] = typo[i] == 'q' ? 'p' : 'q';
    EXPECT_FALSE(AgeRecipient::parse(typo)) << i;
    EXPECT_FALSE(AgeRecipient::parse(text.substr(0, i)));
  }
  std::string upper = text;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_FALSE(AgeRecipient::parse(upper));
  EXPECT_FALSE(AgeRecipient::parse(text + "q"));
  EXPECT_EQ(AgeRecipient::parse("ssh-ed25519 AAAA").error().code, ErrorCode::kUnsupported);
  EXPECT_FALSE(AgeIdentity::parse(text));
}

TEST(AgeKeys, ReadsKeyFiles) {
  AgeIdentity a = AgeIdentity::generate(g_random);
  AgeIdentity b = AgeIdentity::generate(g_random);
  auto keys = parse_identity_file("# created: today\n\n" + a.secret_text() + "\r\n# more\n" + b.secret_text());
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ((*keys)[1].recipient(), b.recipient());
  EXPECT_FALSE(parse_identity_file("# nothing\n"));
  auto wrong = parse_identity_file(a.secret_text() + "\nAGE-SECRET-KEY-1WRONG\n");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().what.find("line 2"), std::string::npos);
  EXPECT_EQ(wrong.error().what.find("WRONG"), std::string::npos);
  auto recipients = parse_recipients_file("# owners\n" + a.recipient().text() + "\n" + b.recipient().text() + "\n");
  EXPECT_EQ(recipients->size(), 2u);
}

}  // namespace
}  // namespace brume::sealed
