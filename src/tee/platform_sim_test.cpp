// The platform with its real processor behind it: from a spawned container to a quote.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>

#include "crypto/random.h"
#include "evidence/quote.h"
#include "measure/rootfs.h"
#include "tee/platform.h"
#include "tee/process_identity.h"
#include "tee/sim_maker.h"
#include "tee/testing/probe_enclave.h"
#include "tee/unix_socket.h"

namespace brume::tee {
namespace {

namespace fs = std::filesystem;

class PlatformSim : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "a platform needs root";
    const Bytes built = testing::probe_program();
    if (built.empty()) GTEST_SKIP() << "the test enclave is not built (BRUME_ENCLAVES)";
    std::string name = (fs::temp_directory_path() / "brume-sim-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    ::chmod(name.c_str(), 0755);
    abi::EnclaveConfig config;
    config.heap_size = 16u << 20;
    const auto program = measure::with_config(built, config);
    ASSERT_TRUE(program.has_value());
    make_image(*program, testing::sign_program(*program));
    measurement_ = measure::measure_enclave(*measure::lay_out_program(*program));
    start_platform();
  }
  void TearDown() override {
    if (platform_) platform_->shutdown();
    if (thread_.joinable()) thread_.join();
    platform_.reset();
    if (HasFailure()) std::cerr << log_;
    if (!directory_.empty()) fs::remove_all(directory_);
  }

  void make_image(ByteView program, ByteView sigstruct) const {
    const fs::path root = directory_ / "image";
    for (const char* name : {"enclave", "etc", "dev", "proc", "sys", "tmp", "run/brume", "var/lib/brume"})
      fs::create_directories(root / name);
    fs::copy_file(fs::read_symlink("/proc/self/exe").parent_path() / "platform_test_node", root / "brume-node");
    std::ofstream(root / "enclave/program", std::ios::binary) << as_chars(program);
    std::ofstream(root / "enclave/sigstruct", std::ios::binary) << as_chars(sigstruct);
    ::chmod((root / "brume-node").c_str(), 0755);
  }
  void start_platform() {
    const SimRoot root = SimRoot::create(random_, kNow);
    PlatformRequest request;
    request.now_ms = kNow;
    auto keys = root.issue_platform(random_, request);
    ASSERT_TRUE(keys.has_value()) << keys.error().what;
    pck_ = keys->pck_key.public_key();
    maker_ = make_sim_maker(*std::move(keys), random_);
    PlatformOptions options;
    options.run_directory = (directory_ / "run").string();
    options.maker = maker_.get();
    options.log = [this](std::string_view line) { log_ += std::string(line) + "\n"; };
    auto platform = Platform::start(std::move(options));
    ASSERT_TRUE(platform.has_value()) << platform.error().what;
    platform_ = *std::move(platform);
    thread_ = std::thread([this] { platform_->run(); });
    auto admin = PlatformAdmin::connect((directory_ / "run/control.sock").string());
    ASSERT_TRUE(admin.has_value()) << admin.error().what;
    admin_.emplace(*std::move(admin));
  }

  struct Node {
    PlatformAdmin::ProcessNode process;
    UniqueFd output;
    std::string line() const {
      std::string text;
      for (char c = 0;;) {
        pollfd item{output.get(), POLLIN, 0};
        if (::poll(&item, 1, 20'000) != 1 || ::read(output.get(), &c, 1) != 1 || c == '\n') return text;
        text.push_back(c);
      }
    }
  };
  Node spawn(std::vector<std::string> actions, std::vector<std::string> cgroups = {}) {
    int out[2];
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    Node node;
    node.output.reset(out[0]);
    const UniqueFd write_end(out[1]);
    ProcessNodeRequest request;
    request.label = "n";
    request.rootfs = (directory_ / "image").string();
    request.arguments = std::move(actions);
    request.arguments.insert(request.arguments.begin(), "/brume-node");
    request.cgroups = std::move(cgroups);
    request.output_fd = write_end.get();
    auto spawned = admin_->spawn_process_node(request);
    EXPECT_TRUE(spawned.has_value()) << spawned.error().what;
    if (spawned) node.process = *std::move(spawned);
    return node;
  }

  static constexpr UnixMs kNow = 1'790'000'000'000;
  crypto::SystemRandom random_;
  std::optional<crypto::EcPublicKey> pck_;
  fs::path directory_;
  Measurement measurement_;
  std::string log_;
  std::unique_ptr<EnclaveMaker> maker_;
  std::unique_ptr<Platform> platform_;
  std::thread thread_;
  std::optional<PlatformAdmin> admin_;
};

TEST_F(PlatformSim, QuotesAnEnclaveOfAMeasuredContainer) {
  const Node node = spawn({"launch", "report", "sleep"});
  ASSERT_TRUE(node.line().starts_with("launched"));
  const auto bytes = from_hex(node.line());
  ASSERT_TRUE(bytes.has_value());
  const auto quote = evidence::parse_quote(*bytes);
  ASSERT_TRUE(quote.has_value()) << quote.error().what;
  EXPECT_EQ(quote->sgx_report()->mr_enclave, measurement_);
  EXPECT_EQ(quote->sgx_report()->mr_signer, measure::signer_id(testing::test_signer().modulus_le()));
  EXPECT_EQ(quote->sgx_report()->report_data.bytes[0], 0x5A);
  EXPECT_FALSE(quote->sgx_report()->debug());
  EXPECT_TRUE(pck_->verify_raw(quote->auth.qe_report_bytes, quote->auth.qe_report_signature));
  const UniqueFd root(::open((directory_ / "image").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto measured = measure::measure_rootfs(root.get());
  EXPECT_TRUE(equal(ByteView(quote->sgx_report()->config_id).first(32), measured->digest.view()));
  const auto protections = evidence::protections_from(quote->sgx_report()->cpu_svn);
  ASSERT_TRUE(protections.has_value());
  EXPECT_EQ(*protections, evidence::kAllProtections) << evidence::protection_list(*protections);
}

TEST_F(PlatformSim, TheDebugAttributeStandsInTheQuote) {
  const Node node = spawn({"debug", "report", "sleep"});
  ASSERT_TRUE(node.line().starts_with("launched"));
  const auto bytes = from_hex(node.line());
  ASSERT_TRUE(bytes.has_value());
  EXPECT_TRUE(evidence::parse_quote(*bytes)->sgx_report()->debug());
}

TEST_F(PlatformSim, PlainModeRunsAndHasNothingToQuote) {
  const Node node = spawn({"plain", "sleep"});
  EXPECT_TRUE(node.line().starts_with("launched"));
}

TEST_F(PlatformSim, RefusesAProgramThatWasNotSigned) {
  std::fstream program(directory_ / "image/enclave/program", std::ios::binary | std::ios::in | std::ios::out);
  program.seekp(0x2000);
  program.put(static_cast<char>(0xFF));
  program.close();
  const Node node = spawn({"launch", "sleep"});
  EXPECT_TRUE(node.line().starts_with("refused")) << node.line();
}

TEST_F(PlatformSim, TheEnclaveLivesInItsContainersCgroupAndEndsWithIt) {
  const std::string cgroup = "/sys/fs/cgroup/pids/brume-test-" + std::to_string(::getpid());
  if (::mkdir(cgroup.c_str(), 0755) != 0) GTEST_SKIP() << "no pids hierarchy of cgroups v1 at /sys/fs/cgroup/pids";
  {
    const Node node = spawn({"launch", "sleep"}, {cgroup});
    ASSERT_TRUE(node.line().starts_with("launched"));
    const auto members = read_proc_file(cgroup + "/cgroup.procs", 4096);
    ASSERT_TRUE(members.has_value());
    EXPECT_EQ(std::ranges::count(*members, '\n'), 2);
    EXPECT_EQ((*admin_->list())[0].enclave_count, 1u);
    EXPECT_TRUE(admin_->stop("n").has_value());
    EXPECT_FALSE(is_alive(node.process.pidfd));
    EXPECT_EQ(*read_proc_file(cgroup + "/cgroup.procs", 4096), "");
  }
  EXPECT_EQ(::rmdir(cgroup.c_str()), 0);
}

}  // namespace
}  // namespace brume::tee
