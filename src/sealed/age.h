// age v1 files as a whole: written from plaintext that arrives in pieces, and read from bytes that
// arrive in pieces. For chunks at random see age_payload.h.
#pragma once

#include "sealed/age_payload.h"

namespace brume::sealed {

// Plaintext in, file out. Full chunks of the input are sealed where they lie; only what a push cuts is copied.
class AgeWriter {
 public:
  static Result<AgeWriter> create(std::span<const AgeRecipient> recipients, Random& random);

  // The file's first bytes; the caller puts them before everything else.
  const Bytes& prefix() const { return file_.prefix; }
  const AgeCommitment& commitment() const { return file_.commitment; }

  // Bytes that push() can write for that much plaintext.
  static constexpr std::size_t push_limit(std::size_t plaintext_size) {
    return (plaintext_size / kAgeChunkSize + 1) * kAgeSealedChunkSize;
  }
  // Writes whole sealed chunks into `out` (at least push_limit() bytes) and says how many bytes. Holds
  // back at most one chunk, for it may be the last.
  std::size_t push(ByteView plaintext, MutableByteView out);
  // Writes the final chunk (at most kAgeSealedChunkSize bytes). Once, and nothing after it.
  std::size_t finish(MutableByteView out);

  // The same, appended to `out`.
  void push(ByteView plaintext, Bytes& out);
  void finish(Bytes& out);

 private:
  explicit AgeWriter(NewAgeFile file);
  std::size_t seal(ByteView chunk, bool last, MutableByteView out);

  NewAgeFile file_;
  ChunkCipher cipher_;
  Bytes held_;
  std::uint64_t index_ = 0;
  bool finished_ = false;
};

// File in, authenticated plaintext out. What push() yields is authentic, but only finish() says that it
// was all: until then the file may have been cut. After an error every further call gives that error.
class AgeReader {
 public:
  explicit AgeReader(std::vector<AgeIdentity> identities) : identities_(std::move(identities)) {}
  explicit AgeReader(AgeIdentity identity) : identities_{std::move(identity)} {}

  // Appends to `plaintext`.
  Status push(ByteView bytes, Bytes& plaintext);
  Status finish(Bytes& plaintext);
  // Known as soon as the header is.
  const std::optional<AgeCommitment>& commitment() const { return commitment_; }

 private:
  Status read(ByteView bytes, Bytes& plaintext);
  Status read_header(ByteView& bytes);
  Status open(ByteView chunk, bool last, Bytes& plaintext);
  Status close(Bytes& plaintext);
  Status remember(Status status);

  std::vector<AgeIdentity> identities_;
  std::optional<ChunkCipher> cipher_;
  std::optional<AgeCommitment> commitment_;
  Bytes held_;  // the header so far, then at most one sealed chunk
  std::uint64_t index_ = 0;
  std::optional<Error> error_;
};

}  // namespace brume::sealed
