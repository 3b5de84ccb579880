#include "sealed/age.h"

#include "base/check.h"

namespace brume::sealed {

namespace {

// Fills `held` up to `limit` from the front of `bytes`.
void fill(Bytes& held, std::size_t limit, ByteView& bytes) {
  std::size_t size = std::min(limit - held.size(), bytes.size());
  append(held, bytes.first(size));
  bytes = bytes.subspan(size);
}

}  // namespace

Result<AgeWriter> AgeWriter::create(std::span<const AgeRecipient> recipients, Random& random) {
  BRUME_ASSIGN(NewAgeFile file, create_age_file(recipients, random));
  return AgeWriter(std::move(file));
}

AgeWriter::AgeWriter(NewAgeFile file) : file_(std::move(file)), cipher_(file_.payload_key) {}

std::size_t AgeWriter::seal(ByteView chunk, bool last, MutableByteView out) {
  cipher_.seal(index_++, last, chunk, out.first(chunk.size() + crypto::kAeadTagSize));
  return chunk.size() + crypto::kAeadTagSize;
}

std::size_t AgeWriter::push(ByteView plaintext, MutableByteView out) {
  BRUME_CHECK(!finished_ && out.size() >= push_limit(plaintext.size()));
  std::size_t written = 0;
  if (!held_.empty()) {
    fill(held_, kAgeChunkSize, plaintext);
    if (plaintext.empty()) return 0;
    written += seal(held_, false, out);
    held_.clear();
  }
  while (plaintext.size() > kAgeChunkSize) {
    written += seal(plaintext.first(kAgeChunkSize), false, out.subspan(written));
    plaintext = plaintext.subspan(kAgeChunkSize);
  }
  fill(held_, kAgeChunkSize, plaintext);
  return written;
}

std::size_t AgeWriter::finish(MutableByteView out) {
  BRUME_CHECK(!finished_);
  finished_ = true;
  std::size_t written = seal(held_, true, out);
  crypto::wipe(held_);
  return written;
}

void AgeWriter::push(ByteView plaintext, Bytes& out) {
  std::size_t size = out.size();
  out.resize(size + push_limit(plaintext.size()));
  out.resize(size + push(plaintext, MutableByteView(out).subspan(size)));
}

void AgeWriter::finish(Bytes& out) {
  std::size_t size = out.size();
  out.resize(size + kAgeSealedChunkSize);
  out.resize(size + finish(MutableByteView(out).subspan(size)));
}

Status AgeReader::push(ByteView bytes, Bytes& plaintext) {
  if (error_) return std::unexpected(*error_);
  return remember(read(bytes, plaintext));
}

Status AgeReader::finish(Bytes& plaintext) {
  if (error_) return std::unexpected(*error_);
  Status closed = remember(close(plaintext));
  if (closed) error_ = Error{ErrorCode::kState, "age file: already read to its end"};
  return closed;
}

Status AgeReader::remember(Status status) {
  if (!status) error_ = status.error();
  return status;
}

Status AgeReader::read(ByteView bytes, Bytes& plaintext) {
  if (!cipher_) BRUME_TRY(read_header(bytes));
  if (!cipher_) return {};
  if (!held_.empty()) {
    fill(held_, kAgeSealedChunkSize, bytes);
    if (bytes.empty()) return {};
    BRUME_TRY(open(held_, false, plaintext));
    held_.clear();
  }
  while (bytes.size() > kAgeSealedChunkSize) {
    BRUME_TRY(open(bytes.first(kAgeSealedChunkSize), false, plaintext));
    bytes = bytes.subspan(kAgeSealedChunkSize);
  }
  fill(held_, kAgeSealedChunkSize, bytes);
  return {};
}

// Takes what belongs to the header off the front of `bytes`.
Status AgeReader::read_header(ByteView& bytes) {
  std::size_t known = held_.size();
  ByteView rest = bytes;
  fill(held_, kAgeHeaderSizeLimit, rest);
  BRUME_ASSIGN(std::optional<AgeHeader> header, AgeHeader::parse(held_));
  if (!header) {
    bytes = rest;
    return {};
  }
  BRUME_ASSIGN(AgeOpening opening, header->open(identities_));
  bytes = bytes.subspan(header->bytes().size() - known);
  held_.clear();
  cipher_.emplace(opening.payload_key);
  commitment_ = opening.commitment;
  return {};
}

Status AgeReader::open(ByteView chunk, bool last, Bytes& plaintext) {
  std::size_t size = plaintext.size();
  if (chunk.size() < crypto::kAeadTagSize) return malformed("age file: cut within a chunk");
  plaintext.resize(size + chunk.size() - crypto::kAeadTagSize);
  Status opened = cipher_->open(index_++, last, chunk, MutableByteView(plaintext).subspan(size));
  if (!opened) plaintext.resize(size);
  return opened;
}

Status AgeReader::close(Bytes& plaintext) {
  if (!cipher_) return malformed("age file: cut within the header");
  return open(held_, true, plaintext);
}

}  // namespace brume::sealed
