// The owner's tool speaks to the master over a Unix socket in $BRUME_HOME: one request a connection,
// as one line of JSON; the answer is any number of event lines and one line that ends it
// (docs/formats/control-protocol.md). Who may open the socket is decided by its folder's mode, 0700.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace brume::master {

inline constexpr std::size_t kControlLineLimit = 4u << 20;  // a status of 1000 nodes is about 1 MiB
inline constexpr std::size_t kControlConnectionLimit = 64;  // people and scripts at once

// The other end of one request, on a thread of its own.
class ControlPeer {
 public:
  explicit ControlPeer(int fd) : fd_(fd) {}
  // False: the peer is gone.
  bool send(const nlohmann::json& line);
  bool gone() const;

 private:
  int fd_;
};

class ControlServer {
 public:
  // The last line of the answer; an Error becomes {"error":{"code","what"}}.
  using Handler = std::function<Result<nlohmann::json>(const nlohmann::json& request, ControlPeer& peer)>;

  static Result<std::unique_ptr<ControlServer>> start(const std::filesystem::path& socket, Handler handler);
  ~ControlServer();  // stops listening, waits for the requests under way

 private:
  ControlServer(UniqueFd listener, std::filesystem::path path, Handler handler);
  void accept_loop();
  void serve(UniqueFd connection);

  UniqueFd listener_;
  std::filesystem::path path_;
  Handler handler_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> open_{0};
  std::thread acceptor_;
};

// Sends the request, hands event lines to `on_event`, answers the last line. An error of the master's
// comes back as the same Error; kUsage for a request whose text is not UTF-8.
Result<nlohmann::json> control_call(const std::filesystem::path& socket, const nlohmann::json& request,
                                    const std::function<void(const nlohmann::json&)>& on_event = {});

}  // namespace brume::master
