#include "crypto/aead.h"

#include <gtest/gtest.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <optional>

#include "base/hex.h"
#include "crypto/random.h"

namespace brume::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

struct Sample {
  Key32 key = Key32::from(hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f")).value();
  AeadNonce nonce = {0x07, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47};
  Bytes aad = hex("50515253c0c1c2c3c4c5c6c7");
  std::string text =
      "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be "
      "it.";
  Bytes sealed() const {
    Bytes out(text.size() + kAeadTagSize);
    Aead(key).seal(nonce, aad, as_bytes(text), out);
    return out;
  }
  bool opens(const AeadNonce& nonce_given, ByteView aad_given, ByteView sealed) const {
    Bytes out(sealed.size() - kAeadTagSize, 0xee);
    bool good = Aead(key).open(nonce_given, aad_given, sealed, out);
    EXPECT_TRUE(good || out == Bytes(out.size())) << "what did not open must be wiped";
    return good && equal(out, as_bytes(text).first(out.size()));
  }
};

// RFC 8439, section 2.8.2.
TEST(Aead, MatchesRfc8439) {
  EXPECT_EQ(to_hex(Sample().sealed()),
            "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
            "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
            "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691");
}

TEST(Aead, RefusesEveryFlippedBit) {
  Sample sample;
  Bytes sealed = sample.sealed();
  ASSERT_TRUE(sample.opens(sample.nonce, sample.aad, sealed));
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    Bytes changed = sealed;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(sample.opens(sample.nonce, sample.aad, changed)) << bit;
  }
}

TEST(Aead, RefusesOtherAadNonceAndSize) {
  Sample sample;
  Bytes sealed = sample.sealed();
  EXPECT_FALSE(sample.opens(sample.nonce, hex("50515253c0c1c2c3c4c5c6c8"), sealed));
  EXPECT_FALSE(sample.opens(sample.nonce, {}, sealed));
  EXPECT_FALSE(sample.opens(AeadNonce{}, sample.aad, sealed));
  EXPECT_FALSE(sample.opens(sample.nonce, sample.aad, ByteView(sealed).first(sealed.size() - 1)));
  EXPECT_FALSE(sample.opens(sample.nonce, sample.aad, ByteView(sealed).subspan(1)));
}

TEST(Aead, OneObjectSealsAndOpensManyAfterARefusal) {
  SystemRandom random;
  Aead aead(Key32::random(random));
  for (std::uint8_t i = 0; i < 100; ++i) {
    Bytes text(i, i), sealed(i + kAeadTagSize), opened(i);
    AeadNonce nonce{i};
    aead.seal(nonce, text, text, sealed);
    EXPECT_FALSE(aead.open(AeadNonce{1, 1}, text, sealed, opened));
    EXPECT_TRUE(aead.open(nonce, text, sealed, opened));
    EXPECT_EQ(opened, text);
  }
}

#if defined(__x86_64__)
// Whether upper halves of vector registers are in use (Intel SDM, volume 1, 13.6: XGETBV with ECX = 1), where the
// processor tells.
std::optional<bool> upper_halves_in_use() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  constexpr unsigned kXgetbvWithEcx1 = 1u << 2;
  if (!__builtin_cpu_supports("avx") || __get_cpuid_count(0xD, 1, &eax, &ebx, &ecx, &edx) == 0 ||
      (eax & kXgetbvWithEcx1) == 0) {
    return std::nullopt;
  }
  asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(1));
  return (eax & (1u << 2 | 1u << 6)) != 0;  // of YMM, and of ZMM 0 to 15
}

// Code that uses SSE and AVX in turn takes twice as long behind an AEAD that does.
TEST(Aead, LeavesNoUpperHalvesInUse) {
  if (!upper_halves_in_use()) GTEST_SKIP() << "this processor does not tell";
  Aead aead{Key32()};
  for (const std::size_t size : {0, 1, 16, 100, 1000, 1 << 16}) {
    Bytes text(size), sealed(size + kAeadTagSize);
    aead.seal({}, text, text, sealed);
    EXPECT_FALSE(*upper_halves_in_use()) << "sealing " << size;
    EXPECT_TRUE(aead.open({}, text, sealed, text));
    EXPECT_FALSE(*upper_halves_in_use()) << "opening " << size;
  }
}
#endif

TEST(Aead, SealsNothingWithATag) {
  Aead aead{Key32()};
  Bytes sealed(kAeadTagSize);
  aead.seal({}, {}, {}, sealed);
  EXPECT_TRUE(aead.open({}, {}, sealed, {}));
  sealed[0] ^= 1;
  EXPECT_FALSE(aead.open({}, {}, sealed, {}));
}

}  // namespace
}  // namespace brume::crypto
