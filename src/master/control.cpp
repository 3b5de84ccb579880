#include "master/control.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json_text.h"

namespace brume::master {

using nlohmann::json;

namespace {

constexpr int kPollStep_ms = 200;  // how late a stop is noticed

Result<sockaddr_un> socket_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string text = path.string();
  if (text.size() >= sizeof(address.sun_path)) return fail(ErrorCode::kUsage, text + ": too long for a Unix socket");
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

std::unexpected<Error> system_error(const std::string& what) {
  return fail(ErrorCode::kIo, what + ": " + std::strerror(errno));
}

// Reads lines; nothing at the end of the stream.
class LineReader {
 public:
  explicit LineReader(int fd) : fd_(fd) {}

  Result<std::optional<std::string>> next() {
    for (;;) {
      if (std::size_t end = buffer_.find('\n', searched_); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        searched_ = 0;
        return line;
      }
      searched_ = buffer_.size();
      if (buffer_.size() > kControlLineLimit) return fail(ErrorCode::kLimit, "control: a line over its limit");
      char block[65536];
      ssize_t n = read(fd_, block, sizeof(block));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_error("control socket");
      if (n == 0) return std::optional<std::string>();
      buffer_.append(block, static_cast<std::size_t>(n));
    }
  }

 private:
  int fd_;
  std::string buffer_;
  std::size_t searched_ = 0;
};

bool send_text(int fd, const std::string& line) {
  for (std::size_t done = 0; done < line.size();) {
    ssize_t n = ::send(fd, line.data() + done, line.size() - done, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

// Answers are for people: what is not UTF-8 in them, as a file's name may be, is replaced.
bool send_line(int fd, const json& value) { return send_text(fd, json_text(value) + "\n"); }

// Requests are meant: nothing in them is replaced.
Result<std::string> request_line(const json& request) {
  try {
    return request.dump() + "\n";
  } catch (const json::type_error&) {
    return fail(ErrorCode::kUsage, "the request to the master holds text that is not UTF-8");
  }
}

json error_line(const Error& error) {
  return {{"error", {{"code", static_cast<int>(error.code)}, {"what", error.what}}}};
}

std::optional<Error> error_of(const json& line) {
  auto found = line.find("error");
  if (found == line.end() || !found->is_object()) return std::nullopt;
  int code = found->value("code", static_cast<int>(ErrorCode::kState));
  if (code < 0 || code > static_cast<int>(ErrorCode::kUsage)) code = static_cast<int>(ErrorCode::kState);
  return Error{static_cast<ErrorCode>(code), found->value("what", "the master gave no reason")};
}

}  // namespace

bool ControlPeer::send(const json& line) { return send_line(fd_, line); }

bool ControlPeer::gone() const {
  pollfd poller{fd_, POLLRDHUP, 0};
  return poll(&poller, 1, 0) > 0 && (poller.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

Result<std::unique_ptr<ControlServer>> ControlServer::start(const std::filesystem::path& socket_path, Handler handler) {
  BRUME_ASSIGN(sockaddr_un address, socket_address(socket_path));
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.get() < 0) return system_error("control socket");
  unlink(socket_path.c_str());
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      chmod(socket_path.c_str(), 0600) != 0 || listen(listener.get(), 16) != 0)
    return system_error(socket_path.string());
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(listener), socket_path, std::move(handler)));
}

ControlServer::ControlServer(UniqueFd listener, std::filesystem::path path, Handler handler)
    : listener_(std::move(listener)), path_(std::move(path)), handler_(std::move(handler)) {
  acceptor_ = std::thread([this] { accept_loop(); });
}

ControlServer::~ControlServer() {
  stopping_ = true;
  acceptor_.join();
  unlink(path_.c_str());
  while (open_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

void ControlServer::accept_loop() {
  while (!stopping_) {
    pollfd poller{listener_.get(), POLLIN, 0};
    if (poll(&poller, 1, kPollStep_ms) <= 0) continue;
    UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.get() < 0 || open_ >= kControlConnectionLimit) continue;
    ++open_;
    std::thread([this, moved = std::move(connection)]() mutable {
      serve(std::move(moved));
      --open_;
    }).detach();
  }
}

void ControlServer::serve(UniqueFd connection) {
  timeval patience{10, 0};  // a client that says nothing is not waited for
  setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  auto line = LineReader(connection.get()).next();
  if (!line || !*line) return;
  json request = json::parse(**line, nullptr, false);
  ControlPeer peer(connection.get());
  if (!request.is_object()) {
    peer.send(error_line({ErrorCode::kMalformed, "control: the request is no JSON object"}));
    return;
  }
  Result<json> answer = json();
  try {
    answer = handler_(request, peer);
  } catch (const json::exception&) {
    answer = malformed("control: a field of the request has the wrong type");
  }
  peer.send(answer ? *answer : error_line(answer.error()));
}

Result<json> control_call(const std::filesystem::path& socket_path, const json& request,
                          const std::function<void(const json&)>& on_event) {
  BRUME_ASSIGN(const std::string line, request_line(request));
  BRUME_ASSIGN(sockaddr_un address, socket_address(socket_path));
  UniqueFd connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connection.get() < 0) return system_error("control socket");
  if (connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return fail(ErrorCode::kUnavailable,
                "no cluster is running here (" + socket_path.string() + "); start one with 'brume up'");
  if (!send_text(connection.get(), line)) return system_error("control socket");
  LineReader reader(connection.get());
  for (;;) {
    BRUME_ASSIGN(auto line, reader.next());
    if (!line)
      return fail(ErrorCode::kUnavailable,
                  "the master ended before it answered; its log says more ('brume logs master')");
    json value = json::parse(*line, nullptr, false);
    if (!value.is_object()) return malformed("the master answered something that is no JSON object");
    if (auto error = error_of(value)) return std::unexpected(*error);
    if (!value.contains("event")) return value;
    if (on_event) on_event(value);
  }
}

}  // namespace brume::master
