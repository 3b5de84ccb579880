#include "node/input_store.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace brume::node {
namespace {

using transport::InputPlace;
using transport::kSealedChunkSize;

constexpr std::size_t kRunLimit = 16;        // the master does one at a time
constexpr std::size_t kPlaceLimit = 65'536;  // of one run
constexpr std::uint64_t kFrameChunks = 4;    // stays in a core's cache, as the master's frames do
constexpr int kFreshUrlLimit = 3;            // of one download: signed URLs are renewed long before they end

}  // namespace

struct InputStore::Place {
  InputPlace place;
  std::uint64_t file = 0;  // the same for the same bytes, whatever URL leads there
  remote::HttpUrl url;     // of kUrl
  remote::Roots roots;

  std::string shown() const { return place.kind == InputPlace::Kind::kPath ? place.location : url.shown(); }
  std::uint64_t end_chunk() const { return place.first_chunk + place.chunk_count; }
  bool same_bytes(const InputPlace& other) const {
    return place.chunk_count == other.chunk_count && place.payload_offset == other.payload_offset &&
           place.file_size == other.file_size && place.kind == other.kind;
  }
};

InputStore::InputStore(std::vector<Share> shares, remote::RangeClientOptions client, ReadAheadOptions reading)
    : shares_(std::move(shares)), client_(random_, client), reading_(reading) {}

Status InputStore::set(const transport::Inputs& inputs) {
  const std::lock_guard lock(mutex_);
  if (!runs_.contains(inputs.run) && runs_.size() >= kRunLimit)
    return fail(ErrorCode::kLimit, "inputs: of too many runs");
  Run& run = runs_[inputs.run];
  if (!inputs.splits.empty()) run.splits = inputs.splits;
  if (!inputs.roots.empty() && inputs.roots != run.roots_text) {
    BRUME_ASSIGN(crypto::TlsRoots roots, crypto::TlsRoots::from_pem(inputs.roots));
    run.roots = std::make_shared<const crypto::TlsRoots>(std::move(roots));
    run.roots_text = inputs.roots;
  }
  for (const InputPlace& place : inputs.places) {
    auto fresh = std::make_shared<Place>();
    fresh->place = place;
    fresh->roots = run.roots;
    if (place.kind == InputPlace::Kind::kUrl) {
      BRUME_ASSIGN(fresh->url, remote::parse_http_url(place.location));
    }
    auto& slot = run.places[place.first_chunk];
    const bool same = slot && slot->same_bytes(place) && slot->shown() == fresh->shown();
    fresh->file = same ? slot->file : next_file_++;
    if (slot && !same) reading_.drop(slot->file);
    slot = std::move(fresh);
    if (run.places.size() > kPlaceLimit) return fail(ErrorCode::kLimit, "inputs: too many of one run");
  }
  return {};
}

void InputStore::drop_run(const RunId& run) {
  const std::lock_guard lock(mutex_);
  const auto found = runs_.find(run);
  if (found == runs_.end()) return;
  for (const auto& [first, place] : found->second.places) reading_.drop(place->file);
  runs_.erase(found);
}

std::vector<InputStore::Part> InputStore::locate(const abi::InputRange& range) const {
  const std::lock_guard lock(mutex_);
  const auto run = runs_.find(range.run);
  if (run == runs_.end() || run->second.places.empty() || range.chunk_count == 0 ||
      range.chunk_count > transport::kInputChunkLimit || range.first_chunk > transport::kInputChunkLimit)
    return {{nullptr, range}};
  const auto& places = run->second.places;
  std::vector<Part> out;
  const std::uint64_t end = range.first_chunk + range.chunk_count;
  for (std::uint64_t at = range.first_chunk; at < end;) {
    const auto next = places.upper_bound(at);
    std::shared_ptr<const Place> place = next == places.begin() ? nullptr : std::prev(next)->second;
    if (place && place->end_chunk() <= at) place = nullptr;
    std::uint64_t until = end;
    if (place) until = std::min(until, place->end_chunk());
    if (next != places.end()) until = std::min(until, next->first);
    out.push_back({place, {range.run, at, until - at}});
    at = until;
  }
  return out;
}

Status InputStore::fetch(const Part& part, const OnFrame& on_frame, const OnExtent& on_extent) {
  const bool shared = part.place->place.kind == InputPlace::Kind::kPath;
  Status done = shared ? fetch_shared(part, on_frame, on_extent) : fetch_remote(part, on_frame);
  // The client's errors name the place themselves.
  if (!done && shared) return within(part.place->shown(), std::move(done.error()));
  return done;
}

Status InputStore::fetch_shared(const Part& part, const OnFrame& on_frame, const OnExtent& on_extent) {
  const InputPlace& place = part.place->place;
  BRUME_ASSIGN(UniqueFd opened, open_shared(shares_, place.location, place.file_size));
  const auto file = std::make_shared<const UniqueFd>(std::move(opened));
  const auto over = [] { return fail(ErrorCode::kState, "the consumer ended the fetch"); };
  Bytes buffer;
  const std::uint64_t end = place.offset_of(part.range.first_chunk + part.range.chunk_count);
  std::size_t size = 0;
  for (std::uint64_t at = place.offset_of(part.range.first_chunk); at < end; at += size) {
    size = std::min<std::uint64_t>(kFrameChunks * kSealedChunkSize, end - at);
    if (const auto taken = on_extent ? on_extent({file, at, size}) : std::nullopt) {
      if (!*taken) return over();
      continue;
    }
    buffer.resize(std::max(buffer.size(), size));
    for (std::size_t got = 0; got < size;) {
      const ssize_t n = ::pread(file->get(), buffer.data() + got, size - got, static_cast<off_t>(at + got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail(ErrorCode::kIo, strerrordesc_np(errno));
      if (n == 0) return fail(ErrorCode::kUnavailable, "the file became shorter");
      got += static_cast<std::size_t>(n);
    }
    if (!on_frame(ByteView(buffer).first(size))) return over();
  }
  return {};
}

Status InputStore::fetch_remote(const Part& part, const OnFrame& on_frame) {
  const std::shared_ptr<const Place> held = part.place;
  const InputPlace& place = held->place;
  const std::uint64_t end_chunk = part.range.first_chunk + part.range.chunk_count;
  const std::uint64_t end = place.offset_of(end_chunk);
  // Reading ahead is for splits that are known; else exactly what was asked for.
  const std::uint64_t border_chunk =
      std::min(held->end_chunk(), std::max(end_chunk, border_of(part.range.run, part.range.first_chunk)));
  const std::uint64_t border = place.offset_of(border_chunk);
  const ReadAhead::Bring from_there = [this, run = part.range.run, held](std::uint64_t offset, MutableByteView out,
                                                                         const ReadAhead::OnFilled& on_filled) {
    return bring(run, held, offset, out, on_filled);
  };
  for (std::uint64_t at = place.offset_of(part.range.first_chunk); at < end;) {
    const std::uint64_t most = std::min(kFrameChunks * kSealedChunkSize, end - at);
    BRUME_ASSIGN(const ReadAhead::Piece piece, reading_.piece({held->file, at, most, border}, from_there));
    if (!on_frame(piece.bytes)) return fail(ErrorCode::kState, "the consumer ended the fetch");
    at += piece.bytes.size();
  }
  return {};
}

Status InputStore::bring(const RunId& run, const std::shared_ptr<const Place>& place, std::uint64_t offset,
                         MutableByteView out, const ReadAhead::OnFilled& on_filled) {
  std::shared_ptr<const Place> at = newest(run, *place);
  for (int attempt = 1;; ++attempt) {
    const remote::ByteRange range{offset, out.size(), at->place.file_size};
    Status done = client_.read(at->url, at->roots, range, out, on_filled);
    if (done || done.error().code != ErrorCode::kAuthFailed || attempt == kFreshUrlLimit) return done;
    // It may have expired; a renewed one is tried at once.
    std::shared_ptr<const Place> fresh = newest(run, *place);
    if (fresh->url == at->url) return done;
    at = std::move(fresh);
  }
}

std::shared_ptr<const InputStore::Place> InputStore::newest(const RunId& run, const Place& place) const {
  const std::lock_guard lock(mutex_);
  const auto found = runs_.find(run);
  if (found != runs_.end()) {
    const auto there = found->second.places.find(place.place.first_chunk);
    if (there != found->second.places.end() && there->second->file == place.file) return there->second;
  }
  return std::make_shared<const Place>(place);
}

// Where the split ends that holds the chunk; 0 where that is not known.
std::uint64_t InputStore::border_of(const RunId& run, std::uint64_t chunk) const {
  const std::lock_guard lock(mutex_);
  const auto found = runs_.find(run);
  if (found == runs_.end()) return 0;
  std::uint64_t begin = 0;
  for (const transport::SplitRun& splits : found->second.splits) {
    const std::uint64_t size = splits.chunk_count * splits.split_count;
    if (chunk - begin < size) return begin + ((chunk - begin) / splits.chunk_count + 1) * splits.chunk_count;
    begin += size;
    if (begin > transport::kInputChunkLimit) return 0;
  }
  return 0;
}

void InputStore::stop() {
  client_.cancel();
  reading_.stop();
}

}  // namespace brume::node
