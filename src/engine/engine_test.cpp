#include "engine/engine.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "base/unique_fd.h"
#include "engine/command.h"
#include "engine/docker_daemon.h"
#include "image/oci_layout.h"
#include "tee/platform.h"

namespace brume::engine {
namespace {

namespace fs = std::filesystem;

Bytes test_node() {
  std::ifstream in(fs::read_symlink("/proc/self/exe").parent_path() / "engine_test_node", std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

// Something that listens where the nodes look for their master.
struct Master {
  Master() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd.get(), 64), 0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }
  UniqueFd fd;
  std::uint16_t port = 0;
};

// A platform that registers containers and starts no enclaves.
class NoEnclaves final : public tee::EnclaveMaker {
 public:
  Result<std::unique_ptr<tee::RunningEnclave>> start(const tee::EnclaveOrder&) override {
    return fail(ErrorCode::kUnsupported, "no enclaves here");
  }
  Bytes target_info() override { return {}; }
  Result<Bytes> quote(ByteView) override { return fail(ErrorCode::kUnsupported, "no quotes here"); }
};

class EngineTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    engine = make_engine(GetParam()).value();
    const Status available = engine->available();
    if (!available) GTEST_SKIP() << GetParam() << ": " << available.error().what;
    if (::geteuid() != 0) GTEST_SKIP() << "the platform needs root";
    std::string name = (fs::temp_directory_path() / "brume-eng-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    image::ImageFiles files;
    for (const char* path :
         {"dev", "etc", "proc", "run", "run/brume", "sys", "tmp", "var", "var/lib", "var/lib/brume"}) {
      files[path] = {image::FileKind::kDirectory, 0755, {}, ""};
    }
    for (const char* path : {"etc/hostname", "etc/hosts", "etc/resolv.conf"})
      files[path] = {image::FileKind::kRegular, 0644, {}, ""};
    files["brume-node"] = {image::FileKind::kRegular, 0755, test_node(), ""};
    ASSERT_GT(files["brume-node"].content.size(), 1000u) << "engine_test_node is not built";
    ASSERT_TRUE(image::write_oci_layout(folder / "image", files, {{"/brume-node"}, {}}));
    spec.cluster = "test-" + std::to_string(::getpid());
    spec.image_layout = folder / "image";
    spec.state_dir = folder / "state";
    spec.engine_dir = folder / "engine";
    spec.master_port = master.port;
    tee::PlatformOptions options;
    options.run_directory = (folder / "platform").string();
    options.maker = &no_enclaves;
    platform = tee::Platform::start(std::move(options)).value();
    platform_thread = std::thread([this] { platform->run(); });
    spec.platform_control = (folder / "platform" / tee::kControlSocketName).string();
  }
  void TearDown() override {
    if (folder.empty()) return;
    const Status stopped = engine->stop(spec);
    EXPECT_TRUE(stopped) << stopped.error().what;
    if (platform) {
      EXPECT_TRUE(registered().empty()) << "the platform still knows a node";
      platform->shutdown();
      platform_thread.join();
    }
    std::error_code error;
    fs::remove_all(folder, error);
    EXPECT_FALSE(error) << error.message();
  }
  std::vector<tee::ContainerInfo> registered() {
    return tee::PlatformAdmin::connect(spec.platform_control).value().list().value();
  }
  std::string wait_logs(const std::string& node, const std::string& text) {
    std::string seen;
    for (int i = 0; i < 100; ++i) {
      seen = engine->logs(spec, node).value_or("");
      if (seen.find(text) != std::string::npos) return seen;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return seen;
  }
  Result<NodeStatus> wait_ended(const std::string& node) {
    for (int i = 0; i < 100; ++i) {
      BRUME_ASSIGN(const auto all, engine->status(spec));
      for (const NodeStatus& one : all) {
        if (one.name == node && !one.running) return one;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return fail(ErrorCode::kState, "still runs");
  }

  std::unique_ptr<Engine> engine;
  fs::path folder;
  Master master;
  ClusterSpec spec;
  NoEnclaves no_enclaves;
  std::unique_ptr<tee::Platform> platform;
  std::thread platform_thread;
};

TEST_P(EngineTest, StartsNodesConfinedAndConnectedAndRemovesThem) {
  const std::vector<NodeSpec> nodes = {{"map-1", "mapper"}, {"map-2", "mapper"}, {"red-1", "reducer"}};
  const Status started = engine->start(spec, nodes);
  ASSERT_TRUE(started) << started.error().what;
  const auto all = engine->status(spec);
  ASSERT_TRUE(all) << all.error().what;
  ASSERT_EQ(all->size(), 3u);
  for (const NodeStatus& node : *all) {
    EXPECT_TRUE(node.running) << node.name;
    EXPECT_GT(node.pid, 1);
    EXPECT_TRUE(fs::exists("/proc/" + std::to_string(node.pid)));
    const auto known = registered();
    const auto found = std::ranges::find(known, spec.cluster + "." + node.name, &tee::ContainerInfo::label);
    ASSERT_NE(found, known.end());
    EXPECT_EQ(found->pid, node.pid);
    // Docker gives nobody time to look between create and start.
    EXPECT_EQ(found->pristine, std::string_view(GetParam()) != "docker");
    const std::string log = wait_logs(node.name, "ready");
    EXPECT_NE(log.find("argument " + node.name + "\n"), std::string::npos) << log;
    EXPECT_NE(log.find("scratch yes"), std::string::npos) << log;
    EXPECT_NE(log.find("root writable no"), std::string::npos) << log;
    EXPECT_NE(log.find("chown no"), std::string::npos) << log;
    EXPECT_NE(log.find("master yes"), std::string::npos) << log;
  }
  EXPECT_EQ(engine->pid_of(spec, "red-1"), (*all)[2].pid);
  EXPECT_EQ(engine->pid_of(spec, "red-2").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(engine->start(spec, {{"map-1", "mapper"}}).error().code, ErrorCode::kState) << "it runs";

  ASSERT_TRUE(engine->stop_node(spec, "map-1"));
  ASSERT_TRUE(engine->stop_node(spec, "map-1")) << "again is fine";
  EXPECT_EQ(engine->status(spec)->size(), 2u);
  ASSERT_TRUE(engine->start(spec, {{"map-3", "mapper"}})) << "one more later";
  EXPECT_EQ(engine->status(spec)->size(), 3u);

  ASSERT_TRUE(engine->stop(spec));
  ASSERT_TRUE(engine->stop(spec)) << "again is fine";
  for (const NodeStatus& node : *all) EXPECT_FALSE(fs::exists("/proc/" + std::to_string(node.pid)));
}

TEST_P(EngineTest, KnowsHowANodeEndedAndReplacesIt) {
  spec.extra_arguments = {"--fail"};
  ASSERT_TRUE(engine->start(spec, {{"one", "worker"}}));
  const auto ended = wait_ended("one");
  ASSERT_TRUE(ended) << ended.error().what;
  EXPECT_EQ(ended->exit_code, 42);
  EXPECT_EQ(ended->pid, 0);
  spec.extra_arguments = {};
  const Status replaced = engine->start(spec, {{"one", "worker"}});
  ASSERT_TRUE(replaced) << replaced.error().what;
  EXPECT_TRUE(engine->pid_of(spec, "one"));
}

TEST_P(EngineTest, TwoClustersOfOneImageLeaveEachOtherAlone) {
  ClusterSpec other = spec;
  other.cluster += "-b";
  other.state_dir = folder / "state-b";
  other.engine_dir = folder / "engine-b";
  const auto others = make_engine(GetParam()).value();
  ASSERT_TRUE(others->start(other, {{"one", "worker"}}));
  ASSERT_TRUE(engine->start(spec, {{"one", "worker"}}));
  const Status stopped = engine->stop(spec);
  EXPECT_TRUE(stopped) << stopped.error().what;
  EXPECT_TRUE(others->pid_of(other, "one"));
  const Status one_more = others->start(other, {{"two", "worker"}});
  EXPECT_TRUE(one_more) << one_more.error().what;
  const Status others_stopped = others->stop(other);
  EXPECT_TRUE(others_stopped) << others_stopped.error().what;
}

TEST_P(EngineTest, RefusesNamesThatAreNot) {
  EXPECT_EQ(engine->start(spec, {{"--privileged", "worker"}}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(engine->start(spec, {{"a/b", "worker"}}).error().code, ErrorCode::kUsage);
  EXPECT_EQ(engine->logs(spec, "../x").error().code, ErrorCode::kUsage);
  spec.cluster = "Not A Name";
  EXPECT_EQ(engine->start(spec, {{"a", "worker"}}).error().code, ErrorCode::kUsage);
  spec.cluster = "test-" + std::to_string(::getpid());
}

INSTANTIATE_TEST_SUITE_P(Every, EngineTest, ::testing::Values("podman", "docker", "process"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST(Engines, AreKnownByName) {
  EXPECT_TRUE(make_engine("podman"));
  EXPECT_TRUE(make_engine("docker"));
  EXPECT_TRUE(make_engine("process"));
  EXPECT_FALSE(make_engine("kubernetes"));
  EXPECT_TRUE(check_node_name("map-1"));
  for (const char* bad : {"", "-a", "A", "a b", "a.b", "a/b", "0123456789012345678901234567890123"}) {
    EXPECT_FALSE(check_node_name(bad)) << bad;
  }
}

TEST(Shares, AreCleanAbsoluteFolders) {
  for (const char* good : {"/mnt/data", "/a", "/mnt/with space", "/mnt/a=b"}) EXPECT_TRUE(check_share(good)) << good;
  for (const char* bad :
       {"", "/", "mnt", "/mnt/", "/mnt/../etc", "/mnt/./x", "//mnt", "/mnt:ro", "/mnt,ro", "/mnt\n", ".."})
    EXPECT_FALSE(check_share(bad)) << bad;
}

TEST(PrivateDocker, StoppingNoneIsFine) { EXPECT_TRUE(stop_private_docker("/nonexistent")); }

}  // namespace
}  // namespace brume::engine
