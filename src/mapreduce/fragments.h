// What a split's border cuts, and how it is joined again. A map task reads its own chunks only;
// the bytes up to its first separator (head) and those after its last (tail) go sealed into the
// attempt's fragment stream, and one stitch task joins all splits' fragments in order.
//
//   fragment stream = part | u8 separated | [part]     0: no separator at all, no second part
//   part            = { u32le size, 1..kFragmentPieceLimit | bytes }* | u32le 0
//
// The head ends at a border (brume/input.h) and holds its separator, so what the map task is fed always
// begins at one. Every byte of the input but its header reaches exactly one feed(), in time linear in
// the input, even one endless word.
#pragma once

#include <brume/input.h>

#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace brume::mapreduce {

// One framed piece: a limit on what a reader of fragments takes in one go.
inline constexpr std::uint32_t kFragmentPieceLimit = 1u << 20;

class PieceSink {
 public:
  virtual ~PieceSink() = default;
  // Begins at a border or at the input's begin; ends at one or at the input's end.
  virtual Status piece(const Piece& piece) = 0;
  // The next bytes of the fragment stream.
  virtual Status fragment(ByteView bytes) = 0;
};

// Takes a split's chunks in order, opened straight into its buffer, and hands out pieces without
// copying more than what the chunk's end cuts.
class SplitCutter {
 public:
  enum class Extent { kWholeInput, kPart, kSample };  // of a sample, what its ends cut is left out
  // begin: where the split begins, without text. longest_record: memory that one record may take; over it,
  // kLimit. borders, sink and the input's name outlive it.
  SplitCutter(const Borders& borders, Extent extent, const Piece& begin, std::size_t longest_record, PieceSink& sink);

  // Where the plaintext of the next chunk (at most chunk_limit bytes) belongs.
  MutableByteView next_chunk(std::size_t size);
  // The buffer given last is filled.
  Status advance();
  Status finish();

  static constexpr std::size_t kChunkLimit = 64u << 10;

 private:
  Status head(Piece& piece);
  Status take_long(Piece& piece);
  Status carry(const Piece& rest);
  Status fragment_part(std::string_view bytes);
  Status fragment_mark(std::uint32_t size);
  Status fragment_separated(std::uint8_t separated);

  const Borders& borders_;
  const std::size_t longest_record_;
  PieceSink& sink_;
  const Piece place_;
  bool in_head_;
  const bool part_;
  const bool keeps_fragments_;
  // [kChunkLimit - carried_, kChunkLimit) holds the unfinished record, the chunk follows.
  Bytes buffer_;
  std::size_t carried_ = 0;
  std::size_t chunk_size_ = 0;
  std::uint64_t chunk_offset_;  // of the next chunk
  std::string long_record_;     // an unfinished record longer than the carry region
};

// Joins the fragment streams of an input's splits, given in order, into pieces.
class FragmentJoiner {
 public:
  // place: the input, without text. sink: only piece() is called. borders, sink and the input's name outlive it.
  FragmentJoiner(const Borders& borders, const Piece& place, std::size_t longest_record, PieceSink& sink)
      : borders_(borders), place_(place), longest_record_(longest_record), sink_(sink) {}

  // The next bytes of the current split's stream, cut anywhere.
  Status feed(ByteView bytes);
  // The current split ends at split_end of the input. Refuses a stream that ends within a part.
  Status end_of_stream(std::uint64_t split_end);
  // After the last split: the input's end closes the last record, if its format lets it.
  Status finish();

 private:
  enum class State { kSize, kBytes, kSeparated, kEnd };
  Status flush();

  const Borders& borders_;
  const Piece place_;
  const std::size_t longest_record_;
  PieceSink& sink_;
  std::uint64_t position_ = 0;  // in the input, of the next byte of a head
  State state_ = State::kSize;
  bool in_tail_ = false;
  ByteArray<4> size_bytes_{};
  std::size_t size_have_ = 0;
  std::uint32_t left_ = 0;
  std::string record_;
};

}  // namespace brume::mapreduce
