// For tests only: an HTTP server on loopback that answers what the test says, well or badly. One thread, one
// connection after another.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace brume::testing {

struct Answer {
  int status = 200;
  std::map<std::string, std::string> headers{};
  std::string body{};
  int delay_ms = 0;            // before the first byte
  std::size_t cut_size = 0;    // bytes at the end that are promised and never come
  bool close_at_once = false;  // not a byte
  std::string raw{};           // instead of all that
};

struct Question {
  std::string path;                            // with the query
  std::map<std::string, std::string> headers;  // names in lower case
};

class LoopbackServer {
 public:
  using Handler = std::function<Answer(const Question&)>;
  explicit LoopbackServer(Handler handler);  // ends the process where it cannot listen
  ~LoopbackServer();
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<Question> questions() const;
  std::size_t count() const { return questions().size(); }

 private:
  void run();
  void serve(int fd);

  Handler handler_;
  UniqueFd listener_;
  UniqueFd wake_;  // readable once it is to end
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<Question> questions_;
  std::thread thread_;
};

}  // namespace brume::testing
