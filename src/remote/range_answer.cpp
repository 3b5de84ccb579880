#include "remote/range_answer.h"

#include <boost/beast/http.hpp>
#include <charconv>

namespace brume::remote {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::buffer_body>;

constexpr std::int64_t kRetryAfterMost_s = 20;
constexpr std::string_view kProtocol = "HTTP/1.";  // told at once, for a server of another kind may wait for us

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

// "<Code>ExpiredToken</Code>", as S3 says why; letters only, for it is shown.
std::string storage_code(std::string_view body) {
  constexpr std::string_view kOpen = "<Code>";
  const std::size_t begin = body.find(kOpen);
  if (begin == body.npos) return {};
  const std::string_view rest = body.substr(begin + kOpen.size());
  const std::string_view code = rest.substr(0, rest.find('<'));
  if (code.empty() || code.size() > 64 || code.size() == rest.size()) return {};
  for (const char c : code)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) return {};
  return std::string(code);
}

bool may_work_later(unsigned status) {
  return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 || status == 503 ||
         status == 504;
}

RangeFailure refusal(unsigned status, const std::string& code) {
  const std::string said =
      "the server answered " + std::to_string(status) + (code.empty() ? std::string() : " (" + code + ")");
  const auto failure = [&](ErrorCode kind, std::string_view why) {
    return RangeFailure{{kind, said + ": " + std::string(why)}};
  };
  if (may_work_later(status)) return {{ErrorCode::kUnavailable, said}, true};
  if (status == 200) return failure(ErrorCode::kUnsupported, "it does not serve ranges of a file, which are needed");
  if (status >= 300 && status < 400)
    return failure(ErrorCode::kUnsupported, "it names another place; give that place itself as the input");
  if (status == 401 || status == 403) return failure(ErrorCode::kAuthFailed, "it does not give this file to us");
  if (status == 404 || status == 410) return failure(ErrorCode::kNotFound, "there is no such file");
  if (status == 416) return failure(ErrorCode::kMalformed, "the file is shorter than it was");
  return failure(ErrorCode::kUnsupported, "expected 206");
}

RangeFailure broken(const boost::beast::error_code& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return {{ErrorCode::kLimit, "the answer's header is longer than " + std::to_string(kAnswerHeaderLimit) + " bytes"}};
  return {{ErrorCode::kMalformed, "the answer is no HTTP: " + error.message()}};
}

}  // namespace

std::optional<ByteRange> parse_content_range(std::string_view text) {
  if (!take(text, "bytes ")) return std::nullopt;
  const auto first = take_number(text);
  if (!first || !take(text, "-")) return std::nullopt;
  const auto last = take_number(text);
  if (!last || !take(text, "/")) return std::nullopt;
  const auto size = take_number(text);
  if (!size || !text.empty() || *last < *first || *last >= *size) return std::nullopt;
  return ByteRange{*first, *last - *first + 1, *size};
}

RangeFailure refusal_of(unsigned status, std::string_view body) { return refusal(status, storage_code(body)); }

struct RangeAnswer::State {
  State(const ByteRange& wish, MutableByteView place) : range(wish), out(place) { begin(); }

  void begin() {
    parser.emplace();
    begun = false;
    parser->header_limit(static_cast<std::uint32_t>(kAnswerHeaderLimit));
    parser->body_limit(boost::none);  // the body goes to a place of its size
  }
  std::optional<RangeFailure> on_header();
  std::optional<RangeFailure> examine();
  std::optional<RangeFailure> examine_range();
  std::expected<bool, RangeFailure> step();
  std::expected<bool, RangeFailure> whole();
  RangeFailure refused() const;
  void set_body(MutableByteView place) {
    parser->get().body().data = place.data();
    parser->get().body().size = place.size();
    parser->get().body().more = true;
  }
  std::size_t left() const { return examined ? parser->get().body().size : 0; }

  const ByteRange range;
  const MutableByteView out;
  std::optional<Parser> parser;
  Bytes pending;       // the header so far, or a chunk's
  bool begun = false;  // the parser has taken something of this header
  bool examined = false;
  bool filling = false;
  unsigned refused_status = 0;  // not the answer that was asked for
  ByteArray<kRefusalBodyLimit> refusal_body{};
  int interim_count = 0;
  std::optional<RangeFailure> failure;
};

std::optional<RangeFailure> RangeAnswer::State::examine_range() {
  const auto& head = parser->get();
  const auto wrong = [](std::string what) { return RangeFailure{{ErrorCode::kMalformed, std::move(what)}}; };
  if (head.count(http::field::content_range) != 1)
    return wrong("the answer has not exactly one Content-Range (several ranges were not asked for)");
  if (const auto coding = view(head[http::field::content_encoding]); !coding.empty() && coding != "identity")
    return RangeFailure{{ErrorCode::kUnsupported, "the server encodes the file's bytes, which was not asked for"}};
  if (parse_content_range(view(head[http::field::content_range])) != range)
    return wrong("the server answered with another range, or the file is not as large as it was");
  const auto size = parser->content_length();
  if (!size && !parser->chunked()) return wrong("the answer does not say its length");
  if (size && *size != range.size) return wrong("the answer is not as long as its range");
  return std::nullopt;
}

// The header is whole.
std::optional<RangeFailure> RangeAnswer::State::examine() {
  examined = true;
  const unsigned status = parser->get().result_int();
  if (status == 206) {
    if (auto failed = examine_range()) return failed;
    set_body(out);
    filling = true;
  } else {
    refused_status = status;
    set_body(refusal_body);
  }
  parser->eager(true);
  return std::nullopt;
}

RangeFailure RangeAnswer::State::refused() const {
  const ByteView body = ByteView(refusal_body).first(refusal_body.size() - left());
  RangeFailure failed = refusal_of(refused_status, as_chars(body));
  const auto& head = parser->get();
  std::string_view after = view(head[http::field::retry_after]);
  if (const auto seconds = take_number(after); seconds && after.empty())
    failed.retry_after = std::chrono::seconds(std::min<std::uint64_t>(*seconds, kRetryAfterMost_s));
  return failed;
}

std::expected<bool, RangeFailure> RangeAnswer::State::whole() {
  if (refused_status != 0) return std::unexpected(refused());
  if (left() != 0) return std::unexpected(RangeFailure{{ErrorCode::kMalformed, "the answer ended before its range"}});
  if (!pending.empty())
    return std::unexpected(RangeFailure{{ErrorCode::kMalformed, "the server sent more than was asked for"}});
  return true;
}

// The header is whole: another one may follow (1xx), or the answer's body.
std::optional<RangeFailure> RangeAnswer::State::on_header() {
  if (const unsigned status = parser->get().result_int(); status >= 200) return examine();
  if (++interim_count > kInterimAnswerLimit)
    return RangeFailure{{ErrorCode::kMalformed, "the server answers and answers (1xx)"}};
  begin();
  return std::nullopt;
}

// Takes what waits, as far as it goes.
std::expected<bool, RangeFailure> RangeAnswer::State::step() {
  for (;;) {
    if (!examined && parser->is_header_done()) {
      if (auto failed = on_header()) return std::unexpected(std::move(*failed));
    }
    if (parser->is_done()) return whole();
    if (pending.empty()) return false;
    if (!begun && !kProtocol.starts_with(as_chars(pending).substr(0, kProtocol.size())))
      return std::unexpected(RangeFailure{{ErrorCode::kMalformed, "the answer is no HTTP"}});
    boost::beast::error_code error;
    const std::size_t used = parser->put(boost::asio::const_buffer(pending.data(), pending.size()), error);
    begun = begun || used > 0;
    pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(used));
    if (error == http::error::need_buffer) {
      if (refused_status != 0) return std::unexpected(refused());  // enough of it
      return std::unexpected(RangeFailure{{ErrorCode::kMalformed, "the server sent more than was asked for"}});
    }
    const bool cut = error == http::error::need_more;
    if (error && !cut) return std::unexpected(broken(error));
    if (!cut && used > 0) continue;
    if (parser->is_header_done() && !examined) continue;
    if (pending.size() > kAnswerHeaderLimit) return std::unexpected(broken(http::error::header_limit));
    return false;
  }
}

RangeAnswer::RangeAnswer(const ByteRange& range, MutableByteView out) : state_(std::make_unique<State>(range, out)) {}
RangeAnswer::~RangeAnswer() = default;

std::expected<bool, RangeFailure> RangeAnswer::feed(ByteView bytes) {
  State& state = *state_;
  if (state.failure) return std::unexpected(*state.failure);
  append(state.pending, bytes);
  auto done = state.step();
  if (!done) state.failure = done.error();
  return done;
}

RangeFailure RangeAnswer::ended() const {
  const State& state = *state_;
  if (state.failure) return *state.failure;
  if (state.refused_status != 0) return state.refused();
  return {{ErrorCode::kUnavailable, "the connection ended in the middle of an answer"}, true};
}

bool RangeAnswer::refused() const { return state_->refused_status != 0; }

std::size_t RangeAnswer::filled() const {
  const State& state = *state_;
  return state.filling ? state.out.size() - state.left() : 0;
}

bool RangeAnswer::keeps_connection() const { return state_->parser->is_done() && state_->parser->keep_alive(); }

}  // namespace brume::remote
