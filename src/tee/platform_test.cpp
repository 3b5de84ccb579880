#include "tee/platform.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "evidence/protections.h"
#include "measure/rootfs.h"
#include "tee/process_container.h"
#include "tee/unix_socket.h"

namespace brume::tee {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

// An enclave in name only: a child that does nothing. What the platform decides does not depend on it.
class FakeEnclave final : public RunningEnclave {
 public:
  FakeEnclave(pid_t pid, UniqueFd pidfd, std::uint32_t protections)
      : pid_(pid), pidfd_(std::move(pidfd)), ring_(::memfd_create("ring", MFD_CLOEXEC)), protections_(protections) {}
  ~FakeEnclave() override {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  int ring_fd() const override { return ring_.get(); }
  int pidfd() const override { return pidfd_.get(); }
  std::uint32_t protections() const override { return protections_ | 1; }
  Measurement measurement() const override { return {}; }
  SignerId signer() const override { return {}; }

 private:
  pid_t pid_;
  UniqueFd pidfd_;
  UniqueFd ring_;
  std::uint32_t protections_;
};

class FakeMaker final : public EnclaveMaker {
 public:
  struct Order {
    std::string program;
    ImageDigest image;
    LaunchMode mode;
    bool debug;
    std::uint32_t protections;
    pid_t pid;
  };
  Result<std::unique_ptr<RunningEnclave>> start(const EnclaveOrder& order) override {
    clone_args how{};
    int pidfd = -1;
    how.flags = CLONE_PIDFD;
    how.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    how.exit_signal = SIGCHLD;
    const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &how, sizeof how));
    if (pid == 0) {
      for (;;) ::pause();
    }
    const std::lock_guard lock(mutex_);
    orders_.push_back(
        {std::string(as_chars(order.program)), order.image, order.mode, order.debug, order.protections, pid});
    auto enclave = std::make_unique<FakeEnclave>(pid, UniqueFd(pidfd), order.protections);
    BRUME_TRY(order.enter_cgroups(pid));
    return enclave;
  }
  Bytes target_info() override { return Bytes(kTargetInfoSize, 1); }
  Result<Bytes> quote(ByteView report) override { return to_bytes(report.first(100)); }

  std::vector<Order> orders() {
    const std::lock_guard lock(mutex_);
    return orders_;
  }

 private:
  std::mutex mutex_;
  std::vector<Order> orders_;
};

// What an engine would start: a root, mounts as an engine makes them, all capabilities, and a
// program that waits to be started until start() is called.
class EngineContainer {
 public:
  EngineContainer(std::string root, std::string sockets, std::vector<std::string> arguments, bool own_pids = true)
      : root_(std::move(root)), sockets_(std::move(sockets)), arguments_(std::move(arguments)) {
    int out[2];
    int gate[2];
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(gate, O_CLOEXEC), 0);
    output_.reset(out[0]);
    gate_.reset(gate[1]);
    UniqueFd output_end(out[1]);
    UniqueFd gate_end(gate[0]);
    clone_args how{};
    how.flags = CLONE_NEWNS | (own_pids ? CLONE_NEWPID : 0u);
    how.exit_signal = SIGCHLD;
    pid_ = static_cast<pid_t>(::syscall(SYS_clone3, &how, sizeof how));
    if (pid_ == 0) child(output_end.get(), gate_end.get());
    output_end.reset();
    EXPECT_EQ(line(), "ready");
  }
  ~EngineContainer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_t pid() const { return pid_; }
  void start() const { EXPECT_EQ(::write(gate_.get(), "g", 1), 1); }
  void kill() const { ::kill(pid_, SIGKILL); }

  // The next line the program says; empty after ten seconds or at its end.
  std::string line() {
    std::string text;
    for (char c = 0;;) {
      pollfd item{output_.get(), POLLIN, 0};
      if (::poll(&item, 1, 10'000) != 1 || ::read(output_.get(), &c, 1) != 1 || c == '\n') return text;
      text.push_back(c);
    }
  }

 private:
  [[noreturn]] void child(int output, int gate) {
    const auto need = [output](bool done, const char* what) {
      if (done) return;
      ::dprintf(output, "%s: %s\n", what, strerrordesc_np(errno));
      ::_exit(1);
    };
    need(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "private");
    need(::mount(root_.c_str(), root_.c_str(), nullptr, MS_BIND, nullptr) == 0, "bind");
    need(::chdir(root_.c_str()) == 0, "chdir");
    need(::mount("proc", "proc", "proc", 0, nullptr) == 0, "proc");
    need(::mount("tmpfs", "tmp", "tmpfs", 0, nullptr) == 0, "tmp");
    need(::mount(sockets_.c_str(), "run/brume", nullptr, MS_BIND, nullptr) == 0, "sockets");
    need(::syscall(SYS_pivot_root, ".", ".") == 0 && ::umount2(".", MNT_DETACH) == 0, "pivot");
    ::dprintf(output, "ready\n");
    char go = 0;
    if (::read(gate, &go, 1) != 1) ::_exit(1);
    ::dup2(output, 1);
    std::vector<char*> argv;
    for (std::string& argument : arguments_) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    need(false, "exec");
    ::_exit(1);
  }

  std::string root_;
  std::string sockets_;
  std::vector<std::string> arguments_;
  UniqueFd output_;
  UniqueFd gate_;
  pid_t pid_ = -1;
};

class PlatformTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "a platform needs root";
    std::string name = (fs::temp_directory_path() / "brume-platform-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    ::chmod(name.c_str(), 0755);
    make_image(directory_ / "image");
    PlatformOptions options;
    options.run_directory = (directory_ / "run").string();
    options.maker = &maker_;
    options.registration_wait_ms = 500;
    options.log = [this](std::string_view line) { log_ += std::string(line) + "\n"; };
    auto platform = Platform::start(std::move(options));
    ASSERT_TRUE(platform.has_value()) << platform.error().what;
    platform_ = *std::move(platform);
    thread_ = std::thread([this] { platform_->run(); });
    auto admin = PlatformAdmin::connect((directory_ / "run/control.sock").string());
    ASSERT_TRUE(admin.has_value()) << admin.error().what;
    admin_.emplace(*std::move(admin));
  }
  void TearDown() override {
    if (platform_) platform_->shutdown();
    if (thread_.joinable()) thread_.join();
    platform_.reset();
    if (HasFailure()) std::cerr << log_;
    if (!directory_.empty()) fs::remove_all(directory_);
  }

  static void make_image(const fs::path& root) {
    for (const char* name : {"enclave", "etc", "dev", "proc", "sys", "tmp", "run/brume", "var/lib/brume"})
      fs::create_directories(root / name);
    fs::copy_file(fs::read_symlink("/proc/self/exe").parent_path() / "platform_test_node", root / "brume-node");
    std::ofstream(root / "enclave/program") << "program";
    std::ofstream(root / "enclave/sigstruct") << "sigstruct";
    ::chmod((root / "brume-node").c_str(), 0755);
  }
  ImageDigest digest_of(const fs::path& root) {
    const UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    auto measured = measure::measure_rootfs(fd.get());
    EXPECT_TRUE(measured.has_value()) << measured.error().what;
    return measured ? measured->digest : ImageDigest{};
  }
  std::string image(const char* name = "image") const { return (directory_ / name).string(); }
  std::string prepare(const char* label) {
    auto sockets = admin_->prepare_container(label);
    EXPECT_TRUE(sockets.has_value()) << sockets.error().what;
    return sockets.value_or("");
  }
  // An engine's container that registers and starts in order; gives the program's first line.
  std::string outcome(std::vector<std::string> actions, ContainerStage stage = ContainerStage::kCreated,
                      bool own_pids = true) {
    actions.insert(actions.begin(), "/brume-node");
    EngineContainer container(image(), prepare("c"), std::move(actions), own_pids);
    if (stage == ContainerStage::kCreated) {
      const auto registered = admin_->register_container("c", container.pid(), stage);
      EXPECT_TRUE(registered.has_value()) << registered.error().what;
      container.start();
    } else {
      container.start();
      const auto registered = admin_->register_container("c", container.pid(), stage);
      EXPECT_TRUE(registered.has_value()) << registered.error().what;
    }
    std::string line = container.line();
    EXPECT_TRUE(admin_->stop("c").has_value());
    return line;
  }
  static std::uint32_t bit(std::string_view name) { return 1u << *evidence::protection_index(name); }

  fs::path directory_;
  FakeMaker maker_;
  std::string log_;
  std::unique_ptr<Platform> platform_;
  std::thread thread_;
  std::optional<PlatformAdmin> admin_;
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

TEST_F(PlatformTest, LaunchesFromTheMeasuredBytesOfARegisteredContainer) {
  const std::string line = outcome({"launch"});
  ASSERT_EQ(maker_.orders().size(), 1u) << line;
  const auto order = maker_.orders()[0];
  EXPECT_EQ(order.program, "program");
  EXPECT_EQ(order.image, digest_of(image()));
  EXPECT_FALSE(order.debug);
  EXPECT_EQ(order.protections, bit("peer-pidfd") | bit("image-measured") | bit("root-registered"));
  EXPECT_EQ(line, "launched " + std::to_string(order.protections | 1) + " " + order.image.hex());
}

TEST_F(PlatformTest, SaysWhereAContainerWasRegisteredOnlyAfterItsStart) {
  EXPECT_TRUE(contains(outcome({"launch"}, ContainerStage::kStarted), "launched"));
  EXPECT_EQ(maker_.orders()[0].protections & bit("root-registered"), 0u);
}

TEST_F(PlatformTest, PassesOnDebugAndPlain) {
  EXPECT_TRUE(contains(outcome({"debug"}), "launched"));
  EXPECT_TRUE(maker_.orders()[0].debug);
  EXPECT_TRUE(contains(outcome({"plain"}), "launched"));
  EXPECT_EQ(maker_.orders()[1].mode, LaunchMode::kPlain);
  EXPECT_EQ(maker_.orders()[1].image, ImageDigest{});
  EXPECT_EQ(maker_.orders()[1].protections, 0u);
}

TEST_F(PlatformTest, ATamperedImageHasAnotherDigest) {
  const ImageDigest good = digest_of(image());
  std::ofstream(directory_ / "image/enclave/extra") << "";
  EXPECT_TRUE(contains(outcome({"launch"}), "launched"));
  EXPECT_NE(maker_.orders()[0].image, good);
}

TEST_F(PlatformTest, RefusesWhoChangedItsRootToAPristineCopy) {
  make_image(directory_ / "image/copy");
  EXPECT_TRUE(contains(outcome({"chroot", "/copy", "exec", "/brume-node", "launch"}), "root directory is another"));
  EXPECT_TRUE(contains(outcome({"pivot", "/copy", "exec", "/brume-node", "launch"}), "mount namespace is another"));
  EXPECT_TRUE(maker_.orders().empty());
}

TEST_F(PlatformTest, RefusesANewUserNamespace) {
  EXPECT_TRUE(contains(outcome({"new-user", "launch"}), "user namespace is another"));
}

TEST_F(PlatformTest, RefusesASocketThatWasHandedOn) {
  EXPECT_TRUE(contains(outcome({"hand-on"}), "sender is not the process that connected"));
  EXPECT_TRUE(maker_.orders().empty());
}

TEST_F(PlatformTest, RefusesOnceTheContainersFirstProcessHasEnded) {
  const std::string line = outcome({"outlive"}, ContainerStage::kCreated, false);
  EXPECT_FALSE(contains(line, "launched")) << line;
  EXPECT_TRUE(maker_.orders().empty());
}

TEST_F(PlatformTest, RefusesAProgramThatIsNotTheImagesNode) {
  fs::copy_file(directory_ / "image/brume-node", directory_ / "image/other");
  EXPECT_TRUE(contains(outcome({"exec", "/other", "launch"}), "does not run the image's /brume-node"));
}

TEST_F(PlatformTest, RefusesMountsOverTheImage) {
  EXPECT_TRUE(contains(outcome({"cover", "/enclave", "launch"}), "mount over the image"));
  EXPECT_TRUE(contains(outcome({"cover-file", "/enclave/program", "launch"}), "mount over the image"));
  EXPECT_TRUE(maker_.orders().empty());
}

TEST_F(PlatformTest, RefusesAnImageThatChangedAfterItsRegistration) {
  EXPECT_TRUE(contains(outcome({"write", "/enclave/program", "launch"}), "changed since the container was registered"));
}

TEST_F(PlatformTest, RegisteringAgainChangesNothing) {
  EngineContainer container(image(), prepare("c"), {"/brume-node", "sleep"});
  EXPECT_EQ(admin_->register_container("c", container.pid(), ContainerStage::kCreated), true);
  container.start();
  EXPECT_EQ(admin_->register_container("c", container.pid(), ContainerStage::kStarted), true);
  EngineContainer other(image(), (directory_ / "run/containers/c").string(), {"/brume-node", "sleep"});
  EXPECT_FALSE(admin_->register_container("c", other.pid(), ContainerStage::kCreated).has_value());
}

TEST_F(PlatformTest, RefusesACreatedContainerThatRunsAlready) {
  EngineContainer container(image(), prepare("c"), {"/brume-node", "status", "sleep"});
  container.start();
  EXPECT_FALSE(container.line().empty());
  const auto registered = admin_->register_container("c", container.pid(), ContainerStage::kCreated);
  ASSERT_FALSE(registered.has_value());
  EXPECT_TRUE(contains(registered.error().what, "runs a program of its own"));
}

TEST_F(PlatformTest, AnEarlyNodeWaitsAndAnUnknownOneIsRefused) {
  {
    EngineContainer early(image(), prepare("early"), {"/brume-node", "launch"});
    early.start();
    std::this_thread::sleep_for(milliseconds(150));
    EXPECT_TRUE(admin_->register_container("early", early.pid(), ContainerStage::kStarted).has_value());
    EXPECT_TRUE(contains(early.line(), "launched"));
  }
  EngineContainer unknown(image(), prepare("unknown"), {"/brume-node", "launch"});
  unknown.start();
  EXPECT_TRUE(contains(unknown.line(), "not registered"));
}

TEST_F(PlatformTest, RefusesANodeOfAnotherContainer) {
  const std::string sockets = prepare("good");
  EngineContainer good(image(), sockets, {"/brume-node", "sleep"});
  ASSERT_TRUE(admin_->register_container("good", good.pid(), ContainerStage::kCreated).has_value());
  EngineContainer other(image(), sockets, {"/brume-node", "launch"});
  other.start();
  EXPECT_TRUE(contains(other.line(), "is another"));
}

TEST_F(PlatformTest, RefusesToTakeTheHostForAContainer) {
  EXPECT_FALSE(admin_->register_container("host", ::getpid(), ContainerStage::kStarted).has_value());
  EXPECT_TRUE(admin_->list()->empty());
}

TEST_F(PlatformTest, AnEnclaveEndsWithItsContainer) {
  EngineContainer container(image(), prepare("c"), {"/brume-node", "launch", "sleep"});
  ASSERT_TRUE(admin_->register_container("c", container.pid(), ContainerStage::kCreated).has_value());
  container.start();
  ASSERT_TRUE(contains(container.line(), "launched"));
  const auto pidfd = open_pidfd(maker_.orders()[0].pid);
  ASSERT_TRUE(pidfd.has_value());
  EXPECT_EQ((*admin_->list())[0].enclave_count, 1u);
  container.kill();
  pollfd item{pidfd->get(), POLLIN, 0};
  EXPECT_EQ(::poll(&item, 1, 5000), 1);
}

TEST_F(PlatformTest, StoppingALabelEndsItsEnclave) {
  EngineContainer container(image(), prepare("c"), {"/brume-node", "launch", "sleep"});
  ASSERT_TRUE(admin_->register_container("c", container.pid(), ContainerStage::kCreated).has_value());
  container.start();
  ASSERT_TRUE(contains(container.line(), "launched"));
  const auto pidfd = open_pidfd(maker_.orders()[0].pid);
  EXPECT_TRUE(admin_->stop("c").has_value());
  EXPECT_FALSE(is_alive(*pidfd));
  EXPECT_TRUE(admin_->list()->empty());
  EXPECT_FALSE(admin_->stop("c").has_value());
}

TEST_F(PlatformTest, LimitsHowOftenAContainerMayLaunch) {
  const std::string line = outcome({"flood"});
  EXPECT_EQ(line, "flood 8 12");
}

TEST_F(PlatformTest, QuotesOnlyForNodesWithAnEnclave) {
  EngineContainer container(image(), prepare("c"), {"/brume-node", "launch", "quote"});
  ASSERT_TRUE(admin_->register_container("c", container.pid(), ContainerStage::kCreated).has_value());
  container.start();
  ASSERT_TRUE(contains(container.line(), "launched"));
  EXPECT_EQ(container.line(), "quote 512 100");
  // From outside of every container.
  auto session = PlatformSession::connect((directory_ / "run/containers/c/platform.sock").string());
  ASSERT_TRUE(session.has_value());
  EXPECT_FALSE(session->quote(Bytes(kReportSize)).has_value());
  EXPECT_FALSE(session->launch(LaunchMode::kSgxSim).has_value());
}

TEST_F(PlatformTest, ANodeMayNotSpeakTheAdministratorsPart) {
  prepare("c");
  auto admin = PlatformAdmin::connect((directory_ / "run/containers/c/platform.sock").string());
  ASSERT_TRUE(admin.has_value());
  EXPECT_FALSE(admin->list().has_value());
  EXPECT_FALSE(admin->shutdown().has_value());
}

// Containers that the platform makes itself.
class ProcessNodes : public PlatformTest {
 protected:
  // Spawns and gives the lines that it says until it ends.
  std::string spawn(std::vector<std::string> actions, std::vector<BindMount> binds = {}) {
    int out[2];
    EXPECT_EQ(::pipe2(out, O_CLOEXEC), 0);
    const UniqueFd read_end(out[0]);
    UniqueFd write_end(out[1]);
    ProcessNodeRequest request;
    request.label = "p";
    request.rootfs = image();
    request.arguments = std::move(actions);
    request.arguments.insert(request.arguments.begin(), "/brume-node");
    request.binds = std::move(binds);
    request.output_fd = write_end.get();
    auto node = admin_->spawn_process_node(request);
    if (!node) return "not spawned: " + node.error().what;
    write_end.reset();
    std::string text;
    char piece[512];
    for (ssize_t got = 0; (got = ::read(read_end.get(), piece, sizeof piece)) > 0;)
      text.append(piece, static_cast<std::size_t>(got));
    return text;
  }
};

TEST_F(ProcessNodes, LaunchWithEveryProtectionThePlatformVouchesFor) {
  const std::string text = spawn({"launch", "quote"});
  ASSERT_EQ(maker_.orders().size(), 1u) << text;
  EXPECT_EQ(maker_.orders()[0].image, digest_of(image()));
  EXPECT_EQ(maker_.orders()[0].protections, bit("peer-pidfd") | bit("image-measured") | bit("root-registered"));
  EXPECT_TRUE(contains(text, "quote 512 100"));
}

TEST_F(ProcessNodes, HaveNoPrivilegesAndSeeNothingOfTheHost) {
  const std::string text = spawn({"status"});
  EXPECT_TRUE(contains(text, "CapEff:\t0000000000000000")) << text;
  EXPECT_TRUE(contains(text, "CapBnd:\t0000000000000000"));
  EXPECT_TRUE(contains(text, "NoNewPrivs:\t1"));
  EXPECT_TRUE(contains(text, "Uid:\t65534"));
  EXPECT_TRUE(contains(text, "pid 1 write no old root no"));
}

TEST_F(ProcessNodes, SeeTheirBindsAndRefuseBindsOverTheImage) {
  fs::create_directory(directory_ / "scratch");
  ASSERT_EQ(::chown((directory_ / "scratch").c_str(), 65534, 65534), 0);
  const std::string scratch = (directory_ / "scratch").string();
  EXPECT_TRUE(
      contains(spawn({"write", "/var/lib/brume/x", "launch"}, {{scratch, "/var/lib/brume", true}}), "launched"));
  EXPECT_TRUE(fs::exists(directory_ / "scratch/x"));
  ASSERT_TRUE(admin_->stop("p").has_value());
  for (const char* target : {"/enclave", "/run/brume", "/proc", "/tmp/../enclave", "/dev"})
    EXPECT_TRUE(contains(spawn({"launch"}, {{scratch, target, false}}), "not spawned")) << target;
  EXPECT_TRUE(admin_->list()->empty());
}

TEST_F(ProcessNodes, SeeSharedFoldersBelowRunAndCannotWriteThere) {
  fs::create_directory(directory_ / "share");
  fs::permissions(directory_ / "share", fs::perms::all);
  const std::string share = (directory_ / "share").string();
  const std::vector<BindMount> binds = {{share, "/run/share/0", false}, {share, "/run/share/1", false}};
  const std::string text = spawn({"launch", "quote"}, binds);
  EXPECT_TRUE(contains(text, "quote 512 100")) << text;
  ASSERT_EQ(maker_.orders().size(), 1u);
  EXPECT_EQ(maker_.orders()[0].image, digest_of(image()));  // the share counts for nothing
  ASSERT_TRUE(admin_->stop("p").has_value());
  spawn({"write", "/run/share/1/x"}, binds);
  EXPECT_FALSE(fs::exists(directory_ / "share/x"));
  ASSERT_TRUE(admin_->stop("p").has_value());
  // One bind in another: its folders would be made in somebody else's.
  EXPECT_TRUE(
      contains(spawn({"launch"}, {{share, "/run/share", false}, {share, "/run/share/0", false}}), "not spawned"));
  EXPECT_FALSE(fs::exists(directory_ / "share/0"));
}

TEST_F(ProcessNodes, AnImageCannotPointAMountElsewhere) {
  fs::remove(directory_ / "image/tmp");
  fs::create_directory_symlink("/enclave", directory_ / "image/tmp");
  EXPECT_TRUE(contains(spawn({"launch"}), "not spawned"));
}

TEST_F(ProcessNodes, AreListedStoppedAndTheirExitIsKnown) {
  ProcessNodeRequest request;
  request.label = "p";
  request.rootfs = image();
  request.arguments = {"/brume-node", "launch", "sleep"};
  auto node = admin_->spawn_process_node(request);
  ASSERT_TRUE(node.has_value()) << node.error().what;
  EXPECT_TRUE(is_alive(node->pidfd));
  const auto listed = admin_->list();
  ASSERT_TRUE(listed.has_value());
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_TRUE((*listed)[0].alive && (*listed)[0].spawned && (*listed)[0].pristine);
  EXPECT_EQ((*listed)[0].image, digest_of(image()));
  EXPECT_FALSE(admin_->spawn_process_node(request).has_value());
  EXPECT_TRUE(admin_->stop("p").has_value());
  EXPECT_FALSE(is_alive(node->pidfd));

  request.arguments = {"/brume-node", "exec", "/nothing"};
  node = admin_->spawn_process_node(request);
  ASSERT_TRUE(node.has_value()) << node.error().what;
  pollfd item{node->pidfd.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&item, 1, 5000), 1);
  for (int i = 0; i < 100 && (*admin_->list())[0].alive; ++i) std::this_thread::sleep_for(milliseconds(10));
  EXPECT_EQ((*admin_->list())[0].exit_status, 1 << 8);
}

TEST_F(ProcessNodes, AProgramThatIsNotThereIsSaidAtOnce) {
  ProcessNodeRequest request;
  request.label = "p";
  request.rootfs = image();
  request.arguments = {"/missing"};
  const auto node = admin_->spawn_process_node(request);
  ASSERT_FALSE(node.has_value());
  EXPECT_TRUE(contains(node.error().what, "execute the program"));
  EXPECT_TRUE(admin_->list()->empty());
}

TEST_F(ProcessNodes, EndWithThePlatform) {
  ProcessNodeRequest request;
  request.label = "p";
  request.rootfs = image();
  request.arguments = {"/brume-node", "sleep"};
  auto node = admin_->spawn_process_node(request);
  ASSERT_TRUE(node.has_value()) << node.error().what;
  EXPECT_TRUE(admin_->shutdown().has_value());
  thread_.join();
  EXPECT_FALSE(is_alive(node->pidfd));
}

}  // namespace
}  // namespace brume::tee
