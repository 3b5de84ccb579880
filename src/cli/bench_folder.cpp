#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <thread>

#include "base/unique_fd.h"
#include "cli/bench_cluster.h"

namespace brume::cli {

namespace fs = std::filesystem;

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

// For the signal handler only: where it tells the thread that takes down.
std::atomic<int> told{-1};

void on_signal(int number) {
  const auto byte = static_cast<unsigned char>(number);
  if (const int pipe = told.load(); pipe >= 0) static_cast<void>(!write(pipe, &byte, 1));
}

}  // namespace

struct BenchFolder::State {
  fs::path path;
  std::vector<master::Home> homes;
  std::mutex mutex;
  UniqueFd reading;
  UniqueFd writing;
  std::thread watcher;
  void (*before[std::size(kSignals)])(int) = {};

  void clear() {
    for (const master::Home& home : homes)
      if (auto status = take_down(home); !status)
        std::cerr << "brume: error: " << home.root.string() << ": " << status.error().what << "\n";
    std::error_code error;
    fs::remove_all(path, error);
  }

  // A byte 0 ends the watch.
  void watch() {
    unsigned char number = 0;
    if (read(reading.get(), &number, 1) != 1 || number == 0) return;
    std::cerr << "\nbrume: taking down what is measured\n";
    std::lock_guard lock(mutex);
    clear();
    _exit(128 + number);
  }
};

BenchFolder::BenchFolder(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<BenchFolder>> BenchFolder::create() {
  auto state = std::make_unique<State>();
  std::error_code error;
  std::string name = (fs::temp_directory_path(error) / "brume-bench-XXXXXX").string();
  if (error || mkdtemp(name.data()) == nullptr) return fail(ErrorCode::kIo, name + ": could not be made");
  state->path = name;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(ErrorCode::kIo, "no pipe");
  state->reading.reset(ends[0]);
  state->writing.reset(ends[1]);
  told = ends[1];
  state->watcher = std::thread([raw = state.get()] { raw->watch(); });
  for (std::size_t i = 0; i < std::size(kSignals); ++i) state->before[i] = std::signal(kSignals[i], on_signal);
  return std::unique_ptr<BenchFolder>(new BenchFolder(std::move(state)));
}

BenchFolder::~BenchFolder() {
  {
    std::lock_guard lock(state_->mutex);
    state_->clear();
  }
  for (std::size_t i = 0; i < std::size(kSignals); ++i) std::signal(kSignals[i], state_->before[i]);
  told = -1;
  const unsigned char done = 0;
  static_cast<void>(!write(state_->writing.get(), &done, 1));
  state_->watcher.join();
}

const fs::path& BenchFolder::path() const { return state_->path; }

master::Home BenchFolder::add_home(const std::string& name) {
  std::lock_guard lock(state_->mutex);
  state_->homes.push_back({state_->path / name});
  return state_->homes.back();
}

std::unique_lock<std::mutex> BenchFolder::hold() { return std::unique_lock(state_->mutex); }

}  // namespace brume::cli
