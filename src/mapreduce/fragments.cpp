#include "mapreduce/fragments.h"

#include <algorithm>

#include "base/check.h"
#include "base/writer.h"

namespace brume::mapreduce {
namespace {

constexpr std::size_t kCarryLimit = SplitCutter::kChunkLimit;

Status too_long(std::size_t limit) {
  return fail(ErrorCode::kLimit,
              "a record is longer than " + std::to_string(limit) +
                  " bytes: give tasks more memory, with brume image build --heap-mb, or --memory of brume run --local");
}

// An input without a byte is one without records; one that is cut within its header is not what it seems.
Status check_header(const Borders& borders, std::uint64_t input_size) {
  if (input_size == 0 || input_size >= borders.header()) return {};
  return malformed("the input ends within its header, at byte " + std::to_string(input_size) + " of " +
                   std::to_string(borders.header()));
}

Status cut_record() { return malformed("the input ends within a record"); }

Piece at(const Piece& place, std::string_view text, std::uint64_t offset) {
  return {text, offset, place.input, place.source};
}

Piece from(const Piece& piece, std::size_t begin) { return at(piece, piece.text.substr(begin), piece.offset + begin); }

Status append_record(std::string& record, std::string_view more, std::size_t limit) {
  if (more.size() > limit || record.size() > limit - more.size()) return too_long(limit);
  record.append(more);
  return {};
}

}  // namespace

SplitCutter::SplitCutter(const Borders& borders, Extent extent, const Piece& begin, std::size_t longest_record,
                         PieceSink& sink)
    : borders_(borders),
      longest_record_(longest_record),
      sink_(sink),
      place_(begin),
      in_head_(extent != Extent::kWholeInput),
      part_(extent != Extent::kWholeInput),
      keeps_fragments_(extent == Extent::kPart),
      buffer_(kCarryLimit + kChunkLimit),
      chunk_offset_(begin.offset) {}

MutableByteView SplitCutter::next_chunk(std::size_t size) {
  BRUME_CHECK(size <= kChunkLimit);
  chunk_size_ = size;
  return MutableByteView(buffer_).subspan(kCarryLimit, size);
}

Status SplitCutter::advance() {
  const ByteView filled = ByteView(buffer_).subspan(kCarryLimit - carried_, carried_ + chunk_size_);
  Piece piece = at(place_, as_chars(filled), chunk_offset_ - carried_);
  chunk_offset_ += chunk_size_;
  carried_ = 0;
  chunk_size_ = 0;
  if (piece.offset < borders_.header()) {
    piece = from(piece, std::min<std::uint64_t>(borders_.header() - piece.offset, piece.text.size()));
    if (piece.text.empty()) return {};
  }
  if (in_head_) {
    BRUME_TRY(head(piece));
    if (in_head_) return {};
  }
  if (!long_record_.empty()) {
    BRUME_TRY(take_long(piece));
    if (!long_record_.empty()) return {};
  }
  const std::size_t end = borders_.last(piece.text, piece.offset);
  if (end > 0) BRUME_TRY(sink_.piece(at(piece, piece.text.substr(0, end), piece.offset)));
  return carry(from(piece, end));
}

// Writes the head to the fragment stream and leaves in `piece` what follows it.
Status SplitCutter::head(Piece& piece) {
  const std::size_t end = borders_.first(piece.text, piece.offset);
  if (end == Borders::kNone) return fragment_part(piece.text);
  BRUME_TRY(fragment_part(piece.text.substr(0, end)));
  BRUME_TRY(fragment_mark(0));
  BRUME_TRY(fragment_separated(1));
  in_head_ = false;
  piece = from(piece, end);
  return {};
}

// Closes the long record if a border comes, and leaves in `piece` what follows it.
Status SplitCutter::take_long(Piece& piece) {
  const std::size_t end = borders_.first(piece.text, piece.offset);
  BRUME_TRY(append_record(long_record_, piece.text.substr(0, end), longest_record_));
  if (end == Borders::kNone) return {};
  piece = from(piece, end);
  std::string record;
  record.swap(long_record_);
  return sink_.piece(at(place_, record, piece.offset - record.size()));
}

Status SplitCutter::carry(const Piece& rest) {
  const std::size_t size = rest.text.size();
  if (size > kCarryLimit) return append_record(long_record_, rest.text, longest_record_);
  if (size > longest_record_) return too_long(longest_record_);
  if (size > 0) std::memmove(buffer_.data() + kCarryLimit - size, rest.text.data(), size);
  carried_ = size;
  return {};
}

Status SplitCutter::finish() {
  if (in_head_) {
    BRUME_TRY(fragment_mark(0));
    return fragment_separated(0);
  }
  const std::string_view rest =
      long_record_.empty() ? as_chars(ByteView(buffer_).subspan(kCarryLimit - carried_, carried_)) : long_record_;
  if (part_) {
    BRUME_TRY(fragment_part(rest));
    return fragment_mark(0);
  }
  BRUME_TRY(check_header(borders_, chunk_offset_));
  if (rest.empty() && borders_.may_cut()) return {};
  if (!borders_.end_is_border()) return cut_record();
  return sink_.piece(at(place_, rest, chunk_offset_ - rest.size()));
}

Status SplitCutter::fragment_part(std::string_view bytes) {
  if (!keeps_fragments_) return {};
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kFragmentPieceLimit);
    BRUME_TRY(fragment_mark(static_cast<std::uint32_t>(piece.size())));
    BRUME_TRY(sink_.fragment(as_bytes(piece)));
    bytes.remove_prefix(piece.size());
  }
  return {};
}

Status SplitCutter::fragment_mark(std::uint32_t size) {
  return keeps_fragments_ ? sink_.fragment(Writer().u32le(size).bytes()) : Status{};
}

Status SplitCutter::fragment_separated(std::uint8_t separated) {
  return keeps_fragments_ ? sink_.fragment({&separated, 1}) : Status{};
}

Status FragmentJoiner::feed(ByteView bytes) {
  while (!bytes.empty()) {
    switch (state_) {
      case State::kSize: {
        size_bytes_[size_have_++] = bytes[0];
        bytes = bytes.subspan(1);
        if (size_have_ < size_bytes_.size()) break;
        size_have_ = 0;
        left_ = 0;
        for (std::size_t i = size_bytes_.size(); i-- > 0;) left_ = left_ << 8 | size_bytes_[i];
        if (left_ > kFragmentPieceLimit) return malformed("fragment stream: piece over 1 MiB");
        if (left_ > 0) {
          state_ = State::kBytes;
        } else {
          state_ = in_tail_ ? State::kEnd : State::kSeparated;
        }
        break;
      }
      case State::kBytes: {
        const std::size_t size = std::min<std::size_t>(left_, bytes.size());
        BRUME_TRY(append_record(record_, as_chars(bytes.first(size)), longest_record_));
        position_ += size;
        bytes = bytes.subspan(size);
        left_ -= static_cast<std::uint32_t>(size);
        if (left_ == 0) state_ = State::kSize;
        break;
      }
      case State::kSeparated: {
        if (bytes[0] > 1) return malformed("fragment stream: neither separated nor whole");
        in_tail_ = bytes[0] == 1;
        state_ = in_tail_ ? State::kSize : State::kEnd;
        bytes = bytes.subspan(1);
        if (in_tail_) BRUME_TRY(flush());
        break;
      }
      case State::kEnd:
        return malformed("fragment stream: bytes after its end");
    }
  }
  return {};
}

Status FragmentJoiner::end_of_stream(std::uint64_t split_end) {
  if (state_ != State::kEnd) return malformed("fragment stream: ends early");
  state_ = State::kSize;
  in_tail_ = false;
  position_ = split_end;
  return {};
}

Status FragmentJoiner::finish() {
  BRUME_TRY(check_header(borders_, position_));
  if (!record_.empty() && !borders_.end_is_border()) return cut_record();
  return flush();
}

Status FragmentJoiner::flush() {
  if (record_.empty()) return {};
  std::string record;
  record.swap(record_);
  BRUME_TRY(sink_.piece(at(place_, record, position_ - record.size())));
  if (record.capacity() <= kCarryLimit) {
    record.clear();
    record_.swap(record);
  }
  return {};
}

}  // namespace brume::mapreduce
