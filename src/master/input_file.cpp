#include "master/input_file.h"

#include "base/check.h"
#include "crypto/tls_roots.h"
#include "files/input_file.h"

namespace brume::master {

namespace {

static_assert(transport::kSealedChunkSize == sealed::kAgeSealedChunkSize);
static_assert(transport::kSealedChunkLeast == crypto::kAeadTagSize);

// What everybody who fetches the input asks for, now.
Result<std::string> url_of(const InputName& name, const InputAccess& access, UnixMs now_ms) {
  if (name.kind != InputName::Kind::kS3) return name.text;
  BRUME_ASSIGN(const remote::S3Object object, remote::parse_s3_object(name.text));
  BRUME_ASSIGN(const remote::S3Service service,
               remote::s3_service(access.s3_endpoint, access.s3_region, access.s3_style, object.bucket));
  if (access.s3.access_key.empty() || access.s3.secret_key.empty())
    return fail(ErrorCode::kUsage, "there are no S3 credentials");
  return remote::presign_get(service, access.s3, object, now_ms, access.s3_expiry_s).text();
}

struct Authenticated {
  sealed::AgeOpening opening;
  sealed::AgeLayout layout;
  std::optional<formats::Compression> compression{};  // as the plaintext begins, where the last chunk is the first
};

Result<sealed::AgeOpening> open_header(InputBytes& bytes, std::span<const sealed::AgeIdentity> identities) {
  BRUME_ASSIGN(const Bytes prefix, bytes.read(0, sealed::kAgeHeaderSizeLimit + sealed::kAgeNonceSize));
  if (!files::looks_sealed(as_chars(prefix)))
    return malformed(
        "is not sealed. Hosts fetch it themselves, so it must be an age file: seal it with 'brume seal -r "
        "\"$(brume status --recipient)\" FILE -o FILE.age', and put that there");
  auto header = sealed::AgeHeader::parse(prefix);
  if (!header) return std::unexpected(header.error());
  if (!*header) return malformed("the age header is cut");
  auto opening = (*header)->open(identities);
  if (!opening) {
    if (opening.error().code == ErrorCode::kNotFound)
      opening.error().what += "; seal the input to this cluster: brume seal -r \"$(brume status --recipient)\"";
    opening.error().code = ErrorCode::kAuthFailed;
  }
  return opening;
}

Result<Authenticated> authenticate(InputBytes& bytes, std::span<const sealed::AgeIdentity> identities) {
  BRUME_ASSIGN(sealed::AgeOpening opening, open_header(bytes, identities));
  BRUME_ASSIGN(const auto claimed,
               sealed::ClaimedAgeLayout::from_file_size(opening.payload_offset, bytes.claimed_size()));
  BRUME_ASSIGN(const Bytes sealed,
               bytes.read(claimed.chunk_offset(claimed.chunk_count - 1), claimed.final_sealed_size));
  if (sealed.size() != claimed.final_sealed_size) return fail(ErrorCode::kIo, "became shorter while it was read");
  Bytes plain(claimed.final_chunk_size());
  sealed::ChunkCipher cipher(opening.payload_key);
  auto layout = sealed::verify_final_chunk(claimed, cipher, sealed, plain);
  const auto compression = formats::recognise(plain);
  crypto::wipe(plain);
  if (!layout) return std::unexpected(layout.error());
  Authenticated out{std::move(opening), *layout};
  if (claimed.chunk_count == 1) out.compression = compression;
  return out;
}

Result<formats::Compression> compression_of(InputBytes& bytes, const Authenticated& file) {
  if (file.compression) return *file.compression;
  constexpr std::size_t kSize = sealed::kAgeSealedChunkSize;
  BRUME_ASSIGN(const Bytes sealed, bytes.read(file.layout.layout().payload_offset, kSize));
  if (sealed.size() != kSize) return fail(ErrorCode::kIo, "became shorter while it was read");
  Bytes plain(sealed::kAgeChunkSize);
  sealed::ChunkCipher cipher(file.opening.payload_key);
  BRUME_TRY(cipher.open(0, false, sealed, plain));
  const auto compression = formats::recognise(plain);
  crypto::wipe(plain);
  return compression;
}

// Only where the file lies differs.
struct Opened {
  std::unique_ptr<InputBytes> bytes;
  std::optional<FileId> file;
  FetchedBytes* fetched = nullptr;
};

Result<Opened> open_bytes(const InputName& name, const InputAccess& access, const Fetching& fetching, UnixMs now_ms) {
  Opened out;
  if (name.kind == InputName::Kind::kFile || name.kind == InputName::Kind::kShared) {
    BRUME_ASSIGN(std::unique_ptr<FileBytes> file, FileBytes::open(name.text));
    out.file = file->id();
    out.bytes = std::move(file);
    return out;
  }
  BRUME_ASSIGN(std::string url, url_of(name, access, now_ms));
  auto fetched = std::make_unique<FetchedBytes>(fetching, std::move(url), access.ca_pem);
  out.fetched = fetched.get();
  out.bytes = std::move(fetched);
  return out;
}

}  // namespace

Result<bool> is_age_file(const std::filesystem::path& path) {
  BRUME_ASSIGN(const auto file, FileBytes::open(path));
  BRUME_ASSIGN(const Bytes begin, file->read(0, files::kSealedLookSize));
  return files::looks_sealed(as_chars(begin));
}

Result<InputFile> InputFile::open(const InputName& name, const InputAccess& access,
                                  const formats::CompressionChoice& choice,
                                  std::span<const sealed::AgeIdentity> identities, const Fetching& fetching,
                                  UnixMs now_ms) {
  const std::string shown = name.shown();
  auto opened = open_bytes(name, access, fetching, now_ms);
  if (!opened) return name.remote() ? within(shown, opened.error()) : std::unexpected(opened.error());
  auto authentic = authenticate(*opened->bytes, identities);
  if (!authentic) return within(shown, authentic.error());
  auto compression = choice ? Result<formats::Compression>(*choice) : compression_of(*opened->bytes, *authentic);
  if (!compression) return within(shown, compression.error());
  InputFile out(name, access, std::move(authentic->opening), authentic->layout);
  out.compression_ = *compression;
  if (!name.remote()) out.file_ = opened->file;
  if (opened->fetched == nullptr) return out;
  out.roots_ = opened->fetched->root();
  if (!access.ca_pem.empty()) {
    BRUME_ASSIGN(const crypto::TlsRoots roots, crypto::TlsRoots::from_pem(access.ca_pem));
    out.roots_ = roots.pem();
  }
  return out;
}

ServedChunks InputFile::chunks(std::uint64_t first, std::uint64_t count) const {
  if (!file_) return std::unexpected(NotServed{transport::FetchFailure::kNotFound});
  const auto storage = [](std::string why) {
    return std::unexpected(NotServed{transport::FetchFailure::kStorage, std::move(why)});
  };
  const auto bytes = FileBytes::open(name_.text);
  if (!bytes) return storage(bytes.error().what);
  if ((*bytes)->id() != *file_) return storage(name_.text + ": is another file than when the run began");
  const auto& layout = layout_.layout();
  if ((*bytes)->claimed_size() < layout.file_size())
    return storage(name_.text + ": became shorter since the run began");
  transport::UnitRange range;
  range.file = (*bytes)->file();
  range.first_offset = layout.payload_offset;
  range.end_offset = layout.file_size();
  range.unit_size = sealed::kAgeSealedChunkSize;
  range.first = first;
  range.count = count;
  auto source = transport::make_unit_source(range);
  if (!source) return std::unexpected(NotServed{source.error()});
  return std::move(*source);
}

std::optional<transport::InputPlace> InputFile::place(UnixMs now_ms) const {
  if (!name_.remote()) return std::nullopt;
  const auto& layout = layout_.layout();
  transport::InputPlace out;
  out.chunk_count = layout.chunk_count;
  out.payload_offset = layout.payload_offset;
  out.file_size = layout.file_size();
  if (name_.kind == InputName::Kind::kShared) {
    out.kind = transport::InputPlace::Kind::kPath;
    out.location = name_.text;
    return out;
  }
  auto url = url_of(name_, access_, now_ms);
  BRUME_CHECK(url.has_value());  // open() had one
  out.location = std::move(*url);
  return out;
}

std::optional<UnixMs> InputFile::place_lasts_ms() const {
  if (name_.kind != InputName::Kind::kS3) return std::nullopt;
  return UnixMs{1000} * access_.s3_expiry_s;
}

}  // namespace brume::master
