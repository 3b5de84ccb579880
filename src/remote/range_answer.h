// One answer to "GET this range of the file", from a server that nobody has to trust: HTTP/1.1 as Boost.Beast parses it
// (RFC 9112), and what RFC 9110 section 14 says of ranges. Pure: bytes in; nothing is reserved from what they claim.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::remote {

inline constexpr std::size_t kAnswerHeaderLimit = 32u << 10;
inline constexpr std::size_t kRefusalBodyLimit = 4u << 10;  // of which a storage server's error code is read
inline constexpr int kInterimAnswerLimit = 4;               // 100 Continue and its like before the real one

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t size = 0;       // at least 1
  std::uint64_t file_size = 0;  // of which the range is a part
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// Why there is no answer, or not the one that was asked for.
struct RangeFailure {
  Error error;
  bool again = false;  // later it may work
  std::optional<std::chrono::seconds> retry_after{};
};

// "bytes FIRST-LAST/SIZE"; nothing where it is another text, or the numbers contradict each other.
std::optional<ByteRange> parse_content_range(std::string_view text);
// Why a status that is not 206 brings no range; `body` may hold a storage server's error code.
RangeFailure refusal_of(unsigned status, std::string_view body);

class RangeAnswer {
 public:
  // The body goes to `out`, which outlives this and has range.size bytes.
  RangeAnswer(const ByteRange& range, MutableByteView out);
  ~RangeAnswer();

  // What came, cut anywhere. True once the answer is whole. A failure is final, whatever else comes.
  std::expected<bool, RangeFailure> feed(ByteView bytes);
  // The connection has ended before the answer was whole: why.
  RangeFailure ended() const;
  // It is not the range that was asked for, but a status that says why not.
  bool refused() const;
  std::size_t filled() const;
  // After the answer: whether the connection can take another request.
  bool keeps_connection() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace brume::remote
