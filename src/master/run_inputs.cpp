#include "master/run_inputs.h"

#include <algorithm>

namespace brume::master {
namespace {

mapreduce::InputEncoding encoding_of(formats::Compression compression) {
  switch (compression) {
    case formats::Compression::kNone:
      return mapreduce::InputEncoding::kNone;
    case formats::Compression::kGzip:
      return mapreduce::InputEncoding::kGzip;
    case formats::Compression::kZstd:
      return mapreduce::InputEncoding::kZstd;
  }
  return mapreduce::InputEncoding::kNone;
}

// At most, as JSON; roots and splits have their place beside them in a message.
constexpr std::size_t kPlacesSize = transport::kControlPayloadLimit / 2;
constexpr std::size_t kPlaceSize = 192;    // without its location
constexpr std::size_t kLongestEscape = 6;  // of one byte
static_assert(kPlacesSize / kPlaceSize < transport::kInputPlaceLimit);
static_assert(kPlaceSize + kLongestEscape * transport::kLocationLimit < kPlacesSize);

}  // namespace

Status check_pin(const RunFile& file, const Sha256Digest& pin) {
  const Sha256Digest& header = file.file->opening().commitment.header;
  if (header == pin) return {};
  const std::string shown = file.file->shown();
  return fail(ErrorCode::kAuthFailed,
              "input " + file.name + (shown == file.name ? "" : " (" + shown + ")") +
                  ": is another sealed file than the pinned one: its header's hash is " + header.hex() + ", expected " +
                  pin.hex() + ". Put your own copy there again; if you sealed it anew, change its line in --pins to " +
                  "what 'brume pin' prints of that");
}

RunInputs::RunInputs(std::vector<RunFile> inputs, std::vector<RunFile> sides)
    : inputs_(std::move(inputs)), sides_(std::move(sides)) {
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < inputs_.size() + sides_.size(); ++i) {
    first_chunks_.push_back(end);
    end += at(i).layout().layout().chunk_count;
  }
  first_chunks_.push_back(end);
}

const RunFile& RunInputs::named(std::size_t index) const {
  return index < inputs_.size() ? inputs_[index] : sides_[index - inputs_.size()];
}

std::uint64_t RunInputs::input_size() const {
  std::uint64_t size = 0;
  for (const RunFile& input : inputs_) size += input.file->layout().layout().plaintext_size();
  return size;
}

void RunInputs::add_to(mapreduce::RunRequest& request) const {
  const auto sealed = [](const RunFile& file) {
    return mapreduce::SealedFile{file.file->opening(), file.file->layout(), file.name};
  };
  for (const RunFile& input : inputs_)
    request.inputs.push_back({sealed(input), encoding_of(input.file->compression())});
  for (const RunFile& side : sides_) request.sides.push_back(sealed(side));
}

ServedChunks RunInputs::chunks(std::uint64_t first, std::uint64_t count) const {
  if (first >= first_chunks_.back()) return std::unexpected(NotServed{transport::FetchFailure::kNotFound});
  const auto after = std::ranges::upper_bound(first_chunks_, first);
  if (count > *after - first) return std::unexpected(NotServed{transport::FetchFailure::kBadRequest});
  const auto index = static_cast<std::size_t>(after - first_chunks_.begin() - 1);
  ServedChunks chunks = at(index).chunks(first - first_chunks_[index], count);
  if (chunks || chunks.error().why.empty()) return chunks;
  // A file may be named after its path, which the reason begins with.
  std::string& why = chunks.error().why;
  const std::string& name = named(index).name;
  why.insert(0, why.starts_with(name + ": ") ? "input " : "input " + name + ": ");
  return chunks;
}

// Files that different roots vouch for come in messages of their own, and no message is larger than a host takes.
std::vector<transport::Inputs> RunInputs::places(UnixMs now_ms) const {
  std::vector<transport::Inputs> out;
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i + 1 < first_chunks_.size(); ++i) {
    auto place = at(i).place(now_ms);
    if (!place) continue;
    place->first_chunk = first_chunks_[i];
    const std::string& roots = at(i).roots();
    const std::size_t size = kPlaceSize + kLongestEscape * place->location.size();
    std::size_t message = 0;
    while (message < out.size() && (out[message].roots != roots || sizes[message] + size > kPlacesSize)) ++message;
    if (message == out.size()) {
      out.emplace_back().roots = roots;
      sizes.push_back(0);
    }
    sizes[message] += size;
    out[message].places.push_back(std::move(*place));
  }
  return out;
}

std::optional<UnixMs> RunInputs::places_last_ms() const {
  std::optional<UnixMs> least;
  for (std::size_t i = 0; i + 1 < first_chunks_.size(); ++i) {
    const auto lasts = at(i).place_lasts_ms();
    if (lasts && (!least || *lasts < *least)) least = lasts;
  }
  return least;
}

}  // namespace brume::master
