#include "local/decoded_input.h"

#include <brume/job.h>
#include <gtest/gtest.h>

#include "formats/test_compressor.h"
#include "local/test_local.h"

namespace brume::local {
namespace {

std::string some_lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i)
    text += std::to_string(i * 7919 % 1000) + (i % 1000 == 999 ? " bad\n" : " fog\n");
  return text;
}

std::string as_text(const Bytes& bytes) { return std::string(as_chars(bytes)); }

// A pipe: it cannot go back.
class PipeInput final : public Input {
 public:
  explicit PipeInput(std::string text) : text_("pipe", std::move(text), false) {}
  const std::string& name() const override { return text_.name(); }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }
  Result<std::size_t> read(MutableByteView out) override { return text_.read(out); }
  Status rewind() override { return fail(ErrorCode::kUsage, "a pipe can be read once"); }

 private:
  TextInput text_;
};

std::string read_rest(DecodedInput& input, std::size_t piece_size) {
  std::string text;
  Bytes piece(piece_size);
  for (std::size_t size = piece_size; size == piece_size;) {
    const auto got = input.read(piece);
    if (!got) return "error: " + got.error().what;
    size = *got;
    text += as_chars(ByteView(piece).first(size));
  }
  return text;
}

// What is read in pieces of that size, or "error: " and why: from a file, and the same from a pipe.
std::string read_all(const std::string& bytes, const formats::CompressionChoice& choice, std::size_t piece_size) {
  TextInput file("file", bytes);
  auto input = DecodedInput::open(file, choice, {});
  if (!input) return "error: " + input.error().what;
  EXPECT_EQ(input->name(), "file");
  const std::string text = read_rest(*input, piece_size);
  PipeInput pipe(bytes);
  auto piped = DecodedInput::open(pipe, choice, {});
  EXPECT_TRUE(piped && read_rest(*piped, piece_size) == text);
  return text;
}

TEST(DecodedInput, RecognisesWhatItReads) {
  const std::string text = some_lines(100'000);
  for (const std::string& bytes :
       {text, as_text(formats::gzip_member(text)), as_text(formats::zstd_frame(text)),
        as_text(formats::joined({formats::gzip_member(text.substr(0, 5)), formats::gzip_member(text.substr(5))})),
        as_text(formats::joined({formats::skippable_frame(3), formats::zstd_frame(text)}))}) {
    for (const std::size_t piece_size : {4095, 65536, 10 << 20}) {
      EXPECT_TRUE(read_all(bytes, std::nullopt, piece_size) == text) << piece_size;
    }
  }
  for (const char* const small : {"", "a", "ab\n", "\x1f"}) EXPECT_EQ(read_all(small, std::nullopt, 2), small);
}

TEST(DecodedInput, DoesWhatItIsTold) {
  const std::string gzip = as_text(formats::gzip_member("text"));
  EXPECT_EQ(read_all(gzip, formats::Compression::kNone, 100), gzip);
  EXPECT_EQ(read_all(gzip, formats::Compression::kGzip, 100), "text");
  EXPECT_EQ(read_all(gzip, formats::Compression::kZstd, 100),
            "error: zstd: frame 1 (from byte 0 of the compressed input): not a zstd file, at byte 0");
  EXPECT_EQ(read_all("", formats::Compression::kGzip, 100),
            "error: gzip: member 1 (from byte 0 of the compressed input): the input is empty, at byte 0");
}

TEST(DecodedInput, KnowsItsSizeWhereItIsPlain) {
  for (const bool tells_size : {true, false}) {
    TextInput plain("plain", "text", tells_size);
    EXPECT_EQ(DecodedInput::open(plain, std::nullopt, {})->size(), plain.size());
    TextInput packed("packed", as_text(formats::gzip_member("text")), tells_size);
    EXPECT_EQ(DecodedInput::open(packed, std::nullopt, {})->size(), std::nullopt);
  }
}

TEST(DecodedInput, KnowsThatNothingIsThere) {
  PipeInput nothing("");
  EXPECT_EQ(DecodedInput::open(nothing, std::nullopt, {})->size(), 0u);
}

TEST(DecodedInput, BeginsAgain) {
  const std::string text = some_lines(50'000);
  for (const std::string& bytes :
       {text, as_text(formats::gzip_member(text)), as_text(formats::zstd_frame(text)), std::string()}) {
    TextInput file("file", bytes);
    auto input = DecodedInput::open(file, std::nullopt, {});
    Bytes some(1000);
    ASSERT_TRUE(input->read(some));
    const std::string expected = bytes.empty() ? "" : text;
    for (int pass = 0; pass < 3; ++pass) {
      ASSERT_TRUE(input->rewind());
      EXPECT_TRUE(read_rest(*input, 4096) == expected) << pass;
    }
  }
  PipeInput pipe("text");
  EXPECT_EQ(DecodedInput::open(pipe, std::nullopt, {})->rewind().error().what, "a pipe can be read once");
}

TEST(DecodedInput, RefusesTruncations) {
  const Bytes frame = formats::zstd_frame(some_lines(2000));
  for (std::size_t size = 4; size < frame.size(); size += 101) {
    EXPECT_NE(read_all(as_text(frame).substr(0, size), std::nullopt, 1000).find("the input ends within it"),
              std::string::npos);
  }
}

struct Places {
  using Value = std::uint64_t;
  ByteSet separators() const { return {'\n'}; }
  void map(const Piece& piece, Emitter<Value>& out) const {
    for (std::size_t at = 0; at < piece.text.size(); at = piece.text.find('\n', at) + 1) {
      if (piece.text.substr(at, 8).find("bad") != std::string_view::npos) out.malformed(piece.offset + at);
      out.emit(piece.text.substr(at, 2), 1);
    }
  }
  static constexpr auto combine = sum;
};

// The same result, and malformed places that are those of the text.
TEST(DecodedInput, GivesARunTheSameAsPlainText) {
  const std::string text = some_lines(20'000);
  const auto run = [&](const std::string& bytes, std::uint64_t split_size) {
    detail::CountingProgram<Places> program("places");
    TextInput file("file", bytes);
    auto input = DecodedInput::open(file, std::nullopt, {});
    Input* inputs[] = {&*input};
    LocalOptions options;
    options.parameters = {{"on-malformed", "skip"}};
    options.split_size = split_size;
    TextOutputs outputs;
    const auto totals = run_local(program, options, inputs, outputs.opener());
    EXPECT_TRUE(totals) << totals.error().what;
    EXPECT_EQ(totals->input_size, text.size());
    std::string result = outputs.of[""].text;
    for (const RecordPlace& place : totals->malformed_places) result += std::to_string(place.offset) + "\n";
    return result;
  };
  const std::string expected = run(text, 1 << 20);
  for (const std::uint64_t split_size : {1000, 65536, 1 << 30}) {
    EXPECT_TRUE(run(as_text(formats::gzip_member(text)), split_size) == expected) << split_size;
    EXPECT_TRUE(run(as_text(formats::zstd_frame(text)), split_size) == expected) << split_size;
  }
}

}  // namespace
}  // namespace brume::local
