#include "loopback_server.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"

namespace brume::testing {
namespace {

constexpr std::size_t kQuestionLimit = 64u << 10;

// Until the blank line; "" where it does not come.
std::string read_question(int fd) {
  std::string text;
  char part[4096];
  while (text.find("\r\n\r\n") == text.npos && text.size() < kQuestionLimit) {
    const ssize_t size = ::recv(fd, part, sizeof part, 0);
    if (size <= 0) return {};
    text.append(part, static_cast<std::size_t>(size));
  }
  return text;
}

Question parse_question(const std::string& text) {
  Question out;
  const std::size_t path = text.find(' ') + 1;
  out.path = text.substr(path, text.find(' ', path) - path);
  std::size_t line = text.find("\r\n") + 2;
  while (line < text.size()) {
    const std::size_t end = text.find("\r\n", line);
    const std::size_t colon = text.find(": ", line);
    if (end == line || end == text.npos || colon > end) break;
    std::string name = text.substr(line, colon - line);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    out.headers[name] = text.substr(colon + 2, end - colon - 2);
    line = end + 2;
  }
  return out;
}

std::string encode(const Answer& answer) {
  if (!answer.raw.empty()) return answer.raw;
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " Said\r\nConnection: close\r\nContent-Length: " +
                    std::to_string(answer.body.size() + answer.cut_size) + "\r\n";
  for (const auto& [name, value] : answer.headers) out += name + ": " + value + "\r\n";
  return out + "\r\n" + answer.body;
}

void send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (size <= 0) return;  // the client has heard enough
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

}  // namespace

LoopbackServer::LoopbackServer(Handler handler)
    : handler_(std::move(handler)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  BRUME_CHECK(::bind(listener_.get(), any, size) == 0 && ::listen(listener_.get(), 16) == 0);
  BRUME_CHECK(::getsockname(listener_.get(), any, &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

LoopbackServer::~LoopbackServer() {
  const std::uint64_t one = 1;
  BRUME_CHECK(::write(wake_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
}

std::vector<Question> LoopbackServer::questions() const {
  std::lock_guard lock(mutex_);
  return questions_;
}

void LoopbackServer::run() {
  for (;;) {
    pollfd waits[] = {{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0) continue;
    if (waits[1].revents != 0) return;
    const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection) serve(connection.get());
  }
}

void LoopbackServer::serve(int fd) {
  const std::string text = read_question(fd);
  if (text.empty()) return;
  const Question question = parse_question(text);
  {
    std::lock_guard lock(mutex_);
    questions_.push_back(question);
  }
  const Answer answer = handler_(question);
  if (answer.close_at_once) return;
  // A slow answer ends early where the test ends or the client has gone.
  pollfd ends[] = {{wake_.get(), POLLIN, 0}, {fd, POLLRDHUP, 0}};
  if (answer.delay_ms > 0 && ::poll(ends, 2, answer.delay_ms) > 0) return;
  send_all(fd, encode(answer));
}

}  // namespace brume::testing
