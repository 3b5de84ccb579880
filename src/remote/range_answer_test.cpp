#include "remote/range_answer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace brume::remote {
namespace {

constexpr ByteRange kRange{100, 10, 1'000};
const std::string kGood =
    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-109/1000\r\nContent-Length: 10\r\n\r\n0123456789";

struct Outcome {
  std::optional<RangeFailure> failure;
  bool done = false;
  std::size_t filled = 0;
  bool keeps = false;
  std::string body;
};

Outcome feed(std::string_view text, std::size_t piece = SIZE_MAX, const ByteRange& range = kRange) {
  Bytes out(range.size);
  RangeAnswer answer(range, out);
  Outcome got;
  while (!text.empty() && !got.failure) {
    const std::string_view now = text.substr(0, piece);
    text.remove_prefix(now.size());
    auto done = answer.feed(as_bytes(now));
    if (!done)
      got.failure = done.error();
    else
      got.done = *done;
  }
  if (!got.failure && !got.done) got.failure = answer.ended();
  got.filled = answer.filled();
  got.keeps = answer.keeps_connection();
  got.body = std::string(as_chars(ByteView(out).first(got.filled)));
  return got;
}

void expect_refused(std::string_view text, ErrorCode code, std::string_view reason) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1'000'000}}) {
    const Outcome got = feed(text, piece);
    ASSERT_TRUE(got.failure) << text;
    EXPECT_EQ(got.failure->error.code, code) << got.failure->error.what;
    EXPECT_NE(got.failure->error.what.find(reason), std::string::npos) << got.failure->error.what;
    EXPECT_EQ(got.failure->again, code == ErrorCode::kUnavailable);
  }
}

TEST(RangeAnswer, TakesTheRangeHoweverItIsCut) {
  for (std::size_t piece = 1; piece <= kGood.size(); ++piece) {
    const Outcome got = feed(kGood, piece);
    ASSERT_FALSE(got.failure) << got.failure->error.what;
    EXPECT_TRUE(got.done && got.keeps);
    EXPECT_EQ(got.body, "0123456789");
  }
}

TEST(RangeAnswer, TakesChunkedAnswersAndInterimOnes) {
  const std::string chunked =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
      "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 100-109/1000\r\nTransfer-Encoding: chunked\r\n\r\n"
      "4\r\n0123\r\n6;x=y\r\n456789\r\n0\r\n\r\n";
  for (std::size_t piece = 1; piece <= chunked.size(); ++piece) {
    const Outcome got = feed(chunked, piece);
    ASSERT_FALSE(got.failure) << piece << ": " << got.failure->error.what;
    EXPECT_TRUE(got.done);
    EXPECT_EQ(got.body, "0123456789");
  }
}

TEST(RangeAnswer, SaysWhetherTheConnectionStays) {
  std::string closing = kGood;
  closing.insert(closing.find("\r\n\r\n"), "\r\nConnection: close");
  EXPECT_FALSE(feed(closing).keeps);
  std::string old = kGood;
  old.replace(0, 8, "HTTP/1.0");
  EXPECT_TRUE(feed(old).done);
  EXPECT_FALSE(feed(old).keeps);
}

TEST(RangeAnswer, NamesEveryTruncation) {
  for (std::size_t size = 0; size < kGood.size(); ++size) {
    const Outcome got = feed(std::string_view(kGood).substr(0, size));
    ASSERT_TRUE(got.failure) << size;
    EXPECT_TRUE(got.failure->again);
    const std::size_t head = kGood.find("0123456789");
    EXPECT_EQ(got.filled, size > head ? size - head : 0);
  }
}

TEST(RangeAnswer, RefusesStatusesByName) {
  const std::string end = "\r\nContent-Length: 0\r\n\r\n";
  expect_refused("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x'), ErrorCode::kUnsupported,
                 "does not serve ranges");
  expect_refused("HTTP/1.1 200 OK\r\n\r\n" + std::string(100'000, 'x'), ErrorCode::kUnsupported, "ranges");
  for (const char* status : {"301", "302", "307", "308"})
    expect_refused(std::string("HTTP/1.1 ") + status + " Moved\r\nLocation: http://169.254.169.254/" + end,
                   ErrorCode::kUnsupported, "another place");
  expect_refused("HTTP/1.1 401 No" + end, ErrorCode::kAuthFailed, "401");
  expect_refused("HTTP/1.1 404 No" + end, ErrorCode::kNotFound, "no such file");
  expect_refused("HTTP/1.1 416 No" + end, ErrorCode::kMalformed, "shorter");
  expect_refused("HTTP/1.1 204 No" + end, ErrorCode::kUnsupported, "expected 206");
  expect_refused("HTTP/1.1 501 No" + end, ErrorCode::kUnsupported, "501");
  for (const char* status : {"408", "429", "500", "502", "503", "504"})
    expect_refused(std::string("HTTP/1.1 ") + status + " No" + end, ErrorCode::kUnavailable, status);
}

TEST(RangeAnswer, ReadsAStoragesOwnCode) {
  const std::string body = "<?xml version=\"1.0\"?><Error><Code>ExpiredToken</Code><Message>no</Message></Error>";
  const std::string head = "HTTP/1.1 403 Forbidden\r\nContent-Length: ";
  expect_refused(head + std::to_string(body.size()) + "\r\n\r\n" + body, ErrorCode::kAuthFailed, "403 (ExpiredToken)");
  // Cut, or never ending: what came is told.
  expect_refused(head + "1000\r\n\r\n" + body, ErrorCode::kAuthFailed, "403 (ExpiredToken)");
  expect_refused("HTTP/1.1 403 Forbidden\r\n\r\n" + body + std::string(10'000, 'x'), ErrorCode::kAuthFailed,
                 "403 (ExpiredToken)");
  // Nothing that a terminal would obey.
  const Outcome got = feed(head + "40\r\n\r\n<Code>\x1b[31mRed</Code>                 ");
  EXPECT_NE(got.failure->error.what.find("answered 403: "), std::string::npos) << got.failure->error.what;
}

TEST(RangeAnswer, ReadsRetryAfterUpToALimit) {
  const auto after = [](const std::string& value) {
    return feed("HTTP/1.1 503 No\r\nRetry-After: " + value + "\r\nContent-Length: 0\r\n\r\n").failure->retry_after;
  };
  EXPECT_EQ(after("7"), std::chrono::seconds(7));
  EXPECT_EQ(after("99999999999999999999"), std::nullopt);
  EXPECT_EQ(after("86400"), std::chrono::seconds(20));
  EXPECT_EQ(after("soon"), std::nullopt);
  EXPECT_EQ(after("-1"), std::nullopt);
}

TEST(RangeAnswer, RefusesAnotherRange) {
  const auto with_range = [](const std::string& range) {
    return "HTTP/1.1 206 Partial Content\r\nContent-Range: " + range + "\r\nContent-Length: 10\r\n\r\n0123456789";
  };
  for (const char* range : {"bytes 101-110/1000", "bytes 0-9/1000", "bytes 100-109/999", "bytes 100-109/*",
                            "bytes 100-108/1000", "bytes 100-109/1000x", "octets 100-109/1000", "bytes 109-100/1000",
                            "bytes */1000", "bytes -/1000", "bytes 100-18446744073709551616/1000", ""})
    expect_refused(with_range(range), ErrorCode::kMalformed, "");
  expect_refused(
      "HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x\r\n"
      "Content-Length: 10\r\n\r\n0123456789",
      ErrorCode::kMalformed, "Content-Range");
  expect_refused(
      "HTTP/1.1 206 P\r\nContent-Range: bytes 100-109/1000\r\nContent-Range: bytes 0-9/1000\r\n"
      "Content-Length: 10\r\n\r\n0123456789",
      ErrorCode::kMalformed, "exactly one");
}

TEST(RangeAnswer, RefusesTooMuchAndTooLittle) {
  const std::string head = "HTTP/1.1 206 P\r\nContent-Range: bytes 100-109/1000\r\n";
  expect_refused(head + "Content-Length: 9\r\n\r\n012345678", ErrorCode::kMalformed, "not as long");
  expect_refused(head + "Content-Length: 11\r\n\r\n0123456789a", ErrorCode::kMalformed, "not as long");
  expect_refused(head + "\r\n0123456789", ErrorCode::kMalformed, "does not say its length");
  expect_refused(head + "Transfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n0\r\n\r\n", ErrorCode::kMalformed,
                 "ended before");
  expect_refused(head + "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n0123456789ab", ErrorCode::kMalformed, "more");
  expect_refused(head + "Content-Encoding: gzip\r\nContent-Length: 10\r\n\r\n0123456789", ErrorCode::kUnsupported,
                 "encodes");
}

TEST(RangeAnswer, RefusesEndlessHeaders) {
  std::string endless = "HTTP/1.1 206 Partial Content\r\n";
  while (endless.size() < 2 * kAnswerHeaderLimit) endless += "X-Filler: yes\r\n";
  expect_refused(endless, ErrorCode::kLimit, "header is longer");
  expect_refused("HTTP/1.1 206 P\r\nX: " + std::string(2 * kAnswerHeaderLimit, 'x'), ErrorCode::kLimit, "header");
  std::string interim;
  for (int i = 0; i <= kInterimAnswerLimit; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  expect_refused(interim, ErrorCode::kMalformed, "1xx");
  const std::string head =
      "HTTP/1.1 206 P\r\nContent-Range: bytes 100-109/1000\r\nTransfer-Encoding: chunked\r\n\r\n1;";
  expect_refused(head + std::string(2 * kAnswerHeaderLimit, 'x'), ErrorCode::kLimit, "");
}

TEST(RangeAnswer, RefusesWhatIsNoHttp) {
  for (const char* bad :
       {"SSH-2.0-OpenSSH_9.2p1\r\n", "\x16\x03\x01\x02\x00\x01", "HTTP/3.0 206 P\r\n\r\n", "HTTP/1.1 2x6 P\r\n\r\n",
        "HTTP/1.1 206 P\r\nBad Header\r\n\r\n", "HTTP/1.1 206 P\r\nContent-Length: x\r\n\r\n"})
    expect_refused(bad, ErrorCode::kMalformed, "no HTTP");
}

TEST(ContentRange, ReadsThreeNumbersThatFitEachOther) {
  EXPECT_EQ(parse_content_range("bytes 100-109/1000"), kRange);
  EXPECT_EQ(parse_content_range("bytes 0-0/1"), (ByteRange{0, 1, 1}));
  for (const char* bad : {"bytes 0-1/1", "bytes 0-0/0", "bytes 1-0/5", "bytes 0-0 /1", "bytes 0-0/1 ", "bytes=0-0/1",
                          "bytes  0-0/1", "bytes +0-0/1", "bytes 0-0/*", "bytes 0-0/18446744073709551616", "bytes", ""})
    EXPECT_FALSE(parse_content_range(bad)) << bad;
}

}  // namespace
}  // namespace brume::remote
