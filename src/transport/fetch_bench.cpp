// Bytes of a file in the page cache over loopback: compare with a bare TCP copy (docs/numbers).
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include "transport/fetch_client.h"
#include "transport/fetch_server.h"

namespace brume::transport {
namespace {

class OneFile final : public FetchProvider {
 public:
  explicit OneFile(std::size_t size) : file_(std::make_shared<UniqueFd>(::memfd_create("bench", 0))), size_(size) {
    const Bytes piece(1u << 20, 1);
    for (std::size_t at = 0; at < size; at += piece.size()) (void)!::write(file_->get(), piece.data(), piece.size());
  }
  std::expected<std::unique_ptr<FetchSource>, FetchFailure> open(const FetchRequest&) override {
    return make_unit_source({file_, 0, size_, 65'552, 0, size_ / 65'552});
  }

 private:
  std::shared_ptr<UniqueFd> file_;
  std::size_t size_;
};

void fetch_loopback(benchmark::State& state) {
  LoopThread thread;
  OneFile provider(static_cast<std::size_t>(state.range(0)) << 20);
  FetchServer server(thread.loop(), provider);
  const auto listener = Listener::open(thread.loop(), {.address = "127.0.0.1"}, nullptr, &server).value();
  FetchClient client;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    (void)client.fetch({"127.0.0.1", listener->port()}, abi::InputRange{}, [&](ByteView frame) {
      bytes += static_cast<std::int64_t>(frame.size());
      return true;
    });
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(fetch_loopback)->Arg(1)->Arg(16)->Arg(256)->UseRealTime();

}  // namespace
}  // namespace brume::transport
