#include "cli/age_files.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "cli/progress.h"
#include "crypto/random.h"

namespace brume::cli {

using namespace sealed;

namespace {

// 1 MiB at a time: large enough for the system calls to vanish, small enough to stay in a core's cache.
constexpr std::uint64_t kBatchChunks = 16;
constexpr unsigned kThreadLimit = 8;

// One thread's buffers and cipher.
struct Worker {
  explicit Worker(const crypto::Key32& key) : cipher(key) {}
  ChunkCipher cipher;
  Bytes plain = Bytes(kBatchChunks * kAgeChunkSize);
  Bytes sealed = Bytes(kBatchChunks * kAgeSealedChunkSize);

  std::size_t chunk_size(const ClaimedAgeLayout& layout, std::uint64_t index) const {
    return layout.sealed_chunk_size(index) - crypto::kAeadTagSize;
  }
  MutableByteView plain_chunk(const ClaimedAgeLayout& layout, std::uint64_t first, std::uint64_t index) {
    return MutableByteView(plain).subspan((index - first) * kAgeChunkSize, chunk_size(layout, index));
  }
  MutableByteView sealed_chunk(const ClaimedAgeLayout& layout, std::uint64_t first, std::uint64_t index) {
    return MutableByteView(sealed).subspan((index - first) * kAgeSealedChunkSize, layout.sealed_chunk_size(index));
  }
};

struct Batch {
  std::uint64_t first = 0;
  std::uint64_t end = 0;
  std::size_t plain_size = 0;
  std::size_t sealed_size = 0;
};

Batch batch_at(const ClaimedAgeLayout& layout, std::uint64_t number) {
  Batch batch{number * kBatchChunks, std::min((number + 1) * kBatchChunks, layout.chunk_count)};
  std::size_t full = static_cast<std::size_t>(batch.end - 1 - batch.first);
  batch.sealed_size = full * kAgeSealedChunkSize + layout.sealed_chunk_size(batch.end - 1);
  batch.plain_size = batch.sealed_size - (full + 1) * crypto::kAeadTagSize;
  return batch;
}

// Runs `work(worker, batch)` for every batch on as many threads as there are cores; the first error ends it.
template <typename Work>
Status for_each_batch(const char* what, const crypto::Key32& key, const ClaimedAgeLayout& layout, Work work) {
  std::uint64_t batch_count = (layout.chunk_count + kBatchChunks - 1) / kBatchChunks;
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> done{0};
  std::mutex mutex;
  Status result;
  auto run = [&](Progress* progress) {
    Worker worker(key);
    for (std::uint64_t number = next++; number < batch_count; number = next++) {
      Batch batch = batch_at(layout, number);
      Status status = work(worker, batch);
      if (!status) {
        next = batch_count;
        std::lock_guard lock(mutex);
        if (result) result = std::move(status);
        break;
      }
      std::uint64_t so_far = done += batch.plain_size;
      if (progress != nullptr) progress->bytes(so_far, layout.plaintext_size());
    }
    crypto::wipe(worker.plain);
  };
  unsigned cores = std::max(1u, std::min(kThreadLimit, std::thread::hardware_concurrency()));
  std::uint64_t thread_count = std::min<std::uint64_t>(cores, batch_count);
  std::vector<std::jthread> threads;
  for (std::uint64_t i = 1; i < thread_count; ++i) threads.emplace_back(run, nullptr);
  Progress progress(what);
  run(&progress);
  threads.clear();
  return result;
}

Status seal_regular(files::InputFile& in, files::AtomicFile& out, const NewAgeFile& file) {
  ClaimedAgeLayout layout = ClaimedAgeLayout::from_plaintext_size(file.prefix.size(), *in.size());
  BRUME_TRY(out.write_at(0, file.prefix));
  BRUME_TRY(for_each_batch("sealing", file.payload_key, layout, [&](Worker& worker, const Batch& batch) -> Status {
    BRUME_TRY(in.read_at(batch.first * kAgeChunkSize, MutableByteView(worker.plain).first(batch.plain_size)));
    for (std::uint64_t i = batch.first; i < batch.end; ++i) {
      worker.cipher.seal(i, layout.is_last(i), worker.plain_chunk(layout, batch.first, i),
                         worker.sealed_chunk(layout, batch.first, i));
    }
    return out.write_at(layout.chunk_offset(batch.first), ByteView(worker.sealed).first(batch.sealed_size));
  }));
  return in.check_unchanged();
}

Status open_regular(files::InputFile& in, files::AtomicFile& out, const AgeOpening& opening) {
  BRUME_ASSIGN(ClaimedAgeLayout layout, ClaimedAgeLayout::from_file_size(opening.payload_offset, *in.size()));
  return for_each_batch("opening", opening.payload_key, layout, [&](Worker& worker, const Batch& batch) -> Status {
    BRUME_TRY(in.read_at(layout.chunk_offset(batch.first), MutableByteView(worker.sealed).first(batch.sealed_size)));
    for (std::uint64_t i = batch.first; i < batch.end; ++i) {
      BRUME_TRY(worker.cipher.open(i, layout.is_last(i), worker.sealed_chunk(layout, batch.first, i),
                                   worker.plain_chunk(layout, batch.first, i)));
    }
    return out.write_at(batch.first * kAgeChunkSize, ByteView(worker.plain).first(batch.plain_size));
  });
}

// Reads the header of a regular file; the file's position stays at its start.
Result<AgeHeader> read_header(const files::InputFile& in) {
  Bytes prefix(std::min<std::uint64_t>(*in.size(), kAgeHeaderSizeLimit));
  BRUME_TRY(in.read_at(0, prefix));
  BRUME_ASSIGN(std::optional<AgeHeader> header, AgeHeader::parse(prefix));
  if (!header) return malformed("age file: cut within the header");
  return std::move(*header);
}

Status seal_piped(files::InputFile& in, files::AtomicFile& out, AgeWriter writer) {
  Progress progress("sealing");
  Bytes plain(kBatchChunks * kAgeChunkSize);
  Bytes sealed(AgeWriter::push_limit(plain.size()));
  std::uint64_t total = 0;
  BRUME_TRY(out.write(writer.prefix()));
  for (;;) {
    BRUME_ASSIGN(std::size_t size, in.read(plain));
    std::size_t ready = writer.push(ByteView(plain).first(size), MutableByteView(sealed));
    BRUME_TRY(out.write(ByteView(sealed).first(ready)));
    progress.bytes(total += size, 0);
    if (size < plain.size()) break;
  }
  std::size_t last = writer.finish(MutableByteView(sealed));
  crypto::wipe(plain);
  return out.write(ByteView(sealed).first(last));
}

Status open_piped(files::InputFile& in, files::AtomicFile& out, std::span<const AgeIdentity> identities) {
  Progress progress("opening");
  AgeReader reader(std::vector<AgeIdentity>(identities.begin(), identities.end()));
  Bytes sealed(kBatchChunks * kAgeSealedChunkSize);
  Bytes plain;
  std::uint64_t total = 0;
  for (bool more = true; more;) {
    BRUME_ASSIGN(std::size_t size, in.read(sealed));
    BRUME_TRY(reader.push(ByteView(sealed).first(size), plain));
    more = size == sealed.size();
    if (!more) BRUME_TRY(reader.finish(plain));
    BRUME_TRY(out.write(plain));
    progress.bytes(total += plain.size(), 0);
    plain.clear();
  }
  return {};
}

// What came of the input, with its name. A key that does not fit is a refusal, not a malformed file.
Status named(const files::InputFile& in, Status status) {
  if (status || status.error().code == ErrorCode::kIo) return status;
  if (status.error().code == ErrorCode::kNotFound) status.error().code = ErrorCode::kAuthFailed;
  return within(in.name(), std::move(status.error()));
}

}  // namespace

Status seal_file(files::InputFile& in, files::AtomicFile& out, std::span<const AgeRecipient> recipients) {
  crypto::SystemRandom random;
  if (in.size() && out.regular()) {
    BRUME_ASSIGN(NewAgeFile file, create_age_file(recipients, random));
    return seal_regular(in, out, file);
  }
  BRUME_ASSIGN(AgeWriter writer, AgeWriter::create(recipients, random));
  return seal_piped(in, out, std::move(writer));
}

Status open_file(files::InputFile& in, files::AtomicFile& out, std::span<const AgeIdentity> identities) {
  if (!in.size() || !out.regular()) return named(in, open_piped(in, out, identities));
  auto header = read_header(in);
  if (!header) return named(in, std::unexpected(header.error()));
  auto opening = header->open(identities);
  if (!opening) return named(in, std::unexpected(opening.error()));
  return named(in, open_regular(in, out, *opening));
}

Result<Sha256Digest> header_hash(const files::InputFile& in) {
  if (!in.size()) return malformed(in.name() + ": is empty or no regular file; expected an age file");
  auto header = read_header(in);
  if (!header) return within(in.name(), std::move(header.error()));
  return header->commitment();
}

}  // namespace brume::cli
