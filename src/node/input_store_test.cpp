#include "node/input_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "abi/ring.h"
#include "remote/testing/http_server.h"

namespace brume::node {
namespace {

namespace fs = std::filesystem;
using remote::testing::HttpServer;
using remote::testing::serve_file;
using remote::testing::Talk;
using remote::testing::test_file;
using transport::InputPlace;
using transport::kSealedChunkSize;

constexpr std::uint64_t kOffset = 200;
constexpr std::uint64_t kChunks = 300;
constexpr std::uint64_t kFileSize = kOffset + (kChunks - 1) * kSealedChunkSize + 1'000;

remote::RangeClientOptions quick() {
  remote::RangeClientOptions out;
  out.first_pause = transport::Milliseconds(1);
  out.pause_limit = transport::Milliseconds(2);
  return out;
}

RunId run_id(std::uint8_t number = 1) {
  RunId out;
  out.bytes.fill(number);
  return out;
}

InputPlace place_at(const std::string& url, std::uint64_t first = 0) {
  return {first, kChunks, kOffset, kFileSize, InputPlace::Kind::kUrl, url};
}

class TempFolder {
 public:
  TempFolder() {
    std::string name = (fs::temp_directory_path() / "brume-inputs-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TempFolder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }
  void write(const std::string& name, std::string_view content) const {
    std::ofstream(path_ / name, std::ios::binary) << content;
  }

 private:
  fs::path path_;
};

struct Reader {
  InputStore store;
  explicit Reader(std::vector<Share> shares = {}, ReadAheadOptions reading = {})
      : store(std::move(shares), quick(), reading) {}

  Result<std::string> read(std::uint64_t first, std::uint64_t count, std::uint8_t run = 1) {
    std::string out;
    for (const InputStore::Part& part : store.locate({run_id(run), first, count})) {
      if (!part.place) return fail(ErrorCode::kNotFound, "the master's");
      BRUME_TRY(store.fetch(part, [&](ByteView frame) {
        EXPECT_LE(frame.size(), abi::kFramePayloadLimit);
        out.append(as_chars(frame));
        return true;
      }));
    }
    return out;
  }
};

std::string chunks_of(const std::string& file, std::uint64_t first, std::uint64_t count) {
  const InputPlace place = place_at("x");
  return file.substr(place.offset_of(first), place.offset_of(first + count) - place.offset_of(first));
}

const std::string kFile = test_file(kFileSize);

TEST(InputStore, SaysWhoHasWhichChunks) {
  Reader reader;
  EXPECT_EQ(reader.store.locate({run_id(), 0, 10}).size(), 1u);
  EXPECT_FALSE(reader.store.locate({run_id(), 0, 10})[0].place);
  ASSERT_TRUE(reader.store.set({run_id(), {place_at("http://h/a", 100), place_at("http://h/b", 400)}, {}, ""}));
  const auto parts = reader.store.locate({run_id(), 90, 700});
  ASSERT_EQ(parts.size(), 4u);
  EXPECT_EQ(parts[0].range, (abi::InputRange{run_id(), 90, 10}));
  EXPECT_EQ(parts[1].range, (abi::InputRange{run_id(), 100, 300}));
  EXPECT_EQ(parts[2].range, (abi::InputRange{run_id(), 400, 300}));
  EXPECT_EQ(parts[3].range, (abi::InputRange{run_id(), 700, 90}));
  EXPECT_TRUE(!parts[0].place && parts[1].place && parts[2].place && !parts[3].place);
  // Another run, nonsense, and what is over.
  EXPECT_FALSE(reader.store.locate({run_id(2), 100, 1})[0].place);
  EXPECT_FALSE(reader.store.locate({run_id(), 100, ~std::uint64_t{0}})[0].place);
  EXPECT_FALSE(reader.store.locate({run_id(), ~std::uint64_t{0}, 10})[0].place);
  reader.store.drop_run(run_id());
  EXPECT_FALSE(reader.store.locate({run_id(), 100, 1})[0].place);
}

TEST(InputStore, ReadsAheadWithinASplit) {
  HttpServer server(serve_file(kFile));
  Reader reader;
  ASSERT_TRUE(reader.store.set({run_id(), {place_at(server.url("/x"))}, {{100, 3}}, ""}));
  std::string all;
  for (std::uint64_t at = 100; at < 200; at += 15)
    all += reader.read(at, std::min<std::uint64_t>(15, 200 - at)).value();
  EXPECT_EQ(all, chunks_of(kFile, 100, 100));
  EXPECT_EQ(server.request_count(), 2);  // 64 chunks and 36: not one beyond the split
  EXPECT_EQ(reader.read(299, 1).value(), chunks_of(kFile, 299, 1));
}

TEST(InputStore, ReadsExactlyWhatIsAskedForWhereNoSplitIsKnown) {
  std::vector<std::pair<std::size_t, std::size_t>> asked;
  const auto serve = serve_file(kFile);
  HttpServer server([&](const std::string& request, Talk& talk) {
    asked.push_back(remote::testing::asked_range(request));
    return serve(request, talk);
  });
  Reader reader;
  ASSERT_TRUE(reader.store.set({run_id(), {place_at(server.url("/x"))}, {}, ""}));
  EXPECT_EQ(reader.read(10, 15).value(), chunks_of(kFile, 10, 15));
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].second - asked[0].first, 15 * kSealedChunkSize);
}

TEST(InputStore, ManyTasksReadAtOnceInLittleMemory) {
  HttpServer server(serve_file(kFile));
  ReadAheadOptions reading;
  reading.memory_limit = 2 * reading.window_size;
  Reader reader({}, reading);
  ASSERT_TRUE(reader.store.set({run_id(), {place_at(server.url("/x"))}, {{50, 6}}, ""}));
  std::vector<std::thread> threads;
  for (std::uint64_t split = 0; split < 6; ++split) {
    threads.emplace_back([&, split] {
      std::string all;
      for (std::uint64_t at = 50 * split; at < 50 * (split + 1); at += 10) all += reader.read(at, 10).value();
      EXPECT_EQ(all, chunks_of(kFile, 50 * split, 50));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(InputStore, ARenewedUrlIsUsedAtOnce) {
  std::string valid = "sig=1";
  std::mutex mutex;
  int refused = 0;
  InputStore* renewed = nullptr;
  std::function<void()> renew;
  const auto serve = serve_file(kFile);
  HttpServer server([&](const std::string& request, Talk& talk) {
    const std::lock_guard lock(mutex);
    if (request.find(valid) != std::string::npos) return serve(request, talk);
    ++refused;
    if (renew) renew();  // while the request is on its way
    return talk.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  });
  Reader reader;
  renewed = &reader.store;
  const auto set = [&](const std::string& query) {
    return renewed->set({run_id(), {place_at(server.url("/x?" + query))}, {}, ""}).has_value();
  };
  ASSERT_TRUE(set("sig=1"));
  EXPECT_TRUE(reader.read(0, 1));
  valid = "sig=2";
  const auto expired = reader.read(1, 1);
  ASSERT_FALSE(expired);
  EXPECT_NE(expired.error().what.find("403"), std::string::npos);
  EXPECT_EQ(expired.error().what.find("sig"), std::string::npos);
  renew = [&] { set("sig=2"); };
  EXPECT_EQ(reader.read(2, 1).value(), chunks_of(kFile, 2, 1));
  EXPECT_EQ(refused, 2);
}

TEST(InputStore, AFailureIsOfItsReadOnly) {
  std::atomic<bool> down = true;  // reading ahead asks even while this test goes on
  const auto serve = serve_file(kFile);
  HttpServer server([&](const std::string& request, Talk& talk) {
    return down ? talk.send("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n") : serve(request, talk);
  });
  Reader reader;
  ASSERT_TRUE(reader.store.set({run_id(), {place_at(server.url("/x"))}, {{300, 1}}, ""}));
  EXPECT_EQ(reader.read(0, 15).error().code, ErrorCode::kNotFound);
  down = false;
  EXPECT_EQ(reader.read(0, 15).value(), chunks_of(kFile, 0, 15));
}

TEST(InputStore, AServerThatDiesInTheMiddleIsNamed) {
  auto server = std::make_unique<HttpServer>(serve_file(kFile));
  Reader reader;
  ASSERT_TRUE(reader.store.set({run_id(), {place_at(server->url("/x"))}, {}, ""}));
  EXPECT_TRUE(reader.read(0, 15));
  const std::string name = "127.0.0.1:" + std::to_string(server->port());
  server.reset();
  const auto got = reader.read(15, 15);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(got.error().what.find(name), std::string::npos) << got.error().what;
}

TEST(InputStore, RefusesPlacesThatAreNone) {
  Reader reader;
  EXPECT_FALSE(reader.store.set({run_id(), {place_at("file:///etc/passwd")}, {}, ""}));
  EXPECT_FALSE(reader.store.set({run_id(), {place_at("http://user:word@h/")}, {}, ""}));
  EXPECT_FALSE(reader.store.set({run_id(), {}, {}, "no certificates"}));
  Reader full;
  int taken = 0;
  for (std::uint8_t run = 1; run < 100; ++run) taken += full.store.set({run_id(run), {}, {}, ""}) ? 1 : 0;
  EXPECT_EQ(taken, 16);
}

TEST(InputStore, StopEndsWhatWaits) {
  HttpServer mute([](const std::string&, Talk& talk) {
    talk.hang();
    return false;
  });
  Reader reader;
  ASSERT_TRUE(reader.store.set({run_id(), {place_at(mute.url("/x"))}, {}, ""}));
  std::thread stopper([&] {
    while (mute.request_count() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    reader.store.stop();
  });
  EXPECT_EQ(reader.read(0, 1).error().code, ErrorCode::kState);
  stopper.join();
}

TEST(InputStore, ReadsSharedFiles) {
  TempFolder folder;
  folder.write("in.age", kFile);
  fs::create_directory(folder.path() / "sub");
  fs::create_symlink("../in.age", folder.path() / "sub/link.age");
  Reader reader({{"/mnt/data", folder.path().string()}});
  InputPlace place = place_at("/mnt/data/in.age");
  place.kind = InputPlace::Kind::kPath;
  ASSERT_TRUE(reader.store.set({run_id(), {place}, {}, ""}));
  EXPECT_EQ(reader.read(3, 20).value(), chunks_of(kFile, 3, 20));
  EXPECT_EQ(reader.read(295, 5).value(), chunks_of(kFile, 295, 5));
  place.location = "/mnt/data/sub/link.age";
  ASSERT_TRUE(reader.store.set({run_id(), {place}, {}, ""}));
  EXPECT_EQ(reader.read(0, 1).value(), chunks_of(kFile, 0, 1));
}

TEST(InputStore, OffersSharedFilesBeforeItReadsThem) {
  TempFolder folder;
  folder.write("in.age", kFile);
  Reader reader({{"/mnt/data", folder.path().string()}});
  InputPlace place = place_at("/mnt/data/in.age");
  place.kind = InputPlace::Kind::kPath;
  ASSERT_TRUE(reader.store.set({run_id(), {place}, {}, ""}));
  const InputStore::Part part = reader.store.locate({run_id(), 3, 20})[0];
  std::string got;
  std::size_t offered = 0;
  const auto on_frame = [&](ByteView frame) {
    got.append(as_chars(frame));
    return true;
  };
  // Every other frame is taken as it is.
  EXPECT_TRUE(reader.store.fetch(part, on_frame, [&](const transport::FileExtent& file) -> std::optional<bool> {
    if (++offered % 2 == 0) return std::nullopt;
    std::string bytes(file.size, '\0');
    EXPECT_EQ(::pread(file.file->get(), bytes.data(), bytes.size(), static_cast<off_t>(file.offset)),
              static_cast<ssize_t>(bytes.size()));
    got += bytes;
    return true;
  }));
  EXPECT_EQ(offered, 5u);
  EXPECT_EQ(got, chunks_of(kFile, 3, 20));
  const auto ended = reader.store.fetch(part, on_frame, [](const transport::FileExtent&) { return false; });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kState);
}

TEST(InputStore, NeverLeavesASharedFolder) {
  TempFolder folder, outside;
  outside.write("secret", kFile);
  folder.write("short.age", kFile.substr(1));
  fs::create_symlink(outside.path() / "secret", folder.path() / "out.age");
  fs::create_symlink("../" + outside.path().filename().string() + "/secret", folder.path() / "up.age");
  fs::create_directory(folder.path() / "folder.age");
  ASSERT_EQ(::mkfifo((folder.path() / "fifo.age").c_str(), 0600), 0);
  Reader reader({{"/mnt/data", folder.path().string()}});
  const std::pair<std::string, std::string> cases[] = {
      {"/mnt/data/out.age", "leads out"},
      {"/mnt/data/up.age", "leads out"},
      {"/mnt/data/../" + outside.path().filename().string() + "/secret", "leads out"},
      {outside.path().string() + "/secret", "no folder that this node shares"},
      {"/mnt/database/in.age", "no folder that this node shares"},
      {"/mnt/data/none.age", "No such file"},
      {"/mnt/data/folder.age", "no regular file"},
      {"/mnt/data/fifo.age", "no regular file"},
      {"/mnt/data/short.age", "not as large"},
  };
  for (const auto& [path, reason] : cases) {
    InputPlace place = place_at(path);
    place.kind = InputPlace::Kind::kPath;
    ASSERT_TRUE(reader.store.set({run_id(), {place}, {}, ""}));
    const auto got = reader.read(0, 1);
    ASSERT_FALSE(got) << path;
    EXPECT_NE(got.error().what.find(reason), std::string::npos) << got.error().what;
    EXPECT_TRUE(got.error().what.starts_with(path)) << got.error().what;
  }
}

}  // namespace
}  // namespace brume::node
