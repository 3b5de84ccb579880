// For tests/formats: decodes compressed bytes inside an enclave. A line is a name, gzip or zstd, and the bytes in
// hexadecimal; the result has a line for each: its name, how much text came out, and its FNV-1a hash, or the error.
#include <brume/job.h>
#include <brume/lines.h>

#include "formats/input_decoder.h"

struct DecodeLines {
  using Value = std::string;
  brume::ByteSet separators() const { return {'\n'}; }

  void map(std::string_view text, brume::Emitter<Value>& out) const {
    for (const std::string_view line : brume::Lines(text)) {
      const std::size_t first = line.find(' ');
      const std::size_t second = line.find(' ', first + 1);
      const auto compression = brume::formats::parse_compression(line.substr(first + 1, second - first - 1));
      if (second == std::string_view::npos || !compression || !*compression) {
        out.emit(line.substr(0, first), "no compression");
      } else {
        out.emit(line.substr(0, first), decode(**compression, line.substr(second + 1)));
      }
    }
  }

  static void combine(Value& into, const Value&) { into = "stands twice"; }
  void format(std::string_view, const Value& value, brume::Line& line) const { line << '\t' << value << '\n'; }

 private:
  static std::string decode(brume::formats::Compression compression, std::string_view hex) {
    brume::Bytes bytes;
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
      bytes.push_back(static_cast<std::uint8_t>(digit(hex[i]) << 4 | digit(hex[i + 1])));
    const auto decoder = brume::formats::InputDecoder::create(compression);
    std::uint64_t size = 0;
    std::uint64_t hash = 0xcbf29ce484222325;
    const auto take = [&](brume::ByteView piece) -> brume::Status {
      size += piece.size();
      for (const std::uint8_t byte : piece) hash = (hash ^ byte) * 0x100000001b3;
      return {};
    };
    brume::Status status = decoder->feed(bytes, take);
    if (status) status = decoder->finish();
    return status ? std::to_string(size) + ' ' + std::to_string(hash) : status.error().what;
  }
};

BRUME_JOB(DecodeLines);
