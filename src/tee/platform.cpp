#include "tee/platform.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <list>
#include <map>
#include <system_error>

#include "tee/container_service.h"
#include "tee/platform_protocol.h"
#include "tee/process_container.h"

namespace brume::tee {
namespace {

constexpr std::size_t kAdminCountLimit = 16;

Status make_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return fail(ErrorCode::kIo, path + ": " + strerrordesc_np(errno));
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != ::geteuid())
    return fail(ErrorCode::kIo, path + ": not a directory of this user");
  if (::chmod(path.c_str(), 0700) != 0) return fail(ErrorCode::kIo, path + ": " + strerrordesc_np(errno));
  return {};
}

// One thread for all children: they are tied to the life of the thread that makes them.
class Spawner {
 public:
  void start() {
    thread_ = std::thread([this] { loop(); });
  }
  ~Spawner() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Result<WaitingContainer> spawn(const ProcessNodeRequest& request, const std::string& directory, int output_fd) {
    std::packaged_task<Result<WaitingContainer>()> task(
        [&] { return WaitingContainer::start(request, directory, output_fd); });
    auto outcome = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(&task);
    }
    changed_.notify_all();
    return outcome.get();
  }

 private:
  void loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stop_ || !tasks_.empty(); });
      if (stop_) return;
      auto* task = tasks_.front();
      tasks_.pop_front();
      lock.unlock();
      (*task)();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<std::packaged_task<Result<WaitingContainer>()>*> tasks_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace

struct Platform::State {
  PlatformOptions options;
  UniqueFd listener;
  UniqueFd stop_event;
  Spawner spawner;
  std::mutex log_mutex;
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<ContainerService>, std::less<>> containers;
  struct AdminThread {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> done;
  };
  std::list<AdminThread> admins;  // run() only

  void log(std::string_view line) {
    const std::lock_guard lock(log_mutex);
    if (options.log) options.log(line);
  }
  bool stopping() const {
    pollfd item{stop_event.get(), POLLIN, 0};
    return ::poll(&item, 1, 0) == 1;
  }
  void request_stop() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(stop_event.get(), &one, sizeof one);
  }

  Result<std::shared_ptr<ContainerService>> add(const std::string& label) {
    const std::lock_guard lock(mutex);
    if (containers.contains(label)) return fail(ErrorCode::kState, "label " + label + " is taken");
    if (containers.size() >= kContainerCountLimit) return fail(ErrorCode::kLimit, "too many containers");
    auto container = std::make_shared<Container>(label, options.run_directory + "/containers/" + label);
    BRUME_ASSIGN(auto service, ContainerService::start(std::move(container), options.maker,
                                                       std::chrono::milliseconds(options.registration_wait_ms),
                                                       [this](const std::string& line) { log(line); }));
    return containers[label] = std::move(service);
  }
  Result<std::shared_ptr<ContainerService>> find(const std::string& label) {
    const std::lock_guard lock(mutex);
    const auto found = containers.find(label);
    if (found == containers.end()) return fail(ErrorCode::kNotFound, "no container has the label " + label);
    return found->second;
  }
  // Ends it, on this thread, where nobody else holds it.
  bool remove(const std::string& label) {
    std::shared_ptr<ContainerService> service;
    {
      const std::lock_guard lock(mutex);
      const auto found = containers.find(label);
      if (found == containers.end()) return false;
      service = std::move(found->second);
      containers.erase(found);
    }
    return true;
  }

  void serve_admin(UniqueFd connection);
  Result<AnswerBody> handle(const Request& request, const UnixMessage& message, UniqueFd& passed);
  Result<AnswerBody> register_container(const RegisterRequest& request);
  Result<AnswerBody> spawn(const SpawnRequest& request, int output_fd, UniqueFd& pidfd);
  Result<SpawnAnswer> spawn_prepared(ContainerService& service, const SpawnRequest& request, int output_fd,
                                     UniqueFd& pidfd);
  Result<AnswerBody> list();
  void accept_admin();
  void join_admins(bool all);
};

Result<AnswerBody> Platform::State::register_container(const RegisterRequest& request) {
  auto service = find(request.label);
  const bool was_prepared = service.has_value();
  if (!was_prepared) service = add(request.label);
  if (!service) return std::unexpected(service.error());
  // An engine may come after an OCI runtime that has registered the container already.
  if (const ContainerInfo known = (*service)->container().info(); known.alive && known.pid == request.pid)
    return RegisterAnswer{known.pristine};
  auto registration = register_process(request.pid, request.stage);
  const Status done = registration ? (*service)->set(*std::move(registration), false)
                                   : Status(std::unexpected(std::move(registration.error())));
  if (!done) {
    service->reset();
    if (!was_prepared) remove(request.label);
    return std::unexpected(done.error());
  }
  const ContainerInfo info = (*service)->container().info();
  log(request.label + ": registered, pid " + std::to_string(request.pid) +
      (info.pristine ? ", image " + info.image.hex() : ", started before it was registered"));
  return RegisterAnswer{info.pristine};
}

Result<SpawnAnswer> Platform::State::spawn_prepared(ContainerService& service, const SpawnRequest& request,
                                                    int output_fd, UniqueFd& pidfd) {
  BRUME_ASSIGN(WaitingContainer waiting, spawner.spawn(request.node, service.container().directory(), output_fd));
  for (const std::string& cgroup : request.node.cgroups) BRUME_TRY(enter_cgroup(cgroup, waiting.pid()));
  BRUME_ASSIGN(Registration registration, register_process(waiting.pid(), ContainerStage::kCreated));
  const pid_t pid = waiting.pid();
  pidfd.reset(::fcntl(registration.init.get(), F_DUPFD_CLOEXEC, 3));
  BRUME_TRY(service.set(std::move(registration), true));
  BRUME_ASSIGN([[maybe_unused]] const UniqueFd released, waiting.release());
  return SpawnAnswer{pid};
}

Result<AnswerBody> Platform::State::spawn(const SpawnRequest& request, int output_fd, UniqueFd& pidfd) {
  BRUME_ASSIGN(auto service, add(request.node.label));
  auto spawned = spawn_prepared(*service, request, output_fd, pidfd);
  if (!spawned) {
    service.reset();
    remove(request.node.label);
    return std::unexpected(spawned.error());
  }
  log(request.node.label + ": spawned, pid " + std::to_string(spawned->pid) + ", image " +
      service->container().info().image.hex());
  return *spawned;
}

Result<AnswerBody> Platform::State::list() {
  const std::lock_guard lock(mutex);
  ListAnswer out;
  for (const auto& [label, service] : containers) out.containers.push_back(service->container().info());
  return out;
}

Result<AnswerBody> Platform::State::handle(const Request& request, const UnixMessage& message, UniqueFd& passed) {
  if (const auto* prepare = std::get_if<PrepareRequest>(&request.body)) {
    BRUME_ASSIGN(auto service, add(prepare->label));
    return PrepareAnswer{service->container().directory()};
  }
  if (const auto* register_request = std::get_if<RegisterRequest>(&request.body))
    return register_container(*register_request);
  if (const auto* spawn_request = std::get_if<SpawnRequest>(&request.body))
    return spawn(*spawn_request, message.fds.empty() ? -1 : message.fds[0].get(), passed);
  if (std::holds_alternative<ListRequest>(request.body)) return list();
  if (const auto* stop = std::get_if<StopRequest>(&request.body)) {
    if (!remove(stop->label)) return fail(ErrorCode::kNotFound, "no container has the label " + stop->label);
    log(stop->label + ": stopped");
    return Done{};
  }
  if (std::holds_alternative<ShutdownRequest>(request.body)) {
    request_stop();
    return Done{};
  }
  return fail(ErrorCode::kUsage, "not on the control socket");
}

void Platform::State::serve_admin(UniqueFd connection) {
  for (;;) {
    pollfd items[2] = {{connection.get(), POLLIN, 0}, {stop_event.get(), POLLIN, 0}};
    if (::poll(items, 2, -1) < 0 && errno != EINTR) return;
    if (items[1].revents != 0) return;
    if (items[0].revents == 0) continue;
    auto message = receive_message(connection.get(), kRequestSizeLimit);
    if (!message || !*message) return;
    auto request = parse_request((*message)->bytes);
    UniqueFd passed;
    auto answer = request ? handle(*request, **message, passed) : std::unexpected(request.error());
    if (!answer) answer = Refused{answer.error().code, answer.error().what};
    const Bytes bytes = encode_answer({request ? request->id : 0, std::move(*answer)});
    const Status sent =
        passed ? send_message(connection.get(), bytes, {passed.get()}) : send_message(connection.get(), bytes);
    if (!sent) return;
  }
}

void Platform::State::accept_admin() {
  auto connection = accept_unix(listener.get());
  if (!connection || admins.size() >= kAdminCountLimit) return;
  const auto peer = peer_of(connection->get());
  if (!peer || peer->uid != ::geteuid()) return;
  auto done = std::make_shared<std::atomic<bool>>(false);
  try {
    std::thread thread([this, done, fd = std::move(*connection)]() mutable {
      serve_admin(std::move(fd));
      *done = true;
    });
    admins.push_back({std::move(thread), std::move(done)});
  } catch (const std::system_error&) {
    log("no thread left for an administrator");
  }
}

void Platform::State::join_admins(bool all) {
  for (auto admin = admins.begin(); admin != admins.end();) {
    if (!all && !*admin->done) {
      ++admin;
      continue;
    }
    admin->thread.join();
    admin = admins.erase(admin);
  }
}

Platform::Platform(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Platform>> Platform::start(PlatformOptions options) {
  if (::geteuid() != 0) return fail(ErrorCode::kUnavailable, "platform: needs root, to measure and to guard");
  BRUME_TRY(make_private_directory(options.run_directory));
  BRUME_TRY(make_private_directory(options.run_directory + "/containers"));
  const std::string control = options.run_directory + "/" + std::string(kControlSocketName);
  if (connect_unix(control, 1000)) return fail(ErrorCode::kState, control + ": a platform listens here already");
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->stop_event.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state->stop_event) return fail(ErrorCode::kIo, "eventfd: no descriptors left");
  BRUME_ASSIGN(state->listener, listen_unix(control, 0600));
  try {
    state->spawner.start();
  } catch (const std::system_error&) {
    return fail(ErrorCode::kUnavailable, "platform: no thread left");
  }
  return std::unique_ptr<Platform>(new Platform(std::move(state)));
}

Platform::~Platform() {
  shutdown();
  state_->join_admins(true);
  for (const auto& [label, service] : state_->containers) service->ask_to_end();
  state_->containers.clear();
  ::unlink((state_->options.run_directory + "/" + std::string(kControlSocketName)).c_str());
}

void Platform::run() {
  for (;;) {
    pollfd items[2] = {{state_->listener.get(), POLLIN, 0}, {state_->stop_event.get(), POLLIN, 0}};
    if (::poll(items, 2, -1) < 0 && errno != EINTR) break;
    if (items[1].revents != 0) break;
    if (items[0].revents != 0) state_->accept_admin();
    state_->join_admins(false);
  }
  state_->join_admins(true);
  for (const auto& [label, service] : state_->containers) service->ask_to_end();
  state_->containers.clear();
}

void Platform::shutdown() { state_->request_stop(); }

}  // namespace brume::tee
