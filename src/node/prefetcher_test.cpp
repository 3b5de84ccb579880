#include "node/prefetcher.h"

#include <thread>

#include "node/test_store.h"
#include "transport/fetch_server.h"

namespace brume::node {
namespace {

using namespace testing_store;
using transport::FetchFailure;

// Another node's host; it can keep its answers back.
class Holder final : public transport::FetchProvider {
 public:
  Holder()
      : store_(BlockStore::open(folder_.path).value()),
        server_(thread_.loop(), *this),
        listener_(transport::Listener::open(thread_.loop(), {.address = "127.0.0.1"}, nullptr, &server_).value()) {}
  std::expected<std::unique_ptr<transport::FetchSource>, FetchFailure> open(
      const transport::FetchRequest& request) override {
    ++asked;
    while (slow) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return store_->open_stream(std::get<abi::StreamPart>(request));
  }
  void keep(const abi::StreamName& name, ByteView blocks) {
    ASSERT_TRUE(store_->put(name, blocks));
    ASSERT_TRUE(store_->end(name));
  }
  transport::Endpoint endpoint() const { return {"127.0.0.1", listener_->port()}; }

  std::atomic<int> asked = 0;
  std::atomic<bool> slow = false;

 private:
  const Folder folder_;
  std::unique_ptr<BlockStore> store_;
  transport::LoopThread thread_;
  transport::FetchServer server_;
  std::unique_ptr<transport::Listener> listener_;
};

transport::Prefetch hint(std::uint8_t run, std::uint32_t partition, std::uint64_t size) {
  const abi::StreamName name = stream(run, partition);
  return {name.run, NodeId{7}, name.split, name.salt, {{partition, size}}};
}

void wait_until(const std::function<bool()>& done) {
  for (int i = 0; i < 5'000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(done());
}

// A prefetcher whose client is cancelled before it ends, as the relay does it.
struct Bench {
  explicit Bench(const PrefetchLimits& limits = {})
      : prefetcher((folder.path / "prefetched").string(), client, limits) {}
  ~Bench() {
    holder.slow = false;
    client.cancel();
  }
  // A hint whose fetch is under way, and stays so while the holder is slow.
  void want_slowly(std::uint8_t run, std::uint64_t size) {
    holder.slow = true;
    prefetcher.want(hint(run, 0, size), holder.endpoint());
    wait_until([&] { return holder.asked == 1; });
  }
  // All of the stream as one that asks gets it; nothing where it must go to the holder.
  std::optional<Bytes> take(std::uint8_t run, std::uint32_t partition, std::uint64_t offset = 0) {
    const auto source = prefetcher.take({stream(run, partition), offset, 0});
    if (source == nullptr) return std::nullopt;
    return read_all(*source);
  }

  const Folder folder;
  transport::FetchClient client;
  Holder holder;
  Prefetcher prefetcher;
};

Bytes two_blocks() {
  Bytes blocks = block(200'000, 1);
  append(blocks, block(100, 2));
  return blocks;
}

TEST(Prefetcher, KeepsWhatWasHintedAt) {
  Bench bench;
  const Bytes blocks = two_blocks();
  bench.holder.keep(stream(1, 0), blocks);
  bench.prefetcher.want(hint(1, 0, blocks.size()), bench.holder.endpoint());
  bench.prefetcher.want(hint(1, 0, blocks.size()), bench.holder.endpoint());  // once is enough
  wait_until([&] { return bench.holder.asked == 1; });
  EXPECT_EQ(bench.take(1, 0), blocks);
  EXPECT_EQ(bench.take(1, 0, 200'004), block(100, 2));  // from any block on
  EXPECT_EQ(bench.take(1, 1), std::nullopt);
  EXPECT_EQ(bench.holder.asked, 1);
  const Prefetcher::Totals taken = bench.prefetcher.drop_run(stream(1, 0).run);
  EXPECT_EQ(taken.streams, 1u);
  EXPECT_EQ(taken.size, blocks.size());
  EXPECT_EQ(bench.take(1, 0), std::nullopt);
}

TEST(Prefetcher, WhoAsksWaitsForWhatIsOnItsWay) {
  Bench bench;
  const Bytes blocks = two_blocks();
  bench.holder.keep(stream(1, 0), blocks);
  bench.want_slowly(1, blocks.size());
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    bench.holder.slow = false;
  });
  EXPECT_EQ(bench.take(1, 0), blocks);
  later.join();
}

TEST(Prefetcher, WhatStillWaitsIsLeftToWhoAsks) {
  Bench bench({.fetches_at_once = 1});
  const Bytes blocks = two_blocks();
  bench.holder.keep(stream(1, 0), blocks);
  bench.want_slowly(1, blocks.size());
  bench.prefetcher.want(hint(1, 1, blocks.size()), bench.holder.endpoint());
  EXPECT_EQ(bench.take(1, 1), std::nullopt);
  bench.holder.slow = false;
  EXPECT_EQ(bench.take(1, 0), blocks);
  EXPECT_EQ(bench.holder.asked, 1);
}

TEST(Prefetcher, KeepsNothingOfWhatFailsOrIsLongerThanHinted) {
  Bench bench;
  const Bytes blocks = two_blocks();
  bench.holder.keep(stream(1, 0), blocks);
  bench.prefetcher.want(hint(1, 0, blocks.size() - 1), bench.holder.endpoint());
  bench.prefetcher.want(hint(1, 5, 100), bench.holder.endpoint());  // not there
  bench.prefetcher.want(hint(2, 0, 100), {"127.0.0.1", 1});         // nobody there
  wait_until([&] { return bench.holder.asked == 2; });
  EXPECT_EQ(bench.take(1, 0), std::nullopt);
  EXPECT_EQ(bench.take(1, 5), std::nullopt);
  EXPECT_EQ(bench.take(2, 0), std::nullopt);
}

TEST(Prefetcher, StaysWithinItsLimits) {
  const Bytes blocks = two_blocks();
  Bench bench({.size = blocks.size() + 10, .stream_count = 2});
  for (std::uint32_t i = 0; i < 3; ++i) bench.holder.keep(stream(1, i), blocks);
  for (std::uint32_t i = 0; i < 3; ++i) {
    bench.prefetcher.want(hint(1, i, blocks.size()), bench.holder.endpoint());
    wait_until([&] { return bench.holder.asked == 1; });
    (void)bench.take(1, 0);
  }
  EXPECT_EQ(bench.take(1, 0), blocks);
  EXPECT_EQ(bench.take(1, 1), std::nullopt);
  EXPECT_EQ(bench.holder.asked, 1);
  (void)bench.prefetcher.drop_run(stream(1, 0).run);
  bench.prefetcher.want(hint(1, 2, blocks.size()), bench.holder.endpoint());
  wait_until([&] { return bench.holder.asked == 2; });
  EXPECT_EQ(bench.take(1, 2), blocks);
}

TEST(Prefetcher, ARunThatEndsMeanwhileLeavesNothing) {
  Bench bench;
  const Bytes blocks = two_blocks();
  bench.holder.keep(stream(1, 0), blocks);
  bench.want_slowly(1, blocks.size());
  std::optional<Bytes> got = Bytes();
  std::thread asker([&] { got = bench.take(1, 0); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_EQ(bench.prefetcher.drop_run(stream(1, 0).run).streams, 0u);
  asker.join();
  EXPECT_EQ(got, std::nullopt);
}

TEST(Prefetcher, StopsWithoutItsHoldersAnswer) {
  Bench bench;
  bench.want_slowly(1, 100);
  std::optional<Bytes> got = Bytes();
  std::thread asker([&] { got = bench.take(1, 0); });
  bench.client.cancel();
  bench.prefetcher.stop();
  asker.join();
  EXPECT_EQ(got, std::nullopt);
  bench.prefetcher.want(hint(1, 1, 100), bench.holder.endpoint());
  EXPECT_EQ(bench.take(1, 1), std::nullopt);
}

TEST(Prefetcher, WithoutAFolderItDoesNothing) {
  transport::FetchClient client;
  Prefetcher prefetcher("/proc/no/such/folder", client);
  prefetcher.want(hint(1, 0, 100), {"127.0.0.1", 1});
  EXPECT_EQ(prefetcher.take({stream(1, 0)}), nullptr);
  EXPECT_EQ(prefetcher.drop_run(stream(1, 0).run).streams, 0u);
}

}  // namespace
}  // namespace brume::node
