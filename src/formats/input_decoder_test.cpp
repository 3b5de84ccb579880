#include "formats/input_decoder.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <random>

#include "base/hex.h"
#include "formats/test_compressor.h"
#include "formats/test_decode.h"

namespace brume::formats {
namespace {

// In pieces of these sizes.
Decoded decode(Compression compression, ByteView in, std::size_t in_size = 1 << 20, std::size_t out_size = 65536,
               const DecoderLimits& limits = {}) {
  return decode_in_pieces(compression, in, {.in = in_size, .out = out_size}, limits);
}

std::string some_text(std::size_t size, unsigned seed = 1) {
  std::mt19937_64 random(seed);
  std::string text;
  while (text.size() < size) text += std::to_string(random() % 5000) + (random() % 9 == 0 ? "\n" : " fog ");
  text.resize(size);
  return text;
}

struct Case {
  const char* name;
  Compression compression;
  Bytes bytes;
  std::string text;
  std::vector<std::size_t> borders;  // where it may end
};

std::vector<Case> cases(std::size_t size) {
  const std::string a = some_text(size, 1);
  const std::string b = some_text(size / 2, 2);
  const Bytes gzip_a = gzip_member(a);
  const Bytes zstd_a = zstd_frame(a);
  const Bytes skipped = skippable_frame(9, 15);
  return {
      {"plain", Compression::kNone, to_bytes(as_bytes(a)), a, {}},
      {"gzip", Compression::kGzip, gzip_a, a, {gzip_a.size()}},
      {"gzip with all that a header may have", Compression::kGzip, gzip_member(a, 9, true), a, {}},
      {"gzip stored", Compression::kGzip, gzip_member(a, 0), a, {}},
      {"gzip of nothing", Compression::kGzip, gzip_member(""), "", {}},
      {"gzip members",
       Compression::kGzip,
       joined({gzip_a, gzip_member(""), gzip_member(b, 1, true)}),
       a + b,
       {gzip_a.size(), gzip_a.size() + gzip_member("").size()}},
      {"zstd", Compression::kZstd, zstd_a, a, {}},
      {"zstd without checksum and size", Compression::kZstd, zstd_frame(a, {1, false, false}), a, {}},
      {"zstd best", Compression::kZstd, zstd_frame(a, {19, true, false}), a, {}},
      {"zstd of nothing", Compression::kZstd, zstd_frame(""), "", {}},
      {"zstd skippable", Compression::kZstd, skippable_frame(0), "", {}},
      {"zstd frames",
       Compression::kZstd,
       joined({skipped, zstd_a, zstd_frame(""), skipped, zstd_frame(b, {1, false, false})}),
       a + b,
       {skipped.size(), skipped.size() + zstd_a.size(), skipped.size() + zstd_a.size() + zstd_frame("").size(),
        2 * skipped.size() + zstd_a.size() + zstd_frame("").size()}},
  };
}

TEST(InputDecoder, GivesTheSameTextWhateverThePieces) {
  for (const Case& one : cases(300'000)) {
    for (const std::size_t in_size : {1000, 65536, 1 << 20}) {
      for (const std::size_t out_size : {777, 65536, 1 << 20}) {
        const Decoded decoded = decode(one.compression, one.bytes, in_size, out_size);
        EXPECT_EQ(decoded.error(), "") << one.name;
        EXPECT_TRUE(decoded.text == one.text) << one.name << " " << in_size << " " << out_size;
      }
    }
  }
  for (const Case& one : cases(3000)) {
    for (const std::size_t in_size : {1, 2, 7}) {
      for (const std::size_t out_size : {1, 2, 5}) {
        const Decoded decoded = decode(one.compression, one.bytes, in_size, out_size);
        EXPECT_EQ(decoded.error(), "") << one.name;
        EXPECT_TRUE(decoded.text == one.text) << one.name << " " << in_size << " " << out_size;
      }
    }
  }
}

TEST(InputDecoder, FeedsPiecesOfAtMost64KiB) {
  for (const Case& one : cases(300'000)) {
    const auto decoder = InputDecoder::create(one.compression);
    std::string text;
    const auto take = [&](ByteView piece) -> Status {
      EXPECT_TRUE(!piece.empty() && piece.size() <= InputDecoder::kPieceSize);
      text += as_chars(piece);
      return {};
    };
    ASSERT_TRUE(decoder->feed(one.bytes, take));
    ASSERT_TRUE(decoder->finish());
    EXPECT_TRUE(text == one.text) << one.name;
  }
}

TEST(InputDecoder, StopsAtTheErrorOfWhoeverTakesThePieces) {
  const auto decoder = InputDecoder::create(Compression::kGzip);
  const auto refuse = [](ByteView) -> Status { return malformed("enough"); };
  EXPECT_EQ(decoder->feed(gzip_member("a"), refuse).error().what, "enough");
}

TEST(InputDecoder, RefusesEveryTruncation) {
  for (const Case& one : cases(2000)) {
    if (one.compression == Compression::kNone) continue;
    for (std::size_t size = 0; size < one.bytes.size(); ++size) {
      const Decoded decoded = decode(one.compression, ByteView(one.bytes).first(size), 97, 1000);
      const bool at_border = std::ranges::find(one.borders, size) != one.borders.end();
      EXPECT_EQ(decoded.status.has_value(), at_border) << one.name << " " << size;
      if (!at_border) {
        EXPECT_NE(decoded.error().find(size == 0 ? "the input is empty"
                                                 : "the input ends within it, at byte " + std::to_string(size)),
                  std::string::npos)
            << decoded.error();
      }
      EXPECT_TRUE(one.text.starts_with(decoded.text)) << one.name << " " << size;
    }
  }
}

TEST(InputDecoder, RefusesWhatStandsBehindTheLastPart) {
  for (const Case& one : cases(2000)) {
    if (one.compression == Compression::kNone) continue;
    for (const std::string& behind :
         {std::string(8, '\0'), std::string("text of any kind"), std::string("\x1f\x8c 123")}) {
      const Bytes bytes = joined({one.bytes, to_bytes(as_bytes(behind))});
      const Decoded decoded = decode(one.compression, bytes, 100, 100);
      EXPECT_NE(decoded.error().find("garbage behind the last"), std::string::npos) << one.name << decoded.error();
      EXPECT_NE(decoded.error().find("(from byte " + std::to_string(one.bytes.size()) + " of"), std::string::npos);
      EXPECT_TRUE(decoded.text == one.text) << one.name;
    }
  }
}

// A size and a right checksum of nothing, and one empty block.
TEST(InputDecoder, RefusesAFrameThatIsShorterThanItSays) {
  const Bytes frame = from_hex("28b52ffd249901000099e9d851").value();
  EXPECT_EQ(decode(Compression::kZstd, frame).error(),
            "zstd: frame 1 (from byte 0 of the compressed input): is not as long as its header says, at byte 13");
  const Bytes empty = from_hex("28b52ffd240001000099e9d851").value();
  EXPECT_EQ(decode(Compression::kZstd, empty).error(), "");
}

TEST(InputDecoder, SaysWhatIsWrongAndWhere) {
  const Bytes member = gzip_member("some text");
  const Bytes frame = zstd_frame("some text");
  const auto error_of = [](Compression compression, Bytes bytes, std::size_t at) {
    bytes[at] ^= 1;
    return decode(compression, bytes).error();
  };
  EXPECT_EQ(error_of(Compression::kGzip, joined({member, member}), 2 * member.size() - 8),
            "gzip: member 2 (from byte 29 of the compressed input): wrong checksum (CRC-32), at byte 54");
  EXPECT_EQ(error_of(Compression::kGzip, member, member.size() - 1),
            "gzip: member 1 (from byte 0 of the compressed input): wrong size at its end, at byte 29");
  EXPECT_EQ(error_of(Compression::kGzip, member, 0),
            "gzip: member 1 (from byte 0 of the compressed input): not a gzip file, at byte 0");
  EXPECT_EQ(
      error_of(Compression::kGzip, member, 2),
      "gzip: member 1 (from byte 0 of the compressed input): unknown compression method (--compression none, if it "
      "is not compressed), at byte 4");
  EXPECT_EQ(error_of(Compression::kZstd, joined({frame, frame}), 2 * frame.size() - 1),
            "zstd: frame 2 (from byte 22 of the compressed input): wrong checksum (XXH64), at byte 40");
  EXPECT_EQ(error_of(Compression::kZstd, frame, 0),
            "zstd: frame 1 (from byte 0 of the compressed input): not a zstd file, at byte 0");
  EXPECT_EQ(error_of(Compression::kZstd, joined({frame, frame}), frame.size()),
            "zstd: frame 2 (from byte 22 of the compressed input): garbage behind the last frame, at byte 22");
}

TEST(InputDecoder, GivesItsErrorAgain) {
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const auto decoder = InputDecoder::create(compression);
    Bytes out(10);
    ByteView in = as_bytes("no magic");
    const auto first = decoder->decode(in, out);
    ASSERT_FALSE(first);
    in = {};
    EXPECT_EQ(decoder->decode(in, out).error().what, first.error().what);
    EXPECT_EQ(decoder->finish().error().what, first.error().what);
  }
}

TEST(InputDecoder, FindsNearlyEveryFlip) {
  std::mt19937_64 random(3);
  for (const Case& one : cases(2000)) {
    if (one.compression == Compression::kNone || one.text.empty()) continue;
    const bool checked = one.compression == Compression::kGzip || one.name == std::string("zstd");
    for (int i = 0; i < 500; ++i) {
      Bytes bytes = one.bytes;
      bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1 << random() % 8);
      const Decoded decoded = decode(one.compression, bytes, 1 + random() % 500, 1 + random() % 500);
      // Time and system in a gzip header are covered by nothing, and mean nothing here.
      if (checked && decoded.status) {
        EXPECT_TRUE(decoded.text == one.text) << one.name;
      }
    }
  }
}

TEST(InputDecoder, RefusesWindowsOverTheLimit) {
  const std::string text = some_text(100'000);
  const Bytes large = zstd_frame(text, {.content_size = false, .window_log = 24});
  const Decoded refused = decode(Compression::kZstd, large);
  ASSERT_FALSE(refused.status);
  EXPECT_EQ(refused.status.error().code, ErrorCode::kLimit);
  EXPECT_EQ(
      refused.error(),
      "zstd: frame 1 (from byte 0 of the compressed input): needs a window of 16 MiB, and 8 MiB is the limit: give "
      "more memory, or compress it with zstd --long=23 or less, at byte 4");
  EXPECT_EQ(refused.text, "");
  EXPECT_EQ(decode(Compression::kZstd, large, 1, 1).error(), refused.error());
  EXPECT_TRUE(decode(Compression::kZstd, large, 1000, 1000, {16u << 20}).text == text);
  const Bytes fits = zstd_frame(text, {.content_size = false, .window_log = 23});
  EXPECT_TRUE(decode(Compression::kZstd, fits).text == text);
}

TEST(InputDecoder, RefusesOldFormatsAndDictionaries) {
  for (unsigned version = 0x22; version <= 0x27; ++version) {
    const Bytes bytes{static_cast<std::uint8_t>(version), 0xB5, 0x2F, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0};
    EXPECT_NE(decode(Compression::kZstd, bytes).error().find("not a zstd file"), std::string::npos);
  }
  Bytes frame = zstd_frame("text", {.content_size = false});
  frame[4] |= 1;                          // a dictionary's number of one byte,
  frame.insert(frame.begin() + 6, 1, 7);  // which is 7
  const Decoded decoded = decode(Compression::kZstd, frame);
  ASSERT_FALSE(decoded.status);
  EXPECT_EQ(decoded.status.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(decoded.error().find("needs a dictionary"), std::string::npos);
}

// A thousand to one: what comes out is much, what is held is not.
TEST(InputDecoder, HoldsNoMoreThanItSays) {
  const std::string zeros(64u << 20, '\0');
  for (const auto& [compression, bomb] :
       {std::pair(Compression::kGzip, gzip_member(zeros, 9)),
        std::pair(Compression::kZstd, zstd_frame(zeros, {.content_size = false, .window_log = 23}))}) {
    const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    const auto decoder = InputDecoder::create(compression);
    std::uint64_t size = 0;
    std::size_t most = 0;
    const auto take = [&](ByteView piece) -> Status {
      size += piece.size();
      most = std::max<std::size_t>(most, mallinfo2().uordblks + mallinfo2().hblkhd);
      return {};
    };
    ASSERT_TRUE(decoder->feed(bomb, take));
    ASSERT_TRUE(decoder->finish());
    EXPECT_EQ(size, zeros.size());
    EXPECT_LE(most, before + DecoderLimits().window_size + InputDecoder::kFixedMemory);
  }
}

TEST(Recognise, TellsByTheFirstBytes) {
  EXPECT_EQ(recognise(gzip_member("")), Compression::kGzip);
  EXPECT_EQ(recognise(zstd_frame("")), Compression::kZstd);
  for (std::uint8_t kind = 0; kind < 16; ++kind) EXPECT_EQ(recognise(skippable_frame(1, kind)), Compression::kZstd);
  for (const char* const text : {"", "a", "\x1f", "\x28\xb5\x2f", "P*M\x17", "`*M\x18", "word count"})
    EXPECT_EQ(recognise(as_bytes(text)), Compression::kNone) << text;
}

TEST(Compression, HasNames) {
  for (const Compression compression : {Compression::kNone, Compression::kGzip, Compression::kZstd})
    EXPECT_EQ(*parse_compression(compression_name(compression)), compression);
  EXPECT_EQ(*parse_compression("auto"), std::nullopt);
  EXPECT_EQ(parse_compression("bzip2").error().what, "compression: auto, none, gzip or zstd");
}

TEST(DecoderLimits, AreAnEighthOfTheMemory) {
  EXPECT_EQ(decoder_limits_for_heap(1u << 20).window_size, 8u << 20);
  EXPECT_EQ(decoder_limits_for_heap(256u << 20).window_size, 32u << 20);
  EXPECT_EQ(decoder_limits_for_heap(std::uint64_t{1} << 36).window_size, 128u << 20);
}

}  // namespace
}  // namespace brume::formats
