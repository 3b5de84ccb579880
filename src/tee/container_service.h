// One container's socket and threads: accepts its nodes, notices its end.
#pragma once

#include <atomic>
#include <list>
#include <thread>

#include "tee/node_session.h"

namespace brume::tee {

// Nodes of one container that are served at once; one is the rule.
inline constexpr std::size_t kSessionCountLimit = 8;

class ContainerService {
 public:
  // Makes the directory (0755) and the socket in it (0666: who may use it decides its place in the
  // container, and the rules), and begins to accept.
  static Result<std::unique_ptr<ContainerService>> start(std::shared_ptr<Container> container, EnclaveMaker* maker,
                                                         std::chrono::milliseconds registration_wait,
                                                         std::function<void(const std::string&)> log);
  // Ends its sessions and their enclaves, and a spawned container; removes the socket.
  ~ContainerService();

  Container& container() { return *container_; }
  // Once only; from then on the container's end is noticed.
  Status set(Registration registration, bool spawned);
  // Ends what is in the container (SIGTERM) without waiting; the destructor waits.
  void ask_to_end();

 private:
  struct Session {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> done;
  };
  explicit ContainerService(std::shared_ptr<Container> container);
  void accept_loop();
  void accept_one();
  void join_sessions(bool all);
  void notice_end(const Registration& registration);

  std::shared_ptr<Container> container_;
  SessionContext context_;
  UniqueFd listener_;
  UniqueFd ended_;  // eventfd: the container has ended or is stopped
  UniqueFd poked_;  // eventfd: a registration came, or stop
  std::atomic<bool> stopping_ = false;
  std::list<Session> sessions_;  // accept thread only
  std::thread thread_;
};

}  // namespace brume::tee
