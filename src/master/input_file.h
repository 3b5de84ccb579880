// A run's input: an age file at the owner's or where hosts fetch it themselves, authenticated before anything is
// planned.
#pragma once

#include "base/outside.h"
#include "formats/input_decoder.h"
#include "master/input_bytes.h"
#include "master/input_name.h"
#include "sealed/age_header.h"
#include "sealed/age_keys.h"
#include "sealed/age_payload.h"
#include "transport/fetch_source.h"
#include "transport/host_messages.h"

namespace brume::master {

// Why the master does not serve chunks. `why` is for the owner: where the file itself is the reason.
struct NotServed {
  transport::FetchFailure failure = transport::FetchFailure::kNotFound;
  std::string why = {};
};
using ServedChunks = std::expected<std::unique_ptr<transport::FetchSource>, NotServed>;

class InputFile {
 public:
  // Checks the header's MAC and that the final chunk is final: the file's size is a claim until then. What hosts will
  // ask for is asked here in the same way, so that a signature or certificate that is no good is told before a run.
  // `choice` is nothing where the plaintext's first bytes say how it is compressed.
  static Result<InputFile> open(const InputName& name, const InputAccess& access,
                                const formats::CompressionChoice& choice,
                                std::span<const sealed::AgeIdentity> identities, const Fetching& fetching,
                                UnixMs now_ms);

  const sealed::AgeOpening& opening() const { return opening_; }
  const sealed::AgeLayout& layout() const { return layout_; }
  formats::Compression compression() const { return compression_; }
  std::string shown() const { return name_.shown(); }
  bool is_remote() const { return name_.remote(); }

  // What the master itself serves to hosts, chunk by chunk as it lies there; kNotFound where it does not have the file,
  // kStorage where it is not the file any more that was opened.
  ServedChunks chunks(std::uint64_t first, std::uint64_t count) const;
  // Where hosts fetch it; nothing where the master serves it. URLs are signed anew each time, where they are signed.
  std::optional<transport::InputPlace> place(UnixMs now_ms) const;
  // Who vouches for the place's server, in PEM.
  const std::string& roots() const { return roots_; }
  // How long hosts can use a place; nothing: always.
  std::optional<UnixMs> place_lasts_ms() const;

 private:
  InputFile(InputName name, InputAccess access, sealed::AgeOpening opening, sealed::AgeLayout layout)
      : name_(std::move(name)), access_(std::move(access)), opening_(std::move(opening)), layout_(layout) {}

  InputName name_;
  InputAccess access_;
  sealed::AgeOpening opening_;
  sealed::AgeLayout layout_;
  formats::Compression compression_ = formats::Compression::kNone;
  // What the master serves: opened for each answer, for there may be thousands. Another file at its path is refused.
  std::optional<FileId> file_;
  std::string roots_;
};

// Whether the file begins as an age file does, one that is not taken too: open() says why.
Result<bool> is_age_file(const std::filesystem::path& path);

}  // namespace brume::master
