// What a storage server sends: URL and answer. However an answer is cut, it is one or it is none, and bytes are taken
// for the range only if the answer said that they are.
#include <cstdlib>

#include "remote/range_answer.h"
#include "remote/s3.h"

using namespace brume;
using namespace brume::remote;

namespace {

struct Outcome {
  int kind = 0;  // 0 wants more, 1 whole, 2 refused
  ErrorCode code{};
  std::size_t filled = 0;
  Bytes bytes;
  bool operator==(const Outcome&) const = default;
};

Outcome run(ByteView input, std::size_t piece) {
  constexpr ByteRange kRange{100, 32, 1'000};
  Outcome out;
  out.bytes.resize(kRange.size);
  RangeAnswer answer(kRange, out.bytes);
  while (!input.empty() && out.kind == 0) {
    // As a client does: it stops at the end of an answer, and then nothing more is there.
    const ByteView now = input.first(std::min(piece, input.size()));
    input = input.subspan(now.size());
    const auto done = answer.feed(now);
    if (!done) {
      out.kind = 2;
      out.code = done.error().error.code;
    } else if (*done) {
      out.kind = 1;
    }
  }
  out.filled = answer.filled();
  if (out.kind == 1 && out.filled != kRange.size) std::abort();
  if (out.kind == 0) (void)answer.ended();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto url = parse_http_url(as_chars(input))) {
    if (parse_http_url(url->text()) != *url || url->shown().find('?') != std::string::npos) std::abort();
  }
  if (const auto object = parse_s3_object(as_chars(input))) {
    if (object->text() != as_chars(input)) std::abort();
    S3Credentials credentials;
    const S3Service service = s3_service("", "", "", object->bucket).value();
    const HttpUrl url = presign_get(service, credentials, *object, 0, 60);
    if (service.endpoint.host.size() < 200 && parse_http_url(url.text()) != url && url.text().size() <= kUrlSizeLimit)
      std::abort();
  }
  if (size == 0) return 0;
  const Outcome whole = run(input.subspan(1), SIZE_MAX);
  const Outcome cut = run(input.subspan(1), 1 + data[0] % 16);
  // In pieces, an answer may be whole before what follows it is seen; and a header that is none may be refused before
  // its end is there, or be waited for: neither is an answer.
  if ((whole.kind == 1) != (cut.kind == 1) && !(whole.kind == 2 && cut.kind == 1)) std::abort();
  if (whole.kind == 1 && whole != cut) std::abort();
  return 0;
}
