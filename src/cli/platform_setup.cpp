#include "cli/platform_setup.h"

#include <sys/wait.h>

#include <chrono>
#include <thread>

#include "cli/job_program.h"
#include "crypto/random.h"
#include "engine/command.h"
#include "evidence/collateral.h"
#include "tee/platform_client.h"
#include "tee/sim_pki.h"

namespace brume::cli {
namespace {

constexpr std::size_t kFileSizeLimit = 4u << 20;
constexpr std::chrono::seconds kStartLimit{10};

UnixMs now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// Of several that begin at once, one makes the root and one the keys; all go on with these.
Result<tee::SimRoot> load_or_make_root(const PlatformFiles& files, Random& random) {
  std::error_code error;
  if (!std::filesystem::exists(files.root(), error)) {
    BRUME_TRY(master::write_private_file_once(files.root(), tee::SimRoot::create(random, now_ms()).save()));
  }
  BRUME_ASSIGN(const std::string text, master::read_text_file(files.root(), kFileSizeLimit));
  auto root = tee::SimRoot::load(text);
  if (!root) return within(files.root().string(), root.error());
  return root;
}

Status make_keys(const PlatformFiles& files, const tee::SimRoot& root, Random& random) {
  std::error_code error;
  if (std::filesystem::exists(files.keys(), error)) return {};
  tee::PlatformRequest request;
  request.now_ms = now_ms();
  BRUME_ASSIGN(const tee::PlatformKeys keys, root.issue_platform(random, request));
  return master::write_private_file_once(files.keys(), keys.save());
}

Result<pid_t> spawn_daemon(const PlatformFiles& files) {
  BRUME_TRY(master::write_private_file(files.log(), "", master::Flush::kLater));
  return engine::start_daemon({.arguments = {(tool_folder() / "brume").string(), "platform", "run"}},
                              files.log().string());
}

std::unexpected<Error> did_not_start(const PlatformFiles& files) {
  auto text = master::read_text_file(files.log(), kFileSizeLimit);
  std::string last = text.value_or("");
  while (last.ends_with('\n')) last.pop_back();
  if (const std::size_t line = last.rfind('\n'); line != last.npos) last.erase(0, line + 1);
  return fail(ErrorCode::kUnavailable, "the platform did not start: " + (last.empty() ? "it says nothing" : last));
}

}  // namespace

PlatformFiles platform_files(const master::Home& home) { return {home.platform()}; }

Result<SpkiHash> init_platform(const master::Home& home) {
  const PlatformFiles files = platform_files(home);
  BRUME_TRY(master::make_private_folder(files.folder));
  crypto::SystemRandom random;
  BRUME_ASSIGN(const tee::SimRoot root, load_or_make_root(files, random));
  BRUME_TRY(make_keys(files, root, random));
  tee::CollateralRequest request;
  request.now_ms = now_ms();
  BRUME_TRY(master::write_private_file(files.collateral(), evidence::encode_collateral(root.collateral(request))));
  return root.root_spki();
}

Result<bool> ensure_platform_runs(const master::Home& home) {
  const PlatformFiles files = platform_files(home);
  if (tee::PlatformAdmin::connect(files.control().string())) return false;
  std::error_code error;
  if (!std::filesystem::exists(files.keys(), error)) {
    BRUME_ASSIGN([[maybe_unused]] const SpkiHash root, init_platform(home));
  }
  BRUME_ASSIGN(const pid_t pid, spawn_daemon(files));
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  while (std::chrono::steady_clock::now() < deadline) {
    if (tee::PlatformAdmin::connect(files.control().string())) return true;
    if (::waitpid(pid, nullptr, WNOHANG) == pid) return did_not_start(files);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return did_not_start(files);
}

}  // namespace brume::cli
