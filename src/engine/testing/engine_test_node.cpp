// Stands for brume-node in the engines' tests: says what it was given and what it can do, then waits for SIGTERM.
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

bool can_connect(const std::string& endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<unsigned short>(std::atoi(endpoint.c_str() + colon + 1)));
  if (inet_pton(AF_INET, endpoint.substr(0, colon).c_str(), &address.sin_addr) != 1) return false;
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  return fd >= 0 && connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

const char* yes(bool value) { return value ? "yes" : "no"; }

}  // namespace

int main(int argc, char** argv) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  std::string master;
  for (int i = 1; i < argc; ++i) {
    std::printf("argument %s\n", argv[i]);
    if (std::strcmp(argv[i], "--master") == 0 && i + 1 < argc) master = argv[i + 1];
    if (std::strcmp(argv[i], "--fail") == 0) {
      sleep(3);  // docker's containers are registered after their start
      return 42;
    }
  }
  std::printf("scratch %s\n", yes(open("/var/lib/brume/file", O_CREAT | O_RDWR, 0600) >= 0));
  std::printf("root writable %s\n", yes(open("/file", O_CREAT | O_RDWR, 0600) >= 0));
  std::printf("chown %s\n", yes(chown("/var/lib/brume/file", 5, 5) == 0));
  std::printf("master %s\n", yes(!master.empty() && can_connect(master)));
  std::printf("ready\n");
  int signal = 0;
  sigwait(&set, &signal);
  return 7;
}
