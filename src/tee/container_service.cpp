#include "tee/container_service.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "tee/process_container.h"

namespace brume::tee {
namespace {

constexpr std::chrono::milliseconds kTermTime{2000};

void raise_event(const UniqueFd& event) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event.get(), &one, sizeof one);
}

void drain_event(const UniqueFd& event) {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(event.get(), &count, sizeof count);
}

bool wait_for_end(const UniqueFd& pidfd, std::chrono::milliseconds time) {
  pollfd item{pidfd.get(), POLLIN, 0};
  return ::poll(&item, 1, static_cast<int>(time.count())) == 1;
}

}  // namespace

ContainerService::ContainerService(std::shared_ptr<Container> container)
    : container_(std::move(container)),
      ended_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      poked_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Result<std::unique_ptr<ContainerService>> ContainerService::start(std::shared_ptr<Container> container,
                                                                  EnclaveMaker* maker,
                                                                  std::chrono::milliseconds registration_wait,
                                                                  std::function<void(const std::string&)> log) {
  const std::string directory = container->directory();
  if ((::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) || ::chmod(directory.c_str(), 0755) != 0)
    return fail(ErrorCode::kIo, directory + ": " + strerrordesc_np(errno));
  std::unique_ptr<ContainerService> service(new ContainerService(std::move(container)));
  if (!service->ended_ || !service->poked_) return fail(ErrorCode::kIo, "eventfd: no descriptors left");
  BRUME_ASSIGN(service->listener_, listen_unix(directory + "/platform.sock", 0666));
  // Inherited by what is accepted, so that no message arrives before it holds.
  BRUME_TRY(ask_for_senders(service->listener_.get()));
  service->context_ = {service->container_.get(), maker, registration_wait, service->ended_.get(), std::move(log)};
  try {
    service->thread_ = std::thread([raw = service.get()] { raw->accept_loop(); });
  } catch (const std::system_error&) {
    return fail(ErrorCode::kUnavailable, "platform: no thread left for a container");
  }
  return service;
}

ContainerService::~ContainerService() {
  stopping_ = true;
  container_->stop();
  raise_event(ended_);
  raise_event(poked_);
  if (thread_.joinable()) thread_.join();
  const auto registration = container_->get();
  if (registration && container_->spawned() && !container_->exited()) {
    send_signal(registration->init, SIGTERM);
    if (!wait_for_end(registration->init, kTermTime)) send_signal(registration->init, SIGKILL);
    wait_for_end(registration->init, kTermTime);
    reap(registration->init);
  }
  ::unlink((container_->directory() + "/platform.sock").c_str());
  ::rmdir(container_->directory().c_str());
}

Status ContainerService::set(Registration registration, bool spawned) {
  BRUME_TRY(container_->set(std::move(registration), spawned));
  raise_event(poked_);
  return {};
}

void ContainerService::ask_to_end() {
  const auto registration = container_->get();
  if (registration && container_->spawned()) send_signal(registration->init, SIGTERM);
}

void ContainerService::notice_end(const Registration& registration) {
  std::optional<int> status;
  if (container_->spawned()) status = reap(registration.init);
  container_->note_exit(status.value_or(-1));
  context_.log(container_->label() + ": the container has ended");
  raise_event(ended_);
}

void ContainerService::accept_loop() {
  while (!stopping_) {
    const auto registration = container_->get();
    const bool watch_init = registration && !container_->exited();
    pollfd items[3] = {{listener_.get(), POLLIN, 0},
                       {poked_.get(), POLLIN, 0},
                       {watch_init ? registration->init.get() : -1, POLLIN, 0}};
    if (::poll(items, 3, -1) < 0 && errno != EINTR) break;
    if (items[1].revents != 0) drain_event(poked_);
    if (items[2].revents != 0) notice_end(*registration);
    if (items[0].revents != 0) accept_one();
    join_sessions(false);
  }
  join_sessions(true);
}

void ContainerService::accept_one() {
  auto connection = accept_unix(listener_.get());
  // Whoever comes to an ended or crowded container is hung up on.
  if (!connection || container_->exited() || sessions_.size() >= kSessionCountLimit) return;
  auto done = std::make_shared<std::atomic<bool>>(false);
  try {
    std::thread thread([this, done, fd = std::move(*connection)]() mutable {
      serve_node(std::move(fd), context_);
      *done = true;
      raise_event(poked_);
    });
    sessions_.push_back({std::move(thread), std::move(done)});
  } catch (const std::system_error&) {
    context_.log(container_->label() + ": no thread left for a node");
  }
}

void ContainerService::join_sessions(bool all) {
  for (auto session = sessions_.begin(); session != sessions_.end();) {
    if (!all && !*session->done) {
      ++session;
      continue;
    }
    session->thread.join();
    session = sessions_.erase(session);
  }
}

}  // namespace brume::tee
