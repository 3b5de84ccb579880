// What a terminal gets while something takes long.
#include "cli/progress.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <thread>

#include "base/unique_fd.h"

namespace brume::cli {
namespace {

// Standard error is a terminal while this lives.
class Terminal {
 public:
  Terminal() : ours_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)), before_(::dup(STDERR_FILENO)) {
    EXPECT_EQ(::grantpt(ours_.get()), 0);
    EXPECT_EQ(::unlockpt(ours_.get()), 0);
    const UniqueFd theirs(::open(::ptsname(ours_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    EXPECT_GE(::dup2(theirs.get(), STDERR_FILENO), 0);
  }
  ~Terminal() { ::dup2(before_.get(), STDERR_FILENO); }

  std::string read() {
    std::string text(4096, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(ours_.get(), text.data(), text.size()), 0)));
    return text;
  }

 private:
  UniqueFd ours_;
  UniqueFd before_;
};

TEST(Progress, LeavesItsLineEmptyForWhatIsPrintedNext) {
  Terminal terminal;
  Progress progress("running");
  std::this_thread::sleep_for(std::chrono::milliseconds(1050));
  progress.show("1 of 2");
  EXPECT_EQ(terminal.read(), "\r\033[Krunning: 1 of 2");
  progress.clear();
  std::fputs("done", stderr);
  EXPECT_EQ(terminal.read(), "\r\033[Kdone");
  progress.clear();
  std::fputs("!", stderr);
  EXPECT_EQ(terminal.read(), "!") << "and what was printed stays";
}

}  // namespace
}  // namespace brume::cli
