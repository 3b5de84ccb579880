// For tests of fetches: a server of one file, and all that a client gets of it.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>

#include "transport/fetch_client.h"
#include "transport/fetch_server.h"

namespace brume::transport::testing_fetch {

inline std::shared_ptr<const UniqueFd> file_with(ByteView bytes) {
  auto file = std::make_shared<UniqueFd>(::memfd_create("fetch_test", MFD_CLOEXEC));
  EXPECT_EQ(::write(file->get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return file;
}

inline Bytes pattern(std::size_t size) {
  Bytes out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(i * 7 + (i >> 8));
  return out;
}

// Serves chunks of 1000 bytes of one file; stream names are not known.
class OneFile final : public FetchProvider {
 public:
  explicit OneFile(ByteView bytes, std::uint32_t unit = 1000)
      : file_(file_with(bytes)), size_(bytes.size()), unit_(unit) {}
  std::expected<std::unique_ptr<FetchSource>, FetchFailure> open(const FetchRequest& request) override {
    ++asked;
    const auto* range = std::get_if<abi::InputRange>(&request);
    if (range == nullptr) return std::unexpected(FetchFailure::kNotFound);
    return make_unit_source({file_, 0, size_, unit_, range->first_chunk, range->chunk_count});
  }
  std::atomic<int> asked = 0;

 private:
  std::shared_ptr<const UniqueFd> file_;
  std::size_t size_;
  std::uint32_t unit_;
};

inline abi::InputRange chunks(std::uint64_t first, std::uint64_t count) {
  abi::InputRange range;
  range.first_chunk = first;
  range.chunk_count = count;
  return range;
}

struct Rig {
  explicit Rig(ByteView bytes, FetchServerOptions options = {}, std::uint32_t unit = 1000)
      : provider(bytes, unit),
        server(thread.loop(), provider, options),
        listener(Listener::open(thread.loop(), {.address = "127.0.0.1"}, nullptr, &server).value()) {}
  Endpoint endpoint() const { return {"127.0.0.1", listener->port()}; }

  LoopThread thread;
  OneFile provider;
  FetchServer server;
  std::unique_ptr<Listener> listener;
};

inline Result<Bytes> fetch_all(FetchClient& client, const Endpoint& peer, const FetchRequest& request) {
  Bytes out;
  BRUME_TRY(client.fetch(peer, request, [&](ByteView frame) {
    append(out, frame);
    return true;
  }));
  return out;
}

}  // namespace brume::transport::testing_fetch
